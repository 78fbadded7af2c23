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

// What moves once in a step moves as much where several batches make one step: the same
// batch twice, and once alone, leave the same state.
func TestAStepOfSeveralBatchesMovesStateOnce(t *testing.T) {
	target := 1.0
	relu, anneal, library := reluConfig(6), annealConfig(6), annealConfig(6)
	relu.TargetL0 = &target
	library.Compat, library.AnnealEndStep = dictionaryLearning, 90
	for name, v := range map[string]struct {
		variant model.Variant
		params  any
		state   func(model.Model) *torch.Tensor
	}{
		"the controller":              {ReLUL1(), relu, func(m model.Model) *torch.Tensor { return m.(*reluL1).Control }},
		"the ratio of falls":          {PAnneal(), anneal, func(m model.Model) *torch.Tensor { return m.(*pAnneal).Ratio }},
		"that of dictionary_learning": {PAnneal(), library, func(m model.Model) *torch.Tensor { return m.(*pAnneal).Ratio }},
		"the threshold":               {BatchTopK(), batchConfig(6, 1), func(m model.Model) *torch.Tensor { return m.(*batchTopK).Threshold }},
	} {
		var moved [2]float64
		for parts := range 2 {
			run(t, v.variant, v.params, 4, func(m model.Model, s *Core) {
				x := golden(s)
				for step := range int64(100) {
					for part := range parts + 1 {
						m.Loss(&model.Context{Train: true, Scalars: model.AtStep(step), Part: part, Parts: parts + 1}, model.Batch{X: x})
					}
				}
				moved[parts] = v.state(m).Item()
			})
		}
		if math.Abs(moved[0]-moved[1]) > 1e-9 || moved[0] == 0 || moved[0] == 1 {
			t.Errorf("%s is %v after single batches, %v after two in each step", name, moved[0], moved[1])
		}
	}
}
