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
	batch := min(r.BatchSize, n)
	return r.feed(r.Train, r.Resident.Train).with(batch, func(b *hostBatch) error {
		rows, more := make([]int, 0, batch), true
		for at := 0; at < n && more; at += len(rows) {
			if err := r.ctx.Err(); err != nil {
				return ErrInterrupted
			}
			rows = rows[:0]
			for i := at; i < min(at+batch, n); i++ {
				rows = append(rows, i*all/n)
			}
			if err := b.read(rows); err != nil {
				return err
			}
			b.send()
			torch.Scoped(func() { more = yield(b.tensors()) })
			b.used()
		}
		return nil
	})
}
