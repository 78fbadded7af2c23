package train

import (
	"cmp"
	"fmt"

	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/torch"
)

// surveySize is the most samples that a survey sees: a mean over as many is known to less
// than a percent, and reading them takes a fraction of an epoch.
const surveySize = 1 << 16

// survey lets the model of a fresh run see some of the training data before its first step.
func (r *run) survey() error {
	m, ok := r.Model.(Surveyor)
	if !ok || r.Resume != nil {
		return nil
	}
	var err error
	failed := torch.Try(func() {
		torch.NoGrad(func() {
			m.Survey(func(yield func(model.Batch) bool) { err = r.spaced(surveySize, yield) })
		})
	})
	if err = cmp.Or(failed, err); err != nil {
		return fmt.Errorf("before the first step: %w", err)
	}
	return nil
}

// spaced yields at most so many samples of the training data, evenly spaced over it, batch
// by batch.
func (r *run) spaced(most int, yield func(model.Batch) bool) error {
	all := r.Train.Len()
	n := min(most, all)
	err := r.feed(r.Train, r.Resident.Train).each(r.ctx, n, r.BatchSize, func(i int) int { return i * all / n }, func(b *hostBatch) (more bool) {
		torch.Scoped(func() { more = yield(b.tensors()) })
		return more
	})
	if err != nil && r.ctx.Err() != nil {
		return ErrInterrupted
	}
	return err
}
