package vae

import (
	"testing"

	"github.com/gotrainer/trainer/pkg/internal/torchtest"
	"github.com/gotrainer/trainer/pkg/torch"
)

// The value was computed from the formula in float64, and is pythae's.
func TestMMDGolden(t *testing.T) {
	torchtest.Run(t, func() error {
		mu, s, eps, p := torchtest.Wave(4, 3, 0, 1), torchtest.Wave(4, 3, 0.5, 0.5), torchtest.Wave(4, 3, 2, 1), torchtest.Wave(4, 3, 3, 1)
		z := sample(mu, s, torchtest.Eps{Value: eps})
		one := MMD{Kernel: "imq", Bandwidth: 1, Scales: []float64{1}}
		torchtest.Near(t, "MMD", one.between(z, p), 1e-6, -0.032159)
		torchtest.Near(t, "MMD with the prior", one.toPrior(z, torchtest.Eps{Value: p}), 1e-6, -0.032159)
		torchtest.Near(t, "MMD the other way round", one.between(p, z), 1e-12, one.between(z, p).Item())
		return nil
	})
}

// One sample cannot be compared with another, and its gradient is still a number.
func TestMMDOfOneSample(t *testing.T) {
	torchtest.Run(t, func() error {
		z := torchtest.Wave(1, 3, 0, 1)
		for _, m := range []MMD{{Kernel: "rbf", Bandwidth: 1}, {Kernel: "imq", Bandwidth: 1, Scales: []float64{1, 2}}} {
			torchtest.Near(t, "MMD", m.toPrior(z, torchtest.NewDraws(torch.Ones([]int64{3}))), 0, 0)
		}
		return nil
	})
}

// Codes that follow the prior have a discrepancy around 0; codes at one place have not.
func TestMMDTellsDistributionsApart(t *testing.T) {
	torchtest.Run(t, func() error {
		torch.Seed(3)
		a, b := torch.Randn([]int64{300, 4}, nil), torch.Randn([]int64{300, 4}, nil)
		for _, m := range []MMD{{Kernel: "rbf", Bandwidth: 1}, {Kernel: "imq", Bandwidth: 1, Scales: []float64{0.5, 1, 2}}} {
			same, shifted := m.between(a, b).Item(), m.between(a.AddScalar(1), b).Item()
			if !(same < 0.02 && same > -0.02 && shifted > 5*0.02) {
				t.Errorf("%s: %v for the same distribution, %v for a shifted one", m.Kernel, same, shifted)
			}
		}
		return nil
	})
}
