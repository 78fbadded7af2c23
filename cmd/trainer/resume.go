package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/gotrainer/trainer/pkg/checkpoint"
	"github.com/gotrainer/trainer/pkg/config"
	"github.com/gotrainer/trainer/pkg/dataset"
	"github.com/gotrainer/trainer/pkg/experiment"
	"github.com/gotrainer/trainer/pkg/model/builtin"
	"github.com/gotrainer/trainer/pkg/train"
)

func resumeCommand() *cli.Command {
	return &cli.Command{
		Name: "resume", Usage: "go on with an interrupted run, exactly", ArgsUsage: "DIR",
		Description: "Goes on from the newest complete checkpoint of an experiment, in the middle of an epoch too:\n" +
			"the weights, metrics and checkpoints end up as if the run had not been interrupted.\n\nExamples:\n" +
			"   trainer resume experiments/vae/baseline\n" +
			"   trainer resume experiments/vae/baseline --set training.epochs=40",
		Flags: common(),
		Action: func(c *cli.Context) error {
			dir, err := target(c)
			if err != nil {
				return err
			}
			return runResume(c.Context, newConsole(c), dir, c.StringSlice("set"))
		},
	}
}

func runResume(ctx context.Context, out *console, dir string, set []string) error {
	info, err := experiment.Find(dir)
	if err != nil {
		return err
	}
	from, err := findResumption(info.Dir, out)
	if err != nil {
		return err
	}
	if from == nil {
		return mistakef("%s has no checkpoint to go on from; train it again with `trainer train %s`", info.Dir, filepath.Join(info.Dir, "config.yaml"))
	}
	path := filepath.Join(info.Dir, "config.yaml")
	cfg, doc, err := config.LoadTrain(path, config.Options{Models: builtin.Registry(), Set: set})
	if err != nil {
		return err
	}
	reproduce(path, &cfg.Experiment)
	cfg.Experiment.OnExists = experiment.Resume
	return trainFrom(ctx, out, cfg, doc, from)
}

// resumption is the newest complete checkpoint of a run.
type resumption struct {
	path     string
	file     *checkpoint.File
	snapshot *train.Snapshot
	stands   dataset.SamplerState
}

// findResumption answers the checkpoint of dir that is furthest, or nil where there is
// none. One that is damaged is told and passed over.
func findResumption(dir string, out *console) (*resumption, error) {
	var newest *resumption
	var damaged error
	for _, name := range resumable(filepath.Join(dir, "checkpoints")) {
		path := filepath.Join(dir, "checkpoints", name)
		r, err := readResumption(path)
		if err != nil {
			out.note(err.Error())
			damaged = err
			continue
		}
		if newest == nil || r.snapshot.Step > newest.snapshot.Step {
			newest = r
		}
	}
	if newest == nil {
		return nil, damaged
	}
	return newest, nil
}

// resumable are the checkpoints that may be the furthest: of the epochs only the last.
func resumable(dir string) []string {
	names, err := checkpoint.Store{Dir: dir}.List()
	if err != nil {
		return nil // no folder, no checkpoint
	}
	var epochs, others []string
	for _, name := range names {
		if strings.HasPrefix(name, "epoch_") {
			epochs = append(epochs, name)
		} else if slices.Contains([]string{checkpoint.BestName, checkpoint.LastName, checkpoint.ResumeName}, name) {
			others = append(others, name)
		}
	}
	if len(epochs) > 0 {
		others = append(others, epochs[len(epochs)-1])
	}
	return others
}

func readResumption(path string) (*resumption, error) {
	f, err := checkpoint.Load(path)
	if err != nil {
		return nil, err
	}
	r := &resumption{path: path, file: f}
	if r.snapshot, r.stands, err = fromFile(f); err != nil {
		return nil, &checkpoint.Error{Path: path, Msg: err.Error()}
	}
	return r, nil
}

// accept compares the config with the one that the checkpoint was made with: keys that
// may change are told, others refused.
func (r *resumption) accept(doc *config.Document, out *console) error {
	before, _ := checkpoint.ToGo(r.file.Config).(map[string]any)
	now, _ := checkpoint.ToGo(checkpoint.FromGo(doc.Map())).(map[string]any)
	var refused problems
	for _, c := range changes("", before, now) {
		if mayChange(c.key) {
			out.note(fmt.Sprintf("%s: %v, was %v", c.key, c.now, c.before))
			continue
		}
		refused = append(refused, &located{doc.Place(c.key), mistakef("%s: found %v, but %s was trained with %v; a resumed run cannot change it: set it back, or train a new experiment", c.key, c.now, r.path, c.before)})
	}
	return refused.err()
}

// apply puts the run's state into a session.
func (r *resumption) apply(s *session, out *console) error {
	plain, _ := checkpoint.ToGo(dictOf(r.file.TrainerState, "data", "split")).(map[string]any)
	if err := s.data.Check(plain); err != nil {
		return fmt.Errorf("%s: %w", r.path, err)
	}
	env, _ := checkpoint.ToGo(dictOf(r.file.TrainerState, "environment")).(map[string]any)
	for _, c := range changes("", env, s.environment()) {
		out.note(fmt.Sprintf("%s is %v, was %v: from here on the numbers may differ from an uninterrupted run in the last digits", c.key, c.now, c.before))
	}
	s.from, s.stands = r.snapshot, r.stands
	out.info("resuming %s after step %d, epoch %d", r.path, r.snapshot.Step, r.snapshot.Epoch)
	return nil
}

func dictOf(d *checkpoint.Dict, keys ...string) *checkpoint.Dict {
	for _, key := range keys {
		v, _ := d.Get(key)
		d, _ = v.(*checkpoint.Dict)
	}
	return d
}

// change is a key whose value differs.
type change struct {
	key         string
	before, now any
}

// changes lists the keys that differ, sorted; nil stands for an absent one.
func changes(prefix string, before, now map[string]any) []change {
	var keys []string
	for k := range before {
		keys = append(keys, k)
	}
	for k := range now {
		if _, known := before[k]; !known {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	var out []change
	for _, k := range keys {
		a, isMapA := before[k].(map[string]any)
		b, isMapB := now[k].(map[string]any)
		switch {
		case isMapA && isMapB:
			out = append(out, changes(prefix+k+".", a, b)...)
		case fmt.Sprint(before[k]) != fmt.Sprint(now[k]):
			out = append(out, change{prefix + k, before[k], now[k]})
		}
	}
	return out
}

// mayChange says whether a resumed run may have another value of a key: how long, where
// and how it is watched, not what is trained on what.
func mayChange(key string) bool {
	for _, free := range []string{
		"experiment.name", "experiment.output_dir", "experiment.on_exists",
		"data.path", "data.train", "data.val", "data.test", "data.labels", "data.experiment", "data.in_memory",
		"training.epochs", "training.steps", "training.early_stopping", "training.log_every_steps", "training.device", "training.threads",
		"checkpoint", "mlflow",
	} {
		if key == free || strings.HasPrefix(key, free+".") {
			return true
		}
	}
	return false
}
