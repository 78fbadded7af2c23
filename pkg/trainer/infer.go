package trainer

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

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
	command string   // by its name
	folder  string   // in the experiment directory
	suffix  string   // of the files: {split}_{suffix}
	splits  []string // by default
	// apply makes the function of a batch; reconstructs says that its results are in
	// the data's own units and shape.
	apply func(m model.Model, what string, noise model.Noise) (f func(*torch.Tensor) (*torch.Tensor, error), reconstructs bool, err error)
}

func inferCommand(name, usage string, kind inference, aliases ...string) *cli.Command {
	return &cli.Command{
		Name: name, Aliases: aliases, Usage: usage, ArgsUsage: "CONFIG|DIR", Flags: common(),
		Action: func(c *cli.Context) error {
			cfg, doc, err := inferConfig(c)
			if err != nil {
				return err
			}
			return locate(doc, runInfer(c.Context, newConsole(c), cfg, kind))
		},
	}
}

// inferConfig reads the config, or the defaults where an experiment directory is
// given; then there is no document.
func inferConfig(c *cli.Context) (*config.Infer, *config.Document, error) {
	path, err := target(c)
	if err != nil {
		return nil, nil, err
	}
	isRun, err := isExperiment(path)
	if err != nil {
		return nil, nil, err
	}
	o := config.Options{Set: c.StringSlice("set")}
	if !isRun {
		if ownConfig(path) {
			return nil, nil, mistakef("%s is the config that a run was trained with; give the run's directory: trainer %s %s", path, c.Command.Name, filepath.Dir(path))
		}
		return config.LoadInfer(path, o)
	}
	cfg, _, err := config.ParseInfer(path, targetConfig(path), o)
	return cfg, nil, err
}

// targetConfig is a config that names the run in a directory, and leaves all else as it is
// by default.
func targetConfig(dir string) []byte {
	return fmt.Appendf(nil, "experiment: {name: %q, output_dir: %q}\n", filepath.Base(absolute(dir)), filepath.Join(dir, ".."))
}

func runInfer(ctx context.Context, console *console, cfg *config.Infer, kind inference) error {
	settle(ctx, console, filepath.Join(cfg.Experiment.OutputDir, cfg.Experiment.Name))
	t, err := openTrained(cfg.Experiment.OutputDir, cfg.Experiment.Name, cfg.Checkpoint)
	if err != nil {
		return err
	}
	if t.notice != "" {
		console.note(t.notice)
	}
	warnNotFinite(console, t.path, t.file)
	r := &inferRun{console: console, cfg: cfg, kind: kind, trained: t, out: outputs{dir: filepath.Join(t.dir, kind.folder)}}
	engine, err := r.open()
	if r.data != nil {
		defer r.data.Close()
	}
	if engine != nil {
		defer engine.Close()
	}
	if err != nil {
		return err
	}
	console.detail("checkpoint %s, epoch %d; device %s, %d threads; data %s", t.path, t.file.Epoch, r.device, engine.Threads(), sizes(r.data))
	if err := engine.Do(ctx, func() error { return r.run(ctx) }); err != nil {
		return err
	}
	reportCommand(ctx, console, t.dir, kind.command, r.record())
	return nil
}

// inferRun is one command over all its splits.
type inferRun struct {
	console *console
	cfg     *config.Infer
	kind    inference
	trained *trained
	data    *dataset.Data
	device  torch.Device
	onCPU   string // why device: auto takes the CPU
	out     outputs
}

// open opens the data while libtorch is being loaded, and checks what can be checked
// before the model is there.
func (r *inferRun) open() (engine *torch.Engine, err error) {
	spec, err := r.trained.dataSpec(r.cfg.Data)
	if err != nil {
		return nil, err
	}
	err = both(
		func() (err error) {
			spec.Notify = r.console.note
			r.data, err = dataset.Open(spec)
			return r.trained.aboutData(r.cfg.Data, err)
		},
		func() (err error) {
			settings := r.trained.config.Training
			engine, err = startEngine(settings.Threads, settings.Deterministic)
			return err
		})
	if err != nil {
		return engine, err
	}
	if r.cfg.Data == nil {
		if err := r.trained.checkSplit(r.data); err != nil {
			return engine, err
		}
	}
	if err := r.checkOutput(); err != nil {
		return engine, err
	}
	if r.device, r.onCPU, err = chooseDevice(engine, "device", r.cfg.Device); err != nil {
		return engine, err
	}
	return engine, useDevice(engine, r.device, false)
}

func (r *inferRun) run(ctx context.Context) error {
	scope := torch.NewScope("param")
	defer scope.Close()
	m, _, err := r.trained.model(r.data, nn.Options{Device: r.device, DType: torch.Float32, Scope: scope})
	if err != nil {
		return err
	}
	if r.onCPU != "" {
		r.console.info("%s", onCPU("device", r.onCPU))
	}
	defer r.out.abort()
	if err := r.allSplits(ctx, m); err != nil {
		return err
	}
	if err := r.out.commit(); err != nil {
		return err
	}
	return r.report()
}

func (r *inferRun) allSplits(ctx context.Context, m model.Model) error {
	splits := r.cfg.Splits
	if splits == nil {
		splits = r.kind.splits
	}
	for _, name := range splits {
		s := r.split(name)
		if s == nil {
			r.console.note(fmt.Sprintf("the data have no %s split: its file is not written", name))
			continue
		}
		err := r.one(ctx, m, name, s)
		switch {
		case err != nil && isMistake(err):
			return err
		case err != nil:
			return fmt.Errorf("%s split: %w", name, err)
		}
	}
	if len(r.out.written) == 0 {
		return mistakef("splits: the data have none of %s; choose others", strings.Join(splits, ", "))
	}
	return nil
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
	sink := &rowSink{out: &r.out, name: name + "_" + r.kind.suffix, output: r.cfg.Output}
	if reconstructs {
		sink.change = r.data.Denormalize
	}
	bar := newBar(r.console, name, s.Len())
	given, _ := m.(*infer.Given)
	err = infer.Run(ctx, infer.Job{
		Labels: s, Given: given,
		Rows: s, Shape: r.data.Shape, Device: r.device, Batch: r.cfg.BatchSize, Apply: apply, Sink: sink, Progress: bar.at,
	})
	bar.end(err)
	if err != nil {
		return err
	}
	return r.extras(name, s)
}

func (r *inferRun) report() error {
	var lines []string
	for _, w := range r.out.written {
		lines = append(lines, fmt.Sprintf("%s %v", w.Path, w.Shape))
	}
	return r.console.result(r.record(), strings.Join(lines, "\n"))
}

// record is what the command did.
func (r *inferRun) record() map[string]any {
	return map[string]any{"checkpoint": r.trained.path, "epoch": r.trained.file.Epoch, "files": r.out.written}
}
