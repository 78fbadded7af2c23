package sae

import (
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/torch"
)

// summed is mean_B Σ t.
func summed(t *torch.Tensor) *torch.Tensor { return t.SumDim([]int64{1}, false).Mean() }

// squared is mean_B Σ_n t²: neither halved nor divided by n.
func squared(t *torch.Tensor) *torch.Tensor {
	return summed(t.Square())
}

// variance is mean_B |t - mean_B t|², the sum of the variances of the columns (with
// 1/B).
func variance(t *torch.Tensor) *torch.Tensor { return squared(t.Sub(mean(t))) }

// sparsity reports how codes explain x and what is dead:
//
//	l0                  active: the mean number of active latents of a sample, as they
//	                    are: a top-k code has fewer than k where h has fewer positives
//	explained_variance  1 - Var(e)/Var(x) of this batch, columns summed; a constant
//	                    error of x^ is not seen; 0 where the batch has no variance
//	dead                share of latents that no sample activated for dead_after_samples
func sparsity(x, e, active, dead *torch.Tensor) (metrics []model.Metric) {
	torch.NoGrad(func() {
		total := variance(x)
		explained := variance(e).Div(total).Neg().AddScalar(1).MaskedFill(total.Gt(0).LogicalNot(), 0)
		metrics = []model.Metric{
			{Name: "l0", Value: active},
			{Name: "explained_variance", Value: explained},
			{Name: "dead", Value: dead.To(x.DType()).Mean()},
		}
	})
	return metrics
}

// meanActive is the mean of the counts of active latents over the samples of x.
func meanActive(counts, x *torch.Tensor) *torch.Tensor {
	return counts.Sum().To(x.DType()).MulScalar(1 / float64(x.Size(0)))
}
