package trainer

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/gotrainer/trainer/pkg/atomicfile"
	"github.com/gotrainer/trainer/pkg/checkpoint"
	"github.com/gotrainer/trainer/pkg/config"
	"github.com/gotrainer/trainer/pkg/experiment"
	"github.com/gotrainer/trainer/pkg/torch"
	"github.com/gotrainer/trainer/pkg/track"
	"github.com/gotrainer/trainer/pkg/train"
)

func trainCommand() *cli.Command {
	return &cli.Command{
		Name: "train", Usage: "train a model", ArgsUsage: "CONFIG|DIR",
		Flags: common(),
		Action: func(c *cli.Context) error {
			path, err := target(c)
			if err != nil {
				return err
			}
			return runTrain(c.Context, newConsole(c), path, c.StringSlice("set"))
		},
	}
}

func runTrain(ctx context.Context, out *console, path string, set []string) error {
	isRun, err := isExperiment(path)
	if err != nil {
		return err
	}
	if isRun {
		path = filepath.Join(path, "config.yaml")
	}
	cfg, doc, err := config.LoadTrain(path, config.Options{Models: models(), Set: set})
	if err != nil {
		return err
	}
	if ownConfig(path) {
		into(filepath.Dir(path), &cfg.Experiment)
		cfg.Experiment.OnExists = onExists(set)
	}
	if err := supported(cfg); err != nil {
		return locate(doc, err)
	}
	if len(cfg.Model.Members) > 0 {
		return trainMembers(ctx, out, path, set, cfg, doc)
	}
	var from *resumption
	if cfg.Experiment.OnExists == experiment.Resume {
		if from, err = findResumption(filepath.Join(cfg.Experiment.OutputDir, cfg.Experiment.Name), out); err != nil {
			return err
		}
	}
	return trainFrom(ctx, out, cfg, doc, from)
}

// trainFrom trains a config, afresh or from where a run stopped.
func trainFrom(ctx context.Context, out *console, cfg *config.Train, doc *config.Document, from *resumption) error {
	if err := from.fits(cfg, doc); err != nil {
		return err
	}
	target, err := mlflowTarget(ctx, cfg.MLflow, doc)
	if err != nil {
		return locate(doc, err)
	}
	settle(ctx, out, filepath.Join(cfg.Experiment.OutputDir, cfg.Experiment.Name))
	s, err := openSession(cfg, out.note)
	if err != nil {
		return locate(doc, err)
	}
	s.mlflow = target
	defer s.close()
	if from != nil {
		if err := from.apply(s, out); err != nil {
			return err
		}
	}
	var end *ending
	err = s.engine.Do(ctx, func() (err error) {
		end, err = trainIn(ctx, out, s, doc)
		return err
	})
	if err != nil {
		return locate(doc, err)
	}
	return out.result(end.record(), end.dir)
}

// into sends a run's own saved config back into the directory that it lies in.
func into(dir string, e *config.Experiment) {
	if full, err := filepath.Abs(dir); err == nil {
		e.OutputDir, e.Name = filepath.Join(dir, ".."), filepath.Base(full)
	}
}

// onExists is what a run's own saved config means where the run exists: overwrite,
// unless the command line says otherwise.
func onExists(set []string) string {
	chosen := experiment.Overwrite
	for _, s := range set {
		if value, ok := strings.CutPrefix(s, "experiment.on_exists="); ok {
			chosen = strings.Trim(value, ` "'`)
		}
	}
	return chosen
}

// ownConfig says whether a file is the config that a run saved in its directory.
func ownConfig(path string) bool {
	return filepath.Base(path) == "config.yaml" && isDir(filepath.Join(filepath.Dir(path), "checkpoints"))
}

// supported tells what a config asks for and this program or device does not do.
func supported(cfg *config.Train) error {
	if n := len(cfg.Model.Members); n > 0 && cfg.Model.Type != "sae" {
		return mistakef("model.members: found %d members of a %s, expected those of an sae; other models are trained by `trainer sweep`", n, cfg.Model.Type)
	}
	if err := bestIsTold(cfg); err != nil {
		return err
	}
	if cfg.Training.Device == "cpu" {
		return needsGPU(cfg.Training, torch.CPU, "training.device is the CPU")
	}
	return nil
}

// steered is a model whose loss does not tell which epoch is best, where one of its keys
// asks for that; "" where none does.
type steered interface{ SteeredBy() string }

// bestIsTold holds that what goes by the best epoch goes by something that epochs can be
// compared by.
func bestIsTold(cfg *config.Train) error {
	m, ok := cfg.Model.Params.(steered)
	if !ok || m.SteeredBy() == "" || !strings.HasSuffix(cfg.Checkpoint.Monitor, "/loss") {
		return nil
	}
	why := fmt.Sprintf("with model.%s, which moves a weight of the loss: the epoch of the least %s is an early one", m.SteeredBy(), cfg.Checkpoint.Monitor)
	if s := cfg.Checkpoint.SaveStrategy; s != "last" {
		return mistakef("checkpoint.save_strategy: found %s %s; set save_strategy: last", s, why)
	}
	if cfg.Training.EarlyStopping != nil {
		return mistakef("training.early_stopping: given %s; remove it, or set another checkpoint.monitor", why)
	}
	return nil
}

// trainIn builds the model and trains it, inside Engine.Do. Nothing is written before the
// model has seen a batch.
func trainIn(ctx context.Context, out *console, s *session, doc *config.Document) (end *ending, err error) {
	err = s.withModel(ctx, doc, func() (err error) {
		end, err = trainBuilt(ctx, out, s, doc)
		return err
	})
	return end, err
}

// trainBuilt begins the experiment and trains the model that the session has.
func trainBuilt(ctx context.Context, out *console, s *session, doc *config.Document) (*ending, error) {
	run, err := experiment.Begin(experiment.Options{
		OutputDir: s.cfg.Experiment.OutputDir, Name: s.cfg.Experiment.Name, OnExists: s.cfg.Experiment.OnExists,
		Replacing: func(dir string) { settleDead(ctx, out, dir) },
	})
	if err != nil {
		return nil, err
	}
	result, reported, err := trainRun(ctx, out, s, doc, run)
	end := &ending{kind: s.cfg.Model.Type, monitor: s.monitor.Name, result: result, took: time.Since(s.began), err: err}
	if err != nil && !reported.finish(run, err) {
		run.Keep() // so that its end can be told later
	}
	notices, finishErr := run.Finish(status(err), err)
	if err == nil {
		reported.finish(run, nil)
	}
	for _, n := range append(run.Notices(), notices...) {
		out.note(n)
	}
	end.dir = run.Dir()
	if s.parts.Seat == nil && finishErr == nil { // others, which still train, share the random streams that a model is made with
		end.evaluate(ctx, out, s)
	}
	end.tell(out)
	return end, errors.Join(err, finishErr)
}

func status(err error) string {
	switch {
	case err == nil:
		return experiment.Finished
	case errors.Is(err, train.ErrInterrupted), errors.Is(err, context.Canceled):
		return experiment.Interrupted
	}
	return experiment.Failed
}

// trainRun trains in a run's directory. What reports it to MLflow is still to be
// finished; it may be nil.
func trainRun(ctx context.Context, out *console, s *session, doc *config.Document, run *experiment.Run) (train.Result, *reporter, error) {
	if err := atomicfile.WriteFile(run.Path("config.yaml"), doc.Effective()); err != nil {
		return train.Result{}, nil, err
	}
	header := s.header(run)
	for _, line := range header {
		out.detail("%s", line)
	}
	if run.Resuming() && s.from == nil {
		s.notices = append(s.notices, fmt.Sprintf("%s has no checkpoint to go on from: training begins anew", run.Final()))
	}
	watch, err := newWatch(out, run, s, header)
	if err != nil {
		return train.Result{}, nil, err
	}
	reported := startReporter(out, s, doc, run, watch)
	defer track.Bind(watch.tracker, func() string { return run.Path("artifacts") })()
	asked, stop := saveSignal()
	defer stop()
	keep := &keeper{run: run, strategy: checkpoint.Strategy(s.cfg.Checkpoint.SaveStrategy), facts: s.facts(doc), note: watch.Note, wrote: watch.wrote,
		due: saveEvery(s.cfg.Checkpoint, asked), saver: newSaver(s.cfg.Checkpoint.OnError, watch.Note)}
	defer context.AfterFunc(ctx, watch.stopping)()
	parts := s.parts
	parts.Checkpoints, parts.Observer = keep, observer(watch)
	if n := s.cfg.Training.Profile; n > 0 {
		parts.Profiler = &profiler{run: run, device: parts.Device, lines: n, note: watch.Note}
	}
	var result train.Result
	if s.from != nil {
		err = keep.complete(s.from, s.trainConfig(), parts.Order)
	}
	if err == nil {
		result, err = train.Run(ctx, s.trainConfig(), parts)
	}
	if err == nil {
		err = keep.finished()
	} else {
		err = errors.Join(err, keep.saver.flush())
	}
	reported.detach()
	watch.end(result, err, signalOf(ctx))
	return result, reported, err
}
