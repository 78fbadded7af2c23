package sae

import (
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/torch"
)

// Sparsity is the keys of variants whose penalty has a coefficient.
type Sparsity struct {
	SparsityWarmupSteps int64 `yaml:"sparsity_warmup_steps" default:"2000" check:"min=0" doc:"the steps in which the coefficient of the penalty grows from 0"`
}

// coefficient is the weight of a penalty: it grows from 0 in the first steps of training
// and is whole in evaluation.
type coefficient struct {
	weight float64
	warmup int64
}

func newCoefficient(weight float64, c Sparsity) *coefficient {
	return &coefficient{weight: weight, warmup: c.SparsityWarmupSteps}
}

// times is a term with its weight.
func (w *coefficient) times(c *model.Context, term *torch.Tensor) *torch.Tensor {
	if !c.Train {
		return term.MulScalar(w.weight)
	}
	return term.Mul(c.Scheduled(term, func(step int64) float64 {
		if step >= w.warmup {
			return w.weight
		}
		return w.weight * float64(step) / float64(w.warmup)
	}))
}
