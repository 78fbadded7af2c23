package vae

import (
	"math"
	"testing"

	"github.com/gotrainer/trainer/pkg/infer"
	"github.com/gotrainer/trainer/pkg/internal/torchtest"
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/torch"
)

// ln p(x, z|y) is that of a normal around the generated sample and of the class's own prior.
func TestTheDensityGivenAClass(t *testing.T) {
	c := mlpConfig()
	c.Likelihood, c.Sigma = "gaussian", 1
	with(t, CVAE(), &ConditionalConfig{Config: c, Labels: "one_hot", Prior: "label"}, []int64{5}, func(built model.Model) {
		m, given := built.(*conditional), infer.NewGiven(built)
		torch.NoGrad(func() {
			m.PriorMu.Copy_(torchtest.Wave(2, 3, 0, 1))
			m.PriorLogVar.Copy_(torchtest.Wave(2, 3, 1, 1))
			x, z := torchtest.Wave(2, 5, 2, 1), torchtest.Wave(2, 3, 3, 1)
			given.Set(torch.FromFloat32s([]float32{1, 0}, []int64{2}))
			means, mu, s := infer.GeneratorOf(given).Generate(z), m.PriorMu.Flip([]int64{0}), m.PriorLogVar.Flip([]int64{0})
			normal := func(e, s float64) float64 { return -0.5 * (e*e/math.Exp(s) + s + math.Log(2*math.Pi)) }
			want := make([]float64, 2)
			for i, e := range x.Sub(means).Float64s() {
				want[i/5] += normal(e, 0)
			}
			logs := s.Float64s()
			for i, e := range z.Sub(mu).Float64s() {
				want[i/3] += normal(e, logs[i])
			}
			if gap := torchtest.Gap(infer.DensityOf(given).LogJoint(x, z).Float64s(), want); !(gap < 1e-12) {
				t.Errorf("ln p(x, z|y) is off by %v", gap)
			}
			noise := torchtest.Eps{Value: torch.Zeros([]int64{2, 3}, torch.Like(z))}
			drawn := infer.GeneratorOf(given).(infer.Prior).Draw(2, noise)
			if gap := torchtest.Gap(drawn.Float64s(), mu.Float64s()); gap != 0 {
				t.Errorf("draws without noise are off the classes' means by %v", gap)
			}
		})
	})
}
