package trainer

import (
	"context"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/gotrainer/trainer/pkg/config"
	"github.com/gotrainer/trainer/pkg/dataset"
)

func validateCommand() *cli.Command {
	return &cli.Command{
		Name: "validate", Usage: "check configs and their data without training", ArgsUsage: "CONFIG…",
		Flags: append(common(), &cli.BoolFlag{Name: "time", Usage: "estimate the time by 3 steps, after a warm-up"}),
		Action: func(c *cli.Context) error {
			paths, err := targets(c)
			if err != nil {
				return err
			}
			return runValidate(c.Context, newConsole(c), paths, c.StringSlice("set"), c.Bool("time"))
		},
	}
}

// runValidate checks all configs, and tells of those that are right also where others
// are wrong.
func runValidate(ctx context.Context, out *console, paths, set []string, timed bool) error {
	report := []validated{}
	var lines []string
	var wrong problems
	for _, path := range paths {
		all, err := validate(ctx, out, path, set, timed)
		if err != nil {
			wrong = append(wrong, err)
			continue
		}
		for _, v := range all {
			report = append(report, v)
			lines = append(lines, v.String())
		}
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
	parts       string  // of a sample
	Train       int     `json:"train,omitempty"`
	Val         int     `json:"val,omitempty"`
	Test        int     `json:"test,omitempty"`
	Steps       int64   `json:"steps,omitempty"`
	need
	Time   *timing `json:"time,omitempty"`
	Notice string  `json:"notice,omitempty"` // what the user may not have meant
}

func (v validated) String() string {
	text := fmt.Sprintf("%s: ok, %s %s", v.Config, v.Kind, v.Dir)
	if v.Kind == config.KindTrain {
		text += fmt.Sprintf(", samples of shape %v%s: %d train, %d val, %d test", v.SampleShape, v.parts, v.Train, v.Val, v.Test)
		if v.Steps > 0 {
			text += fmt.Sprintf("; %d steps", v.Steps)
		}
		text += v.need.String() + v.Time.String()
		if v.Notice != "" {
			text += "\n  " + v.Notice
		}
	}
	return text
}

// validate checks a config: what it would do, or each of its members.
func validate(ctx context.Context, out *console, path string, set []string, timed bool) ([]validated, error) {
	kind, err := config.Kind(path)
	if err != nil {
		return nil, err
	}
	o := config.Options{Models: models(), Set: set}
	if kind == config.KindInfer && timed {
		return nil, mistakef("%s is not a training config: --time has nothing to measure", path)
	}
	if kind == config.KindInfer {
		cfg, _, err := config.LoadInfer(path, o)
		if err != nil {
			return nil, err
		}
		return []validated{{Config: path, Kind: kind, Dir: cfg.Experiment.OutputDir + "/" + cfg.Experiment.Name}}, nil
	}
	cfg, doc, err := config.LoadTrain(path, o)
	if err != nil {
		return nil, err
	}
	if err := supported(cfg); err != nil {
		return nil, locate(doc, err)
	}
	if len(cfg.Model.Members) == 0 {
		v, err := validateOne(ctx, path, cfg, doc, timed)
		return []validated{v}, err
	}
	members, err := loadMembers(out, path, set, cfg)
	if err != nil {
		return nil, locate(doc, err)
	}
	all := make([]validated, len(members))
	for i, m := range members {
		if all[i], err = validateOne(ctx, path, m.cfg, m.doc, timed); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func validateOne(ctx context.Context, path string, cfg *config.Train, doc *config.Document, timed bool) (validated, error) {
	data, err := dataset.Describe(dataSpec(cfg.Data, cfg.Experiment.Seed))
	if err != nil {
		return validated{}, locate(doc, err)
	}
	defer data.Close()
	if _, err := trainingSplit(cfg, data); err != nil {
		return validated{}, locate(doc, err)
	}
	v := validated{Config: path, Kind: config.KindTrain, Dir: cfg.Experiment.OutputDir + "/" + cfg.Experiment.Name, SampleShape: data.Shape, parts: spansText(data.Arrays), Train: data.Train.Len()}
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
		v.Notice = scheduleDoubt(s.trainConfig(), sampler)
	}
	if v.need, err = needOf(cfg, data, epochs); err == nil && timed {
		v.Time, err = timeRun(ctx, cfg, doc)
	}
	return v, locate(doc, err)
}
