package main

import (
	"errors"
	"io/fs"
	"os"

	"github.com/gotrainer/trainer/pkg/checkpoint"
	"github.com/gotrainer/trainer/pkg/experiment"
	"github.com/gotrainer/trainer/pkg/train"
)

// keeper writes a run's checkpoints by its strategy, behind the steps that follow, and
// publishes the run with the first of them.
type keeper struct {
	run      *experiment.Run
	strategy checkpoint.Strategy
	facts    facts
	note     func(string)
	due      func(step int64) bool // whether resume.pt is to be written after a step
	saver    *saver
}

// Step writes resume.pt where the config or the user asks for it.
func (k *keeper) Step(step int64, snapshot func() *train.Snapshot) error {
	if !k.due(step) {
		return nil
	}
	return k.save(snapshot, []string{checkpoint.ResumeName}, false)
}

// Epoch writes what the strategy says of a finished epoch.
func (k *keeper) Epoch(epoch int64, best bool, snapshot func() *train.Snapshot) error {
	if names := checkpoint.Files(k.strategy, int(epoch), best); len(names) > 0 {
		return k.save(snapshot, names, true)
	}
	k.run.Keep()
	if err := k.saver.retry(); err != nil {
		return err
	}
	return k.run.Heartbeat()
}

// Interrupted keeps the run where it stands, in resume.pt, before it returns.
func (k *keeper) Interrupted(snapshot func() *train.Snapshot) error {
	err := k.save(snapshot, []string{checkpoint.ResumeName}, false)
	return errors.Join(err, k.saver.flush())
}

// save copies the state and leaves the rest to the saver.
func (k *keeper) save(snapshot func() *train.Snapshot, names []string, publish bool) error {
	if err := k.saver.settle(); err != nil {
		return err
	}
	file := toFile(snapshot(), k.facts)
	k.saver.start(save{names: names, run: func(names []string) ([]string, error) {
		if err := (checkpoint.Store{Dir: k.run.Path("checkpoints")}).Save(file, names); err != nil || !publish {
			return nil, err
		}
		notices, err := k.run.Publish()
		return notices, errors.Join(err, k.run.Heartbeat())
	}})
	return nil
}

// finished waits for the last checkpoint and removes resume.pt, which a run that ended
// well does not need.
func (k *keeper) finished() error {
	if err := k.saver.flush(); err != nil {
		return err
	}
	err := os.Remove(k.run.Path("checkpoints", checkpoint.ResumeName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

var _ train.Checkpointer = (*keeper)(nil)
