package trainer

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/gotrainer/trainer/pkg/atomicfile"
	"github.com/gotrainer/trainer/pkg/checkpoint"
	"github.com/gotrainer/trainer/pkg/train"
)

// goOn puts a resumed run where its checkpoint stands, and tells what is different from
// a run that goes on as it was.
func (s *session) goOn() error {
	if err := s.sampler.Restore(s.from.stands); err != nil {
		return err
	}
	c, at := s.trainConfig(), s.from.snapshot
	epochs, steps := c.Length(s.parts.Order)
	if perEpoch := c.StepsPerEpoch(s.parts.Order); at.Step < steps && at.Epoch > at.Step/perEpoch {
		at.Epoch = at.Step / perEpoch // the last pass was partial, and goes on now
	}
	s.parts.Resume = at
	before, after := s.from.length(s), steps
	switch {
	case c.Stop != nil && at.Score.Bad >= c.Stop.Patience:
		s.notices = append(s.notices, fmt.Sprintf("early stopping ended this run after epoch %d; to go on, give it more patience: --set training.early_stopping.patience=%d", at.Epoch, 2*c.Stop.Patience))
	case at.Epoch >= epochs:
		s.notices = append(s.notices, fmt.Sprintf("all %d epochs of this run are done; to train on, make it longer: --set training.epochs=%d", at.Epoch, 2*at.Epoch))
	case before != after && c.Schedule.UsesTotal():
		s.notices = append(s.notices, fmt.Sprintf("the %s schedule depends on the length of the run: from here on it is that of %d steps, until now it was that of %d", c.Schedule.Name, after, before))
	}
	return nil
}

// length is the number of steps that the run was to have when the checkpoint was made.
func (r *resumption) length(s *session) int64 {
	training := dictOf(r.file.Config, "training")
	c := s.trainConfig()
	c.Epochs, c.Steps = 0, 0
	if n, err := checkpoint.Value[int64](training, "epochs"); err == nil {
		c.Epochs = n
	}
	if n, err := checkpoint.Value[int64](training, "steps"); err == nil {
		c.Steps = n
	}
	_, steps := c.Length(s.parts.Order)
	return steps
}

// complete gives the checkpoint that a run goes on from the names that a kill in the
// middle of saving left without it, and looks after the best one.
func (k *keeper) complete(from *resumption, c train.Config, o train.Order) error {
	at := from.snapshot
	_, steps := c.Length(o)
	isBest := at.Score.BestEpoch == at.Epoch
	if at.Epoch > 0 && at.Step == min(at.Epoch*c.StepsPerEpoch(o), steps) {
		for _, name := range checkpoint.Files(k.strategy, int(at.Epoch), isBest) {
			if err := atomicfile.Link(from.path, k.run.Path("checkpoints", name)); err != nil {
				return err
			}
		}
		if isBest {
			return nil
		}
	}
	if keepsBest := slices.Contains(checkpoint.Files(k.strategy, 1, true), checkpoint.BestName); !keepsBest || at.Score.BestEpoch == 0 || from.best == at.Score.BestEpoch {
		return nil
	}
	return k.replaceBest(at.Score)
}

// replaceBest takes the best epoch's own file as best_model.pt, where that is missing,
// damaged or of another epoch.
func (k *keeper) replaceBest(score train.Score) error {
	best := k.run.Path("checkpoints", checkpoint.BestName)
	epoch := filepath.Join(filepath.Dir(best), checkpoint.EpochName(int(score.BestEpoch)))
	if r, err := readResumption(epoch); err == nil && r.file.Epoch == score.BestEpoch {
		k.note(fmt.Sprintf("%s was missing or damaged; it is %s again", best, filepath.Base(epoch)))
		return atomicfile.Link(epoch, best)
	}
	k.note(fmt.Sprintf("%s is not the best epoch so far, %d (%.6g), which is missing or damaged; a better epoch takes its place, but that one is lost", best, score.BestEpoch, score.Best))
	return nil
}
