package vae

import (
	"testing"

	"github.com/gotrainer/trainer/pkg/internal/torchtest"
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/torch"
)

// Where the only pseudo-input is the sample itself, prior and posterior are one normal, and
// the KL term of any draw is 0.
func TestVampOfTheSampleItself(t *testing.T) {
	c := mlpConfig()
	c.Likelihood, c.Sigma = "gaussian", 1
	with(t, Vamp(), &VampConfig{Config: c, Components: 1}, []int64{5}, func(m model.Model) {
		v, x := m.(*vamp), torchtest.Wave(1, 5, 0, 1)
		torch.NoGrad(func() {
			v.Pseudo.Weight.Fill_(0)
			v.DataInit(model.Batch{X: x})
		})
		out := v.Loss(&model.Context{Train: true, Noise: torchtest.NewDraws(torchtest.Wave(1, 3, 2, 1))}, model.Batch{X: x})
		torchtest.Near(t, "kl", out.Metrics[1].Value, 1e-12, 0)
		torchtest.Near(t, "loss", out.Loss, 1e-12, out.Metrics[0].Value.Item())
	})
}

// The likelihood that evaluation bounds has the mixture as its prior: its ELBO is the loss
// but for the constant of p(x|z).
func TestVampBoundsWithItsOwnPrior(t *testing.T) {
	c := mlpConfig()
	with(t, Vamp(), &VampConfig{Config: c, Components: 4}, []int64{5}, func(m model.Model) {
		v, x := m.(*vamp), torchtest.Wave(6, 5, 0, 0.5).AddScalar(0.5)
		noise := func() model.Noise { return torchtest.NewDraws(torchtest.Wave(1, 18, 2, 1)) }
		out := v.Loss(&model.Context{Noise: noise()}, model.Batch{X: x})
		mu, s := v.posterior(x)
		z := sample(mu, s, noise())
		posterior := logNormal(z.Sub(mu).Square().Mul(s.Neg().Exp()).Add(s))
		torchtest.Near(t, "ELBO", posterior.Sub(v.LogJoint(x, z)).Mean(), 1e-10, out.Loss.Item())
		if z := v.Draw(10, noise()); z.Size(0) != 10 || z.Size(1) != 3 {
			t.Errorf("draws of the prior have shape %v", z.Shape())
		}
	})
}
