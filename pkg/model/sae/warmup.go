package sae

import (
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/torch"
)

// warmed is a sparsity term times its weight, which grows from 0 in the first steps of
// training and is whole in evaluation.
func warmed(c *model.Context, term *torch.Tensor, weight float64, steps int64) *torch.Tensor {
	if !c.Train {
		return term.MulScalar(weight)
	}
	return term.Mul(c.Scheduled(term, func(step int64) float64 {
		if step >= steps {
			return weight
		}
		return weight * float64(step) / float64(steps)
	}))
}
