package trainer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/gotrainer/trainer/pkg/checkpoint"
	"github.com/gotrainer/trainer/pkg/config"
	"github.com/gotrainer/trainer/pkg/dataset"
	"github.com/gotrainer/trainer/pkg/experiment"
	"github.com/gotrainer/trainer/pkg/train"
)

func resumeCommand() *cli.Command {
	return &cli.Command{
		Name: "resume", Usage: "go on with an interrupted run, exactly", ArgsUsage: "DIR",
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
	settle(ctx, out, info.Dir)
	from, err := findResumption(info.Dir, out)
	if err != nil {
		return err
	}
	path := filepath.Join(info.Dir, "config.yaml")
	if from == nil {
		return mistakef("%s has no checkpoint to go on from: it ended before the first was written; train it again with `trainer train %s`", info.Dir, path)
	}
	options := config.Options{Models: models(), Set: set}
	cfg, doc, err := config.LoadTrain(path, options)
	if _, gone := os.Stat(path); errors.Is(gone, fs.ErrNotExist) {
		cfg, doc, err = from.config(options)
	}
	if err != nil {
		return err
	}
	into(info.Dir, &cfg.Experiment)
	cfg.Experiment.OnExists = experiment.Resume
	return trainFrom(ctx, out, cfg, doc, from)
}

// resumption is the newest complete checkpoint of a run.
type resumption struct {
	path     string
	file     *checkpoint.File
	snapshot *train.Snapshot
	stands   dataset.SamplerState
	best     int64    // the epoch of best_model.pt; 0 where it is missing or damaged
	notices  []string // about what has changed
}

// findResumption answers the checkpoint of dir that is furthest, or nil where there is
// none. One that is damaged is told and passed over.
func findResumption(dir string, out *console) (*resumption, error) {
	var newest *resumption
	var damaged error
	var best int64
	if err := noLinksOut(dir); err != nil {
		return nil, err
	}
	folder := filepath.Join(dir, "checkpoints")
	first, epochs := resumable(folder)
	for _, name := range slices.Concat(first, epochs) {
		path := filepath.Join(folder, name)
		r, err := readResumption(path)
		var imported *importedError
		if isNewer(err) || errors.As(err, &imported) {
			return nil, err // going on from an older one would lose what was trained
		}
		if err != nil {
			out.note(fmt.Sprintf("damaged, passed over: %v", err))
			damaged = err
			continue
		}
		if name == checkpoint.BestName {
			best = r.file.Epoch
		}
		if newest == nil || r.snapshot.Step > newest.snapshot.Step {
			newest = r
		}
		if slices.Contains(epochs, name) {
			break // those before it are older
		}
	}
	if newest == nil {
		return nil, damaged
	}
	if newest.best = best; damaged != nil {
		out.note(fmt.Sprintf("%s is the newest checkpoint that is whole: going on after step %d", newest.path, newest.snapshot.Step))
	}
	return newest, nil
}

// resumable are the checkpoints that may be the furthest: those with a name of their
// own, and those of epochs, the last one first.
func resumable(dir string) (first, epochs []string) {
	names, err := checkpoint.Store{Dir: dir}.List()
	if err != nil {
		return nil, nil // no folder, no checkpoint
	}
	for _, name := range names {
		if strings.HasPrefix(name, "epoch_") {
			epochs = append(epochs, name)
		} else if slices.Contains([]string{checkpoint.BestName, checkpoint.LastName, checkpoint.ResumeName}, name) {
			first = append(first, name)
		}
	}
	slices.Reverse(epochs)
	return first, epochs
}

// importedError is a checkpoint of weights alone.
type importedError struct{ path, from string }

func (e *importedError) Error() string {
	return fmt.Sprintf("%s was imported from %s: there is no optimizer state to go on with; it serves predict, extract-embeddings, evaluate and export", e.path, e.from)
}

// UserError is true: another run is needed.
func (e *importedError) UserError() bool { return true }

func readResumption(path string) (*resumption, error) {
	f, err := checkpoint.Load(path)
	if err != nil {
		return nil, err
	}
	r := &resumption{path: path, file: f}
	if err := checkFormat(path, f); err != nil {
		return nil, err
	}
	if from, err := checkpoint.Value[string](f.TrainerState, "imported_from"); err == nil {
		return nil, &importedError{path, from}
	}
	if r.snapshot, r.stands, err = fromFile(f); err != nil {
		return nil, &checkpoint.Error{Path: path, Msg: err.Error()}
	}
	return r, nil
}

// fits holds that a config goes on with the run, and settles what the run has found. A
// fresh run, which is nil, fits all.
func (r *resumption) fits(cfg *config.Train, doc *config.Document) error {
	if r == nil {
		return nil
	}
	if err := r.sameBatchSize(cfg, doc); err != nil {
		return err
	}
	return r.accept(doc)
}

// apply puts the run's state into a session.
func (r *resumption) apply(s *session, out *console) error {
	plain, _ := checkpoint.ToGo(dictOf(r.file.TrainerState, "data", "split")).(map[string]any)
	if err := s.data.Check(plain); err != nil {
		return fmt.Errorf("%s: %w", r.path, err)
	}
	env, _ := checkpoint.ToGo(dictOf(r.file.TrainerState, "environment")).(map[string]any)
	for _, c := range changes("", env, s.environment()) {
		r.notices = append(r.notices, fmt.Sprintf("%s is %v, was %v: from here on the numbers may differ from an uninterrupted run in the last digits", c.key, c.now, c.before))
	}
	s.from, s.notices = r, append(s.notices, r.notices...)
	warnNotFinite(out, r.path, r.file)
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
