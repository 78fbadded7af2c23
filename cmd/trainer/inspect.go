package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/gotrainer/trainer/pkg/checkpoint"
)

func inspectCommand() *cli.Command {
	return &cli.Command{
		Name: "inspect", Usage: "what is in a checkpoint, and whether it is whole", ArgsUsage: "FILE",
		Description: "Reads every byte of a .pt file, checks its checksums and its bounds, and lists what is in it.\n" +
			"Needs no libtorch, and runs no code of the file.\n\nExamples:\n" +
			"   trainer inspect experiments/vae/baseline/checkpoints/best_model.pt",
		Flags: []cli.Flag{&cli.BoolFlag{Name: "json", Usage: "the result as JSON on stdout"}},
		Action: func(c *cli.Context) error {
			path, err := target(c)
			if err != nil {
				return err
			}
			f, err := checkpoint.Load(path)
			if err != nil {
				return err
			}
			return inspect(newConsole(c), path, f)
		},
	}
}

func inspect(out *console, path string, f *checkpoint.File) error {
	tensors, err := modelTensors(f.Model)
	if err != nil {
		return &checkpoint.Error{Path: path, Msg: err.Error()}
	}
	type entry struct {
		Name  string  `json:"name"`
		DType string  `json:"dtype"`
		Shape []int64 `json:"shape"`
	}
	entries := make([]entry, len(tensors))
	var text strings.Builder
	fmt.Fprintf(&text, "%s: whole, epoch %d, metric %.6g", path, f.Epoch, f.MetricValue)
	if f.TrainerState == nil {
		text.WriteString(", not written by trainer")
	}
	var total int64
	for i, t := range tensors {
		entries[i] = entry{t.Name, t.DType.String(), t.Shape}
		total += product(t.Shape)
		fmt.Fprintf(&text, "\n  %-32s %-8s %v", t.Name, t.DType, t.Shape)
	}
	fmt.Fprintf(&text, "\n%d tensors, %d numbers", len(tensors), total)
	return out.result(map[string]any{"path": path, "epoch": f.Epoch, "metric_value": number(f.MetricValue), "tensors": entries, "trainer_state": f.TrainerState != nil}, text.String())
}
