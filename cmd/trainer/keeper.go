package main

import (
	"errors"
	"io/fs"
	"os"

	"github.com/gotrainer/trainer/pkg/checkpoint"
	"github.com/gotrainer/trainer/pkg/experiment"
	"github.com/gotrainer/trainer/pkg/train"
)

// keeper writes a run's checkpoints by its strategy and publishes the run with the
// first of them.
type keeper struct {
	run      *experiment.Run
	strategy checkpoint.Strategy
	facts    facts
	note     func(string)
	due      func(step int64) bool // whether resume.pt is to be written after a step
}

// Step writes resume.pt where the config or the user asks for it.
func (k *keeper) Step(step int64, snapshot func() *train.Snapshot) error {
	if !k.due(step) {
		return nil
	}
	return k.Interrupted(snapshot)
}

// Epoch writes what the strategy says of a finished epoch.
func (k *keeper) Epoch(epoch int64, best bool, snapshot func() *train.Snapshot) error {
	names := checkpoint.Files(k.strategy, int(epoch), best)
	if len(names) == 0 {
		k.run.Keep()
		return k.run.Heartbeat()
	}
	if err := k.save(snapshot(), names); err != nil {
		return err
	}
	notices, err := k.run.Publish()
	for _, n := range notices {
		k.note(n)
	}
	if err != nil {
		return err
	}
	return k.run.Heartbeat()
}

// Interrupted keeps the run where it stands, in resume.pt.
func (k *keeper) Interrupted(snapshot func() *train.Snapshot) error {
	return k.save(snapshot(), []string{checkpoint.ResumeName})
}

func (k *keeper) save(s *train.Snapshot, names []string) error {
	return checkpoint.Store{Dir: k.run.Path("checkpoints")}.Save(toFile(s, k.facts), names)
}

// finished removes resume.pt, which a run that ended well does not need.
func (k *keeper) finished() error {
	err := os.Remove(k.run.Path("checkpoints", checkpoint.ResumeName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

var _ train.Checkpointer = (*keeper)(nil)
