package train_test

import (
	"context"
	"errors"
	"testing"

	"github.com/gotrainer/trainer/pkg/internal/torchtest"
	"github.com/gotrainer/trainer/pkg/train"
)

// Runs over the same batches are the runs that they are alone: also where they draw noise,
// begin with other weights, end early or go on from another step.
func TestRunsTogetherAreTheRunsAlone(t *testing.T) {
	torchtest.Run(t, func() error {
		cut := cutAt(t, 5)
		seats := []func(cfg *train.Config, p *train.Parts){
			func(*train.Config, *train.Parts) {},
			func(cfg *train.Config, _ *train.Parts) { cfg.Seed = 4 },
			func(cfg *train.Config, _ *train.Parts) { cfg.Epochs = 2 },
			func(_ *train.Config, p *train.Parts) {
				if p != nil {
					p.Resume, p.Order = cut, &order{n: 23, batch: 5, pos: cut.Position}
				}
			},
		}
		run := func(edit func(*train.Config, *train.Parts), seat *train.Seat, j *journal) error {
			cfg := config()
			edit(&cfg, nil)
			_, err := fit(context.Background(), cfg, j, func(p *train.Parts) {
				edit(&cfg, p)
				p.Seat = seat
			})
			return err
		}
		var alone, together []*journal
		var runs []func(*train.Seat) error
		for _, edit := range seats {
			a, b := &journal{}, &journal{}
			if err := run(edit, nil, a); err != nil {
				return err
			}
			alone, together = append(alone, a), append(together, b)
			runs = append(runs, func(s *train.Seat) error { return run(edit, s, b) })
		}
		if err := errors.Join(train.Together(runs)...); err != nil {
			return err
		}
		for i := range seats {
			same(t, alone[i], together[i])
		}
		return nil
	})
}

// cutAt is where a run was interrupted.
func cutAt(t *testing.T, step int64) *train.Snapshot {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	j := &journal{cancelAt: step, cancel: cancel}
	if _, err := fit(ctx, config(), j, nil); !errors.Is(err, train.ErrInterrupted) {
		t.Fatal(err)
	}
	return j.last
}

// A run that fails ends alone.
func TestARunThatFailsStopsNoOther(t *testing.T) {
	torchtest.Run(t, func() error {
		full := errors.New("the disk is full")
		j := &journal{}
		errs := train.Together([]func(*train.Seat) error{
			func(s *train.Seat) error {
				_, err := fit(context.Background(), config(), &journal{}, func(p *train.Parts) {
					p.Seat, p.Checkpoints = s, failing{full}
				})
				return err
			},
			func(*train.Seat) error { return full },
			func(s *train.Seat) error {
				_, err := fit(context.Background(), config(), j, func(p *train.Parts) { p.Seat = s })
				return err
			},
		})
		if !errors.Is(errs[0], full) || !errors.Is(errs[1], full) || errs[2] != nil {
			t.Errorf("errors %v", errs)
		}
		alone := &journal{}
		if _, err := fit(context.Background(), config(), alone, nil); err != nil {
			return err
		}
		same(t, alone, j)
		return nil
	})
}

// failing is a checkpointer that cannot write.
type failing struct{ err error }

func (f failing) Step(int64, func() *train.Snapshot) error               { return nil }
func (f failing) Epoch(int64, int64, bool, func() *train.Snapshot) error { return f.err }
func (f failing) Interrupted(func() *train.Snapshot) error               { return f.err }
