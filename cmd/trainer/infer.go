package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/gotrainer/trainer/pkg/config"
	"github.com/gotrainer/trainer/pkg/dataset"
	"github.com/gotrainer/trainer/pkg/infer"
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

// inference is what extract-embeddings and predict differ in.
type inference struct {
	folder string   // in the experiment directory
	suffix string   // of the files: {split}_{suffix}
	splits []string // by default
	// apply makes the function of a batch; reconstructs says that its results are in
	// the data's own units and shape.
	apply func(m model.Model, what string, noise model.Noise) (f func(*torch.Tensor) (*torch.Tensor, error), reconstructs bool, err error)
}

func inferCommand(name, usage, description string, aliases []string, kind inference) *cli.Command {
	return &cli.Command{
		Name: name, Aliases: aliases, Usage: usage, ArgsUsage: "CONFIG|DIR", Description: description, Flags: common(),
		Action: func(c *cli.Context) error {
			cfg, err := inferConfig(c)
			if err != nil {
				return err
			}
			return runInfer(c.Context, newConsole(c), cfg, kind)
		},
	}
}

// inferConfig reads the config, or the defaults where an experiment directory is
// given.
func inferConfig(c *cli.Context) (*config.Infer, error) {
	path, err := target(c)
	if err != nil {
		return nil, err
	}
	o := config.Options{Set: c.StringSlice("set")}
	if !isDir(path) {
		cfg, _, err := config.LoadInfer(path, o)
		return cfg, err
	}
	clean, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	text := fmt.Sprintf("experiment: {name: %q, output_dir: %q}\n", filepath.Base(clean), filepath.Dir(filepath.Clean(path)))
	cfg, _, err := config.ParseInfer(path, []byte(text), o)
	return cfg, err
}

func runInfer(ctx context.Context, out *console, cfg *config.Infer, kind inference) error {
	t, err := openTrained(cfg.Experiment.OutputDir, cfg.Experiment.Name, cfg.Checkpoint)
	if err != nil {
		return err
	}
	if t.notice != "" {
		out.note(t.notice)
	}
	spec, err := t.dataSpec(cfg.Data)
	if err != nil {
		return err
	}
	var data *dataset.Data
	var engine *torch.Engine
	err = both(
		func() (err error) { data, err = dataset.Open(spec); return err },
		func() (err error) {
			engine, err = startEngine(t.config.Training.Threads, t.config.Training.Deterministic)
			return err
		})
	if data != nil {
		defer data.Close()
	}
	if engine != nil {
		defer engine.Close()
	}
	if err != nil {
		return err
	}
	if cfg.Data == nil {
		if err := t.checkSplit(data); err != nil {
			return err
		}
	}
	device, _, err := chooseDevice(engine, "device", cfg.Device)
	if err != nil {
		return err
	}
	w := &inferRun{out: out, cfg: cfg, kind: kind, trained: t, data: data, device: device}
	return engine.Do(ctx, func() error { return w.run(ctx) })
}

// inferRun is one command over all its splits.
type inferRun struct {
	out     *console
	cfg     *config.Infer
	kind    inference
	trained *trained
	data    *dataset.Data
	device  torch.Device
	written []written
}

// written is a file that the command made, as its result tells it.
type written struct {
	Path  string  `json:"path"`
	Shape []int64 `json:"shape"`
}

func (r *inferRun) run(ctx context.Context) error {
	in, err := r.trained.inputs(r.data)
	if err != nil {
		return err
	}
	scope := torch.NewScope("param")
	defer scope.Close()
	m, err := r.trained.build(in, nn.Options{Device: r.device, DType: torch.Float32, Scope: scope})
	if err != nil {
		return err
	}
	splits := r.cfg.Splits
	if splits == nil {
		splits = r.kind.splits
	}
	for _, name := range splits {
		s := r.split(name)
		if s == nil {
			r.out.note(fmt.Sprintf("the data have no %s split: its file is not written", name))
			continue
		}
		if err := r.one(ctx, m, name, s); err != nil {
			return fmt.Errorf("%s split: %w", name, err)
		}
	}
	if len(r.written) == 0 {
		return mistakef("the data have none of the splits %v; choose others by splits:", splits)
	}
	return r.report()
}

func (r *inferRun) split(name string) *dataset.Split {
	return map[string]*dataset.Split{"train": r.data.Train, "val": r.data.Val, "test": r.data.Test}[name]
}

// one writes the results of one split, and the extra files beside them.
func (r *inferRun) one(ctx context.Context, m model.Model, name string, s *dataset.Split) error {
	gen := torch.NewGenerator(r.trained.config.Experiment.Seed, r.device)
	defer gen.Close()
	apply, reconstructs, err := r.kind.apply(m, r.cfg.Output.What, infer.Noise{Generator: gen})
	if err != nil {
		return err
	}
	path := filepath.Join(r.trained.dir, r.kind.folder, name+"_"+r.kind.suffix)
	sink, err := newSink(path, r.cfg.Output)
	if err != nil {
		return err
	}
	defer sink.Abort()
	if reconstructs {
		sink.change = r.data.Denormalize
	}
	bar := newBar(r.out, name, s.Len())
	err = infer.Run(ctx, infer.Job{
		Rows: s, Shape: r.data.Shape, Device: r.device, Batch: r.cfg.BatchSize, Apply: apply, Sink: sink, Progress: bar.at,
	})
	bar.end()
	if err != nil {
		return err
	}
	if err := sink.Close(); err != nil {
		return err
	}
	r.written = append(r.written, written{sink.path, sink.shape})
	return r.extras(name, s)
}

func (r *inferRun) report() error {
	text := ""
	for i, w := range r.written {
		if i > 0 {
			text += "\n"
		}
		text += fmt.Sprintf("%s %v", w.Path, w.Shape)
	}
	return r.out.result(map[string]any{"checkpoint": r.trained.path, "epoch": r.trained.file.Epoch, "files": r.written}, text)
}
