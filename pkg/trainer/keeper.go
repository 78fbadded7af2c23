package trainer

import (
	"errors"
	"fmt"
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
	wrote    func(s *train.Snapshot, path string) // told of each file, on any goroutine
	due      func(step int64) bool                // whether resume.pt is to be written after a step
	saver    *saver
}

// Step writes resume.pt where the config or the user asks for it.
func (k *keeper) Step(step int64, snapshot func() *train.Snapshot) error {
	if !k.due(step) {
		return nil
	}
	return k.save(snapshot, []string{checkpoint.ResumeName}, false)
}

// Epoch writes what the strategy says of a finished epoch; where that is nothing,
// resume.pt when it is due.
func (k *keeper) Epoch(epoch, step int64, best bool, snapshot func() *train.Snapshot) error {
	due := k.due(step)
	if names := checkpoint.Files(k.strategy, int(epoch), best); len(names) > 0 {
		return k.save(snapshot, names, true)
	}
	k.run.Keep()
	if due {
		return k.save(snapshot, []string{checkpoint.ResumeName}, false)
	}
	return k.saver.retry()
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
	state := snapshot()
	file := toFile(state, k.facts)
	k.saver.start(save{names: names, done: state.Release, run: func(names []string) ([]string, error) {
		if err := (checkpoint.Store{Dir: k.run.Path("checkpoints")}).Save(file, names); err != nil {
			return nil, err
		}
		for _, name := range names {
			k.wrote(state, k.run.Path("checkpoints", name))
		}
		if !publish {
			return nil, nil
		}
		return k.run.Publish()
	}})
	return nil
}

// finished waits for the last checkpoint and removes resume.pt, which a run that ended
// well does not need.
func (k *keeper) finished() error {
	if err := k.saver.flush(); err != nil {
		return err
	}
	path := k.run.Path("checkpoints", checkpoint.ResumeName)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		k.note(fmt.Sprintf("%s is not needed any more, but could not be removed: %v", path, err))
	}
	return nil
}

var _ train.Checkpointer = (*keeper)(nil)
