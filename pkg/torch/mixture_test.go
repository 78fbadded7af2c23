package torch_test

import (
	"math"
	"testing"

	"github.com/gotrainer/trainer/pkg/internal/torchtest"
	"github.com/gotrainer/trainer/pkg/torch"
)

// mixture is what NormalMixture computes, in plain ops.
func mixture(z, mu, s, logw *torch.Tensor) (joint, product *torch.Tensor) {
	terms := z.Unsqueeze(1).Sub(mu).Square().Mul(s.Neg().Exp()).Add(s).AddScalar(math.Log(2 * math.Pi)).MulScalar(-0.5)
	joint = terms.SumDim([]int64{2}, false).Add(logw).LogSumExp([]int64{1}, false)
	product = terms.Add(logw.Unsqueeze(2)).LogSumExp([]int64{1}, false).SumDim([]int64{1}, false)
	return joint, product
}

// graded is two results of fn, and the gradients of its leaves for gradients that differ
// from row to row.
func graded(leaves []*torch.Tensor, fn func(in []*torch.Tensor) (a, b *torch.Tensor)) (all [][]float64) {
	in := make([]*torch.Tensor, len(leaves))
	for i, leaf := range leaves {
		in[i] = leaf.Clone()
		in[i].SetRequiresGrad(true)
	}
	a, b := fn(in)
	weights := torch.Arange(a.Numel(), torch.Like(a)).MulScalar(1 / float64(a.Numel())).AddScalar(0.5)
	a.Mul(weights).Sum().Add(b.Mul(weights.Square()).Sum()).Backward()
	all = [][]float64{a.Float64s(), b.Float64s()}
	for _, leaf := range in {
		all = append(all, leaf.Grad().Float64s())
	}
	return all
}

// The second has more terms than one block of rows.
func TestNormalMixtureEqualsPlainOps(t *testing.T) {
	for _, size := range [][3]int64{{6, 4, 3}, {900, 800, 7}} {
		torchtest.Run(t, func() error {
			rows, components, k := size[0], size[1], size[2]
			leaves := []*torch.Tensor{torchtest.Wave(rows, k, 0, 2), torchtest.Wave(components, k, 1, 1), torchtest.Wave(components, k, 2, 1)}
			logw := torchtest.Wave(rows, components, 3, 1)
			got := graded(leaves, func(in []*torch.Tensor) (a, b *torch.Tensor) { return in[0].NormalMixture(in[1], in[2], logw) })
			want := graded(leaves, func(in []*torch.Tensor) (a, b *torch.Tensor) { return mixture(in[0], in[1], in[2], logw) })
			for i := range want {
				if gap := torchtest.Gap(got[i], want[i]); !(gap <= 1e-12) {
					t.Errorf("%v: result or gradient %d differs by %.2g of its largest value", size, i, gap)
				}
			}
			return nil
		})
	}
}

// The factor is that of the time when the gradient comes.
func TestScaleGradTakesTheFactorOfTheBackwardPass(t *testing.T) {
	torchtest.Run(t, func() error {
		x, factor := torch.FromFloat32s([]float32{1, 2, 3}, []int64{3}), torch.Zeros([]int64{3})
		x.SetRequiresGrad(true)
		y := x.ScaleGrad(factor)
		torchtest.Near(t, "the values", y, 0, 1, 2, 3)
		loss := y.Square().Sum()
		torch.NoGrad(func() { factor.Copy_(torch.FromFloat32s([]float32{10, 0, -1}, []int64{3})) })
		loss.Backward()
		torchtest.Near(t, "the gradient", x.Grad(), 0, 20, 0, -6)
		return nil
	})
}
