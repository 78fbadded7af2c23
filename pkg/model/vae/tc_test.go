package vae

import (
	"math"
	"testing"

	"github.com/gotrainer/trainer/pkg/internal/torchtest"
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/torch"
)

// goldenPosterior is that of the golden values: 4 samples of 10, 3 dimensions.
func goldenPosterior() (z, mu, s *torch.Tensor) {
	mu, s = torchtest.Wave(4, 3, 0, 1), torchtest.Wave(4, 3, 0.5, 0.5)
	return mu.Add(s.MulScalar(0.5).Exp().Mul(torchtest.Wave(4, 3, 2, 1))), mu, s
}

func TestBetaTCGolden(t *testing.T) {
	torchtest.Run(t, func() error {
		z, mu, s := goldenPosterior()
		mws := (&betaTC{c: &BetaTCConfig{Estimator: "mws"}, n: 10}).weights(z)
		mss := (&betaTC{c: &BetaTCConfig{Estimator: "mss"}, n: 10}).weights(z)
		torchtest.Near(t, "row sums of mss", mss.Exp().SumDim([]int64{1}, false), 1e-12, 1, 1, 1, 1)
		copied := firstColumns(4, 10, z).Exp()
		torchtest.Near(t, "row sums of the copied weights", copied.SumDim([]int64{1}, false), 1e-6, 1, 1, 1.133333, 1)
		for name, c := range map[string]struct {
			logw *torch.Tensor
			want [3]float64
		}{
			"mss":    {mss, [3]float64{0.643809, 0.010819, -0.533339}},
			"copied": {copied.Log(), [3]float64{0.517732, -0.086711, -0.309732}},
			"mws":    {mws, [3]float64{2.842201, 4.609707, -7.330619}},
		} {
			mi, tc, dwkl := decompose(z, mu, s, c.logw)
			torchtest.Near(t, name+": MI, TC, DWKL", torch.Stack([]*torch.Tensor{mi, tc, dwkl}, 0), 1e-6, c.want[:]...)
		}
		return nil
	})
}

// With weights of 1 the estimate of q(z) cancels: what is left is ln q(z|x) - ln p(z), whose
// mean over draws is the KL. Where the batch is all there is, 1/B each is the exact q(z).
func TestBetaTCOfEqualWeightsIsTheKL(t *testing.T) {
	torchtest.Run(t, func() error {
		const draws = 20000
		_, mu, s := goldenPosterior()
		torch.Seed(3)
		repeat := func(a *torch.Tensor) *torch.Tensor {
			return a.Unsqueeze(0).Expand([]int64{draws, 4, 3}).Reshape([]int64{4 * draws, 3})
		}
		all, logvar := repeat(mu), repeat(s)
		z := all.Add(logvar.MulScalar(0.5).Exp().Mul(torch.Randn([]int64{4 * draws, 3}, nil, torch.As(torch.Float64))))
		exact := torch.Full([]int64{4 * draws, 4}, -math.Log(4), torch.As(torch.Float64))
		joint, product := z.NormalMixture(mu, s, exact)
		given, prior := logNormal(z.Sub(all).Square().Mul(logvar.Neg().Exp()).Add(logvar)), logNormal(z.Square())
		mi, tc, dwkl := given.Sub(joint).Mean(), joint.Sub(product).Mean(), product.Sub(prior).Mean()
		torchtest.Near(t, "MI + TC + DWKL", mi.Add(tc).Add(dwkl), 0.02, 0.881787)
		if mi.Item() < 0 || mi.Item() > math.Log(4) || tc.Item() < 0 || dwkl.Item() < 0 {
			t.Errorf("MI %v (at most ln 4), TC %v and DWKL %v of the exact q(z) are divergences", mi.Item(), tc.Item(), dwkl.Item())
		}
		return nil
	})
}

// A batch of one sample has no other to compare with: nothing is NaN.
func TestBetaTCOfSmallBatches(t *testing.T) {
	c := BetaTCConfig{Config: mlpConfig(), Alpha: 1, Beta: 6, Gamma: 1, Estimator: "mss"}
	for _, rows := range []int64{1, 2, 3} {
		with(t, BetaTC(), &c, []int64{5}, func(m model.Model) {
			ctx := &model.Context{Train: true, Noise: torchtest.Eps{Value: torchtest.Wave(rows, 3, 2, 1)}}
			out := m.Loss(ctx, model.Batch{X: torchtest.Wave(rows, 5, 0, 0.5).AddScalar(0.5)})
			if l := out.Loss.Item(); math.IsNaN(l) || math.IsInf(l, 0) {
				t.Errorf("the loss of %d samples is %v", rows, l)
			}
		})
	}
}
