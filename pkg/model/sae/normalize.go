package sae

import (
	"iter"
	"math"

	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/torch"
)

// averageIn is the normalisation with one factor for all samples.
const averageIn = "expected_average_only_in"

// input is the batch as it is encoded, [B, n]. Losses compare reconstructions with it, so
// that coefficients mean the same whatever the scale of the data.
func (s *Core) input(x *torch.Tensor) *torch.Tensor {
	z, _ := s.normalized(s.rows(x))
	return z
}

// normalized scales samples [B, n], as SAELens names it, and answers what scales a
// reconstruction back:
//
//	expected_average_only_in  c x, c = √n / mean |x| over the training data (Anthropic, April 2024)
//	constant_norm_rescale     x √n / |x|
//	layer_norm                (x - mean x) / (std x + 1e-5), std with 1/(n-1)
func (s *Core) normalized(x *torch.Tensor) (z *torch.Tensor, undo func(*torch.Tensor) *torch.Tensor) {
	n := float64(x.Size(1))
	switch s.config.NormalizeActivations {
	case averageIn:
		return x.Mul(s.Scale), func(y *torch.Tensor) *torch.Tensor { return y.Div(s.Scale) }
	case "constant_norm_rescale":
		unit := x.NormDim([]int64{1}, true).MulScalar(1 / math.Sqrt(n)).ClampMin(1e-12)
		return x.Div(unit), func(y *torch.Tensor) *torch.Tensor { return y.Mul(unit) }
	case "layer_norm":
		middle := x.MeanDim([]int64{1}, true)
		z = x.Sub(middle)
		std := z.NormDim([]int64{1}, true).MulScalar(1 / math.Sqrt(max(n-1, 1))).AddScalar(1e-5)
		return z.Div(std), func(y *torch.Tensor) *torch.Tensor { return y.Mul(std).Add(middle) }
	}
	return x, func(y *torch.Tensor) *torch.Tensor { return y }
}

// Survey sets the factor of expected_average_only_in. A sample whose norm is not finite has no
// share in it.
func (s *Core) Survey(batches iter.Seq[model.Batch]) {
	if s.Scale == nil {
		return
	}
	sum, samples := 0.0, 0.0
	for b := range batches {
		for _, norm := range s.rows(b.X).NormDim([]int64{1}, false).Float64s() {
			if norm-norm == 0 {
				sum += norm
				samples++
			}
		}
	}
	if sum > 0 {
		s.Scale.Fill_(math.Sqrt(float64(s.inputs())) * samples / sum)
	}
}
