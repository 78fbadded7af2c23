package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/gotrainer/trainer/pkg/config"
	"github.com/gotrainer/trainer/pkg/dataset"
	"github.com/gotrainer/trainer/pkg/model/builtin"
)

func validateCommand() *cli.Command {
	return &cli.Command{
		Name: "validate", Usage: "check configs and their data without training", ArgsUsage: "CONFIG…",
		Description: "Reads each config as train, extract-embeddings or predict would, opens its data, and tells what\n" +
			"would happen: shapes, steps, parameters, memory and disk. A model that does not fit the data and a disk\n" +
			"that is too small are told as well. Needs no libtorch.\n\nExamples:\n   trainer validate configs/*.yaml",
		Flags: common(),
		Action: func(c *cli.Context) error {
			paths, err := targets(c)
			if err != nil {
				return err
			}
			return runValidate(newConsole(c), paths, c.StringSlice("set"))
		},
	}
}

// runValidate checks all configs, and tells of those that are right also where others
// are wrong.
func runValidate(out *console, paths, set []string) error {
	report := []validated{}
	var lines []string
	var wrong problems
	for _, path := range paths {
		v, err := validate(path, set)
		if err != nil {
			wrong = append(wrong, err)
			continue
		}
		report = append(report, v)
		lines = append(lines, v.String())
	}
	if len(report) > 0 || len(wrong) == 0 {
		if err := out.result(report, strings.Join(lines, "\n")); err != nil {
			return err
		}
	}
	return wrong.err()
}

// validated is what a config would do.
type validated struct {
	Config      string  `json:"config"`
	Kind        string  `json:"kind"`
	Dir         string  `json:"dir"`
	SampleShape []int64 `json:"sample_shape,omitempty"`
	Train       int     `json:"train,omitempty"`
	Val         int     `json:"val,omitempty"`
	Test        int     `json:"test,omitempty"`
	Steps       int64   `json:"steps,omitempty"`
	need
}

func (v validated) String() string {
	text := fmt.Sprintf("%s: ok, %s %s", v.Config, v.Kind, v.Dir)
	if v.Kind == config.KindTrain {
		text += fmt.Sprintf(", samples of shape %v: %d train, %d val, %d test", v.SampleShape, v.Train, v.Val, v.Test)
		if v.Steps > 0 {
			text += fmt.Sprintf("; %d steps", v.Steps)
		}
		text += v.need.String()
	}
	return text
}

func validate(path string, set []string) (validated, error) {
	kind, err := config.Kind(path)
	if err != nil {
		return validated{}, err
	}
	o := config.Options{Models: builtin.Registry(), Set: set}
	if kind == config.KindInfer {
		cfg, _, err := config.LoadInfer(path, o)
		if err != nil {
			return validated{}, err
		}
		return validated{Config: path, Kind: kind, Dir: cfg.Experiment.OutputDir + "/" + cfg.Experiment.Name}, nil
	}
	cfg, doc, err := config.LoadTrain(path, o)
	if err != nil {
		return validated{}, err
	}
	data, err := dataset.Open(dataSpec(cfg.Data, cfg.Experiment.Seed))
	if err != nil {
		return validated{}, locate(doc, err)
	}
	defer data.Close()
	v := validated{Config: path, Kind: kind, Dir: cfg.Experiment.OutputDir + "/" + cfg.Experiment.Name, SampleShape: data.Shape, Train: data.Train.Len()}
	if data.Val != nil {
		v.Val = data.Val.Len()
	}
	if data.Test != nil {
		v.Test = data.Test.Len()
	}
	epochs := int64(cfg.Training.Epochs)
	if cfg.Data.BatchSize > 0 { // auto: the steps depend on what fits
		s := session{cfg: cfg}
		sampler := dataset.NewSampler(v.Train, cfg.Data.BatchSize, cfg.Experiment.Seed, cfg.Data.DropLast)
		epochs, v.Steps = s.trainConfig().Length(order{sampler})
	}
	v.need, err = needOf(cfg, data, epochs)
	return v, locate(doc, err)
}
