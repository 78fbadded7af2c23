package torch_test

import (
	"math"
	"testing"

	"github.com/gotrainer/trainer/pkg/internal/torchtest"
	"github.com/gotrainer/trainer/pkg/torch"
)

// fused is a function with a backward of its own, and the plain ops that it stands for.
type fused struct {
	inputs      func() []*torch.Tensor // float64; the first `leaves` of them want gradients
	leaves      int
	hand, plain func(in []*torch.Tensor) []*torch.Tensor
}

func one(t *torch.Tensor) []*torch.Tensor { return []*torch.Tensor{t} }

// affine is x·wᵀ + b in plain ops.
func affine(x, w, b *torch.Tensor) *torch.Tensor { return x.MatMul(w.Transpose(0, 1)).Add(b) }

func matrices(batch int64) func() []*torch.Tensor {
	return func() []*torch.Tensor {
		return []*torch.Tensor{torchtest.Wave(batch, 7, 0, 1), torchtest.Wave(5, 7, 1, 1), torchtest.Wave(1, 5, 2, 1).Squeeze(0), torchtest.Wave(1, 7, 3, 1).Squeeze(0)}
	}
}

func pixels() []*torch.Tensor {
	logits := torchtest.Wave(3, 37, 0, 1).MulScalar(30)
	return []*torch.Tensor{logits, torchtest.Wave(3, 37, 1, 1).Sigmoid()}
}

func posterior() []*torch.Tensor {
	return []*torch.Tensor{torchtest.Wave(6, 5, 0, 1), torchtest.Wave(6, 5, 1, 1).MulScalar(4), torchtest.Wave(6, 5, 2, 1)}
}

const low, high = -3, 2

var functions = map[string]fused{
	"Linear": {matrices(9), 3,
		func(in []*torch.Tensor) []*torch.Tensor { return one(in[0].Linear(in[1], in[2])) },
		func(in []*torch.Tensor) []*torch.Tensor { return one(affine(in[0], in[1], in[2])) }},
	"Linear without bias": {matrices(9), 2,
		func(in []*torch.Tensor) []*torch.Tensor { return one(in[0].Linear(in[1], nil)) },
		func(in []*torch.Tensor) []*torch.Tensor { return one(in[0].MatMul(in[1].Transpose(0, 1))) }},
	"LinearReLU": {matrices(2), 3,
		func(in []*torch.Tensor) []*torch.Tensor { return one(in[0].LinearReLU(in[1], in[2])) },
		func(in []*torch.Tensor) []*torch.Tensor { return one(affine(in[0], in[1], in[2]).ReLU()) }},
	"LinearReLU of a weight that lies transposed": {matrices(40), 3,
		func(in []*torch.Tensor) []*torch.Tensor {
			return one(in[0].LinearReLU(in[1].Transpose(0, 1).Contiguous().Transpose(0, 1), in[2]))
		},
		func(in []*torch.Tensor) []*torch.Tensor { return one(affine(in[0], in[1], in[2]).ReLU()) }},
	"LinearCentered": {matrices(9), 4,
		func(in []*torch.Tensor) []*torch.Tensor { return one(in[0].LinearCentered(in[3], in[1], in[2], true)) },
		func(in []*torch.Tensor) []*torch.Tensor { return one(affine(in[0].Sub(in[3]), in[1], in[2]).ReLU()) }},
	"Mean": {matrices(40), 1,
		func(in []*torch.Tensor) []*torch.Tensor { return one(in[0].Mean()) },
		func(in []*torch.Tensor) []*torch.Tensor { return one(in[0].MeanDim([]int64{0, 1}, false)) }},
	"BernoulliNLL": {pixels, 1,
		func(in []*torch.Tensor) []*torch.Tensor { return one(in[0].BernoulliNLL(in[1])) },
		func(in []*torch.Tensor) []*torch.Tensor {
			return one(in[0].BCEWithLogits(in[1]).SumDim([]int64{1}, false))
		}},
	"GaussianNLL": {pixels, 1,
		func(in []*torch.Tensor) []*torch.Tensor { return one(in[0].GaussianNLL(in[1])) },
		func(in []*torch.Tensor) []*torch.Tensor {
			return one(in[0].Sub(in[1]).Square().SumDim([]int64{1}, false).MulScalar(0.5))
		}},
	"NormalPosterior": {posterior, 2,
		func(in []*torch.Tensor) []*torch.Tensor {
			z, kl := in[0].NormalPosterior(in[1], in[2], low, high)
			return []*torch.Tensor{z, kl}
		},
		func(in []*torch.Tensor) []*torch.Tensor {
			s := in[1].Clamp(low, high)
			kl := in[0].Square().Add(s.Exp()).Sub(s).AddScalar(-1).MulScalar(0.5).SumDim([]int64{1}, false)
			return []*torch.Tensor{in[0].Add(s.MulScalar(0.5).Exp().Mul(in[2])), kl}
		}},
}

// run answers what a function gives and the gradients of its leaves, for gradients of
// its results that differ from element to element.
func (f fused) run(fn func([]*torch.Tensor) []*torch.Tensor, dtype torch.DType) (results [][]float64) {
	in := f.inputs()
	for i := range in {
		in[i] = in[i].To(dtype).Clone()
		in[i].SetRequiresGrad(i < f.leaves)
	}
	loss := torch.Scalar(0, torch.As(dtype))
	for _, out := range fn(in) {
		results = append(results, out.Detach().Float64s())
		loss = loss.Add(out.Mul(torch.Arange(out.Numel(), torch.As(dtype)).AddScalar(1).Reshape(out.Shape())).Sum())
	}
	loss.Backward()
	for _, leaf := range in[:f.leaves] {
		results = append(results, leaf.Grad().Float64s())
	}
	return results
}

func TestFusedFunctionsEqualPlainOps(t *testing.T) {
	for name, f := range functions {
		for dtype, tolerance := range map[torch.DType]float64{torch.Float64: 1e-12, torch.Float32: 2e-6} {
			t.Run(name+" "+dtype.String(), func(t *testing.T) {
				torchtest.Run(t, func() error {
					got, want := f.run(f.hand, dtype), f.run(f.plain, dtype)
					for i := range want {
						if gap := torchtest.Gap(got[i], want[i]); !(gap <= tolerance) {
							t.Errorf("result or gradient %d differs by %.2g of its largest value", i, gap)
						}
					}
					return nil
				})
			})
		}
	}
}

// What is not a number must reach the loss: the trainer skips such a step.
func TestFusedFunctionsPassNaNOn(t *testing.T) {
	for name, f := range functions {
		t.Run(name, func(t *testing.T) {
			torchtest.Run(t, func() error {
				in := f.inputs()
				for i := range in {
					in[i] = in[i].To(torch.Float32)
				}
				in[0].MulScalar_(math.NaN())
				for i, out := range f.hand(in) {
					if v := out.Sum().Item(); !math.IsNaN(v) {
						t.Errorf("result %d is %v, want NaN", i, v)
					}
				}
				return nil
			})
		})
	}
}

func TestPositiveCounts(t *testing.T) {
	torchtest.Run(t, func() error {
		x := torch.FromFloat32s([]float32{1, 0, -1, 2, float32(math.NaN()), -3}, []int64{2, 3})
		for _, dtype := range []torch.DType{torch.Float32, torch.Float64} {
			got := x.To(dtype).PositiveCounts()
			if got.DType() != torch.Int64 || got.Int64s()[0] != 2 || got.Int64s()[1] != 0 || got.Int64s()[2] != 0 {
				t.Errorf("%v: counts %v of %v, want [2 0 0]", dtype, got.Int64s(), got.DType())
			}
		}
		return nil
	})
}

// Skipped steps leave the sums alone and are counted in a row, which a step ends.
func TestMeterAdd(t *testing.T) {
	torchtest.Run(t, func() error {
		sums := torch.Zeros([]int64{4}, torch.As(torch.Float64))
		values := []*torch.Tensor{torch.Scalar(2), torch.Scalar(0.5, torch.As(torch.Float64))}
		broken := []*torch.Tensor{torch.Scalar(math.NaN()), torch.Scalar(1)}
		check := func(want ...float64) {
			t.Helper()
			torchtest.Near(t, "sums", sums, 0, want...)
		}
		torch.MeterAdd(sums, values, torch.Scalar(0))
		torch.MeterAdd(sums, values, torch.Scalar(0))
		check(4, 1, 2, 0)
		torch.MeterAdd(sums, broken, torch.Scalar(1))
		torch.MeterAdd(sums, broken, torch.Scalar(1))
		check(4, 1, 2, 2)
		torch.MeterAdd(sums, values, torch.Scalar(0))
		check(6, 1.5, 3, 0)
		whole := []*torch.Tensor{torch.Scalar(2, torch.As(torch.Int64)), torch.Scalar(1)} // the way of a device
		torch.MeterAdd(sums, broken, torch.Scalar(1))
		torch.MeterAdd(sums, whole, torch.Scalar(0))
		check(8, 2.5, 4, 0)
		return nil
	})
}
