package train_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/gotrainer/trainer/pkg/internal/torchtest"
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/schedule"
	"github.com/gotrainer/trainer/pkg/torch"
	"github.com/gotrainer/trainer/pkg/train"
)

// renewing sets a weight, and what the optimizer keeps of it, to 0 after 4 and 8 steps.
type renewing struct {
	*regression `torch:""`
	asked       []int64
	sizes       []int // batches that Renew was given
	moments     []int
}

func (m *renewing) RenewAt(step int64) bool {
	m.asked = append(m.asked, step)
	return step > 0 && step%4 == 0 && step <= 8
}

func (m *renewing) Renew(b model.Batch, moments func(*torch.Tensor) []*torch.Tensor) {
	weight := nn.Params(m)[0].Tensor
	weight.Fill_(0)
	kept := moments(weight)
	for _, t := range kept {
		if !slices.Equal(t.Shape(), weight.Shape()) {
			panic("a moment of another shape")
		}
		t.Fill_(0)
	}
	m.sizes, m.moments = append(m.sizes, int(b.X.Size(0))), append(m.moments, len(kept))
}

// Renew is called between steps, with Adam's two moments of a parameter; captured steps
// that follow go on from there, and so does a run without captured steps.
func TestModelsRenewThemselvesBetweenSteps(t *testing.T) {
	torchtest.Run(t, func() error {
		var plain, replayed *renewing
		a, b, idle := &journal{}, &journal{}, &journal{}
		if _, err := fit(context.Background(), config(), a, func(p *train.Parts) {
			plain = &renewing{regression: p.Model.(*regression)}
			p.Model = plain
		}); err != nil {
			return err
		}
		d, err := fitCaptured(context.Background(), config(), b, func(p *train.Parts) {
			replayed = &renewing{regression: p.Model.(*regression)}
			p.Model = replayed
		})
		if err != nil {
			return err
		}
		if _, err := fit(context.Background(), config(), idle, nil); err != nil {
			return err
		}
		sameLines(t, a.lines, b.lines)
		if d.Replays == 0 || slices.Equal(a.lines, idle.lines) {
			t.Errorf("%d replays; the renewed weight changed nothing: %v", d.Replays, slices.Equal(a.lines, idle.lines))
		}
		for name, m := range map[string]*renewing{"plain": plain, "captured": replayed} {
			if !slices.Equal(m.sizes, []int{5, 3}) || !slices.Equal(m.moments, []int{2, 2}) || m.asked[0] != 0 {
				t.Errorf("%s: batches of %v, moments %v, asked at %v", name, m.sizes, m.moments, m.asked)
			}
		}
		return nil
	})
}

// halting has half of the learning rate in every second step.
type halting struct {
	*regression `torch:""`
}

func (m *halting) Pace(step int64) float64 { return 1 - float64(step%2)/2 }

// The steps of a model with a pace of its own are those of a schedule that has it, captured or
// not; reports and checkpoints tell the rate that there was.
func TestModelsHaveAPace(t *testing.T) {
	torchtest.Run(t, func() error {
		cfg := config()
		cfg.Schedule = schedule.LR{Name: schedule.Constant, Base: 0.01}
		cfg.LogEvery = 1
		slow := func(p *train.Parts) { p.Model = &halting{p.Model.(*regression)} }
		a, b, even := &journal{}, &journal{}, &journal{}
		if _, err := fit(context.Background(), cfg, a, slow); err != nil {
			return err
		}
		if _, err := fitCaptured(context.Background(), cfg, b, slow); err != nil {
			return err
		}
		if _, err := fit(context.Background(), cfg, even, nil); err != nil {
			return err
		}
		sameLines(t, a.lines, b.lines)
		if a.lines[0] != even.lines[0] || a.lines[2] == even.lines[2] {
			t.Errorf("lines %q at a pace, without %q", a.lines[:3], even.lines[:3])
		}
		for i, rate := range []string{"lr 0.01", "lr 0.005", "lr 0.01"} {
			if !strings.HasSuffix(a.lines[i], rate) {
				t.Errorf("%q, expected %q", a.lines[i], rate)
			}
		}
		return nil
	})
}
