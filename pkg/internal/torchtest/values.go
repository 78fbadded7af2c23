package torchtest

import (
	"math"
	"testing"

	"github.com/gotrainer/trainer/pkg/torch"
)

// Wave is the float64 matrix q·sin(o + 1 + i·cols + j), for tests whose expected
// numbers are computed elsewhere.
func Wave(rows, cols int64, o, q float64) *torch.Tensor {
	v := make([]float64, rows*cols)
	for i := range v {
		v[i] = q * math.Sin(o+1+float64(i))
	}
	return torch.FromFloat64s(v, []int64{rows, cols})
}

// Near fails t unless the elements of got are want to within tolerance.
func Near(t testing.TB, what string, got *torch.Tensor, tolerance float64, want ...float64) {
	t.Helper()
	values := got.Float64s()
	if len(values) != len(want) {
		t.Errorf("%s = %v, want %v", what, values, want)
		return
	}
	for i, w := range want {
		if !(math.Abs(values[i]-w) <= tolerance) {
			t.Errorf("%s = %v, want %v", what, values, want)
			return
		}
	}
}

// Gap is the largest difference between got and want relative to the largest absolute
// value of want; NaN where either has one, infinite where their sizes differ.
func Gap(got, want []float64) float64 {
	if len(got) != len(want) {
		return math.Inf(1)
	}
	gap, scale := 0.0, 0.0
	for i, w := range want {
		gap, scale = math.Max(gap, math.Abs(got[i]-w)), math.Max(scale, math.Abs(w))
	}
	if gap == 0 {
		return 0
	}
	return gap / scale
}

// Eps is a model.Noise that answers the given tensor.
type Eps struct{ Value *torch.Tensor }

// Randn answers Value, whatever is asked for.
func (e Eps) Randn([]int64, *torch.Tensor) *torch.Tensor { return e.Value }

// Draws is a model.Noise that hands out the given numbers in order: each draw takes the
// next ones, and after the last the first again.
type Draws struct {
	numbers []float64
	at      int
}

// NewDraws takes the elements of a tensor.
func NewDraws(t *torch.Tensor) *Draws { return &Draws{numbers: t.Float64s()} }

// Randn takes as many numbers as the shape has elements, of the dtype of like.
func (d *Draws) Randn(shape []int64, like *torch.Tensor) *torch.Tensor {
	n := 1
	for _, size := range shape {
		n *= int(size)
	}
	v := make([]float64, n)
	for i := range v {
		v[i] = d.numbers[d.at%len(d.numbers)]
		d.at++
	}
	return torch.FromFloat64s(v, shape).To(like.DType())
}
