package train_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/gotrainer/trainer/pkg/internal/torchtest"
	"github.com/gotrainer/trainer/pkg/train"
)

// reader reads each snapshot on another goroutine while training goes on, as a saver
// does, and releases it before the next one.
type reader struct {
	t       *testing.T
	pending chan struct{} // closed when the snapshot before was read
	steps   int
}

func (r *reader) Step(step int64, snapshot func() *train.Snapshot) error {
	if r.pending != nil && step%3 != 0 { // two steps go on behind each snapshot
		return nil
	}
	r.wait()
	s := snapshot()
	want := content(s)
	r.steps++
	done := make(chan struct{})
	r.pending = done
	next := r.steps
	go func() {
		defer close(done)
		for range 50 {
			if !bytes.Equal(content(s), want) {
				r.t.Errorf("snapshot %d changed while training went on", next)
				break
			}
		}
		s.Release()
	}()
	return nil
}

func (r *reader) wait() {
	if r.pending != nil {
		<-r.pending
	}
}

func (r *reader) Epoch(_, step int64, _ bool, s func() *train.Snapshot) error { return r.Step(step, s) }
func (r *reader) Interrupted(func() *train.Snapshot) error                    { return nil }

// content is all that a snapshot holds of tensors.
func content(s *train.Snapshot) []byte {
	var all []byte
	add := func(ts []train.Tensor) {
		for _, t := range ts {
			all = append(all, t.Data...)
		}
	}
	add(s.Model)
	add(s.ModelState)
	for i := range s.Optimizer.Params {
		add(s.Optimizer.State[int64(i)])
	}
	return append(all, s.RNG...)
}

func TestASnapshotDoesNotChangeWhileTrainingGoesOn(t *testing.T) {
	torchtest.Run(t, func() error {
		r := &reader{t: t}
		cfg := config()
		cfg.Epochs = 20
		_, err := fit(context.Background(), cfg, &journal{}, func(p *train.Parts) { p.Checkpoints = r })
		r.wait()
		if r.steps < 15 {
			t.Errorf("%d snapshots", r.steps)
		}
		return err
	})
}

func TestSnapshotsThatAreKeptDoNotShareMemory(t *testing.T) {
	torchtest.Run(t, func() error {
		k := &collector{}
		if _, err := fit(context.Background(), config(), &journal{}, func(p *train.Parts) { p.Checkpoints = k }); err != nil {
			return err
		}
		for i, s := range k.kept {
			if !bytes.Equal(content(s), k.want[i]) {
				t.Errorf("snapshot %d is not what it was", i)
			}
		}
		if len(k.kept) != 4 || bytes.Equal(k.want[0], k.want[3]) {
			t.Errorf("%d snapshots, and the weights must have moved between them", len(k.kept))
		}
		return nil
	})
}

// collector keeps all snapshots.
type collector struct {
	kept []*train.Snapshot
	want [][]byte
}

func (c *collector) Step(int64, func() *train.Snapshot) error { return nil }
func (c *collector) Epoch(_, _ int64, _ bool, snapshot func() *train.Snapshot) error {
	s := snapshot()
	c.kept, c.want = append(c.kept, s), append(c.want, content(s))
	return nil
}
func (c *collector) Interrupted(func() *train.Snapshot) error { return nil }
