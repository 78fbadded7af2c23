package sae

import (
	"math"
	"testing"

	"github.com/gotrainer/trainer/pkg/internal/torchtest"
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/torch"
)

// With twice the target the coefficient doubles in 200 steps, with half of it it halves;
// it rests in the warm-up, and evaluation has what it began with.
func TestTheControllerMovesTheCoefficient(t *testing.T) {
	c := reluConfig(6)
	c.SparsityWarmupSteps, c.TargetL0 = 10, new(float64)
	*c.TargetL0 = 2
	for name, l0 := range map[string]float64{"twice": 4, "half": 1, "met": 2, "nothing": 0} {
		t.Run(name, func(t *testing.T) {
			run(t, ReLUL1(), c, 4, func(m model.Model, _ *Core) {
				w := m.(*reluL1).coefficient
				term, active := torch.Scalar(3, torch.As(torch.Float64)), torch.Scalar(l0, torch.As(torch.Float64))
				value := func(train bool, step int64) float64 {
					return w.times(&model.Context{Train: train, Scalars: model.AtStep(step)}, term, active).Item()
				}
				if half := value(true, 5); math.Abs(half-0.15) > 1e-12 {
					t.Errorf("in the warm-up %v", half)
				}
				for step := range int64(200) {
					value(true, 10+step)
				}
				off := math.Log(max(l0/2, math.Exp(-1)))
				want := 0.3 * math.Exp(controlRate*200*off)
				if got := value(false, 0); math.Abs(got-0.3) > 1e-12 {
					t.Errorf("in evaluation %v", got)
				}
				if got := value(true, 300); math.Abs(got-want) > 1e-9 {
					t.Errorf("after 200 steps %v, want %v", got, want)
				}
				want *= math.Exp(controlRate * off)
				torchtest.Near(t, "metric", w.metrics()[0].Value, 1e-9, want/3)
			})
		})
	}
}
