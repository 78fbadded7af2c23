package sae

import (
	"math"

	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

// Sparsity is the keys of variants whose penalty has a coefficient.
type Sparsity struct {
	SparsityWarmupSteps int64    `yaml:"sparsity_warmup_steps" default:"2000" check:"min=0" doc:"the steps in which the coefficient of the penalty grows from 0"`
	TargetL0            *float64 `yaml:"target_l0" check:"gt=0" doc:"the mean number of active latents to reach: the coefficient is where a controller begins, which moves it in training"`
}

// SteeredBy is the key of the controller.
func (s Sparsity) SteeredBy() string { return steeredBy(s.TargetL0) }

func steeredBy(target *float64) string {
	if target == nil {
		return ""
	}
	return "target_l0"
}

// coefficient is the weight of a penalty: it grows from 0 in the first steps of training
// and is whole in evaluation.
//
// With a target for L0 a controller moves its logarithm after the warm-up: in each
// step by controlRate times the logarithm of L0 / target, at most 1 either way. An L0 that
// stays twice the target doubles the coefficient in 200 steps. Evaluation has what it began
// with: its loss does not tell which epoch is best.
type coefficient struct {
	Control *torch.Tensor `torch:"coefficient_shift,state"` // the moves up to now, a scalar; nil without a target
	weight  float64
	warmup  int64
	target  float64
}

const (
	controlRate = 5e-3
	controlSpan = 14 // the moves together: a factor of a million
)

func newCoefficient(weight float64, c Sparsity, o nn.Options) *coefficient {
	w := &coefficient{weight: weight, warmup: c.SparsityWarmupSteps}
	if c.TargetL0 != nil {
		w.target = *c.TargetL0
		w.Control = o.Buffer(nil, o.DType, func(t *torch.Tensor) { t.Fill_(0) })
	}
	return w
}

// times is a term with its weight; l0 is the mean number of active latents.
func (w *coefficient) times(c *model.Context, term, l0 *torch.Tensor) *torch.Tensor {
	if !c.Train {
		return term.MulScalar(w.weight)
	}
	if w.Control != nil {
		term = term.Mul(w.Control.Exp())
		w.control(c, l0)
	}
	return term.Mul(c.Scheduled(term, func(step int64) float64 {
		if step >= w.warmup {
			return w.weight
		}
		return w.weight * float64(step) / float64(w.warmup)
	}))
}

// control moves the coefficient of the next batch.
func (w *coefficient) control(c *model.Context, l0 *torch.Tensor) {
	rate := c.Scheduled(w.Control, func(step int64) float64 {
		if step < w.warmup {
			return 0
		}
		return controlRate
	})
	torch.NoGrad(func() {
		off := l0.To(rate.DType()).MulScalar(1/w.target).Clamp(math.Exp(-1), math.E).Log()
		w.Control.Copy_(w.Control.Add(off.Mul(rate).MulScalar(c.Share())).Clamp(-controlSpan, controlSpan))
	})
}

// metrics are those of the controller: sparsity_coefficient, what it is now.
func (w *coefficient) metrics() (list []model.Metric) {
	if w.Control != nil {
		torch.NoGrad(func() {
			list = []model.Metric{{Name: "sparsity_coefficient", Value: w.Control.Exp().MulScalar(w.weight)}}
		})
	}
	return list
}
