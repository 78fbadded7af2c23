package vae

import (
	"math"
	"testing"

	"github.com/gotrainer/trainer/pkg/internal/torchtest"
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/torch"
)

// With unit variances both factors of the joint density are normal densities.
func TestTheJointDensityHasAllConstants(t *testing.T) {
	c := mlpConfig()
	c.Likelihood, c.Sigma = "gaussian", 1
	with(t, VAE(), &PlainConfig{Config: c}, []int64{5}, func(m model.Model) {
		n := m.(*plain).Net
		x, z := torchtest.Wave(4, 5, 0, 1), torchtest.Wave(4, 3, 1, 1)
		e := x.Sub(n.Generate(z))
		square := e.Square().SumDim([]int64{1}, false).Add(z.Square().SumDim([]int64{1}, false))
		want := square.AddScalar((5 + 3) * math.Log(2*math.Pi)).MulScalar(-0.5)
		torchtest.Near(t, "ln p(x, z)", n.LogJoint(x, z), 1e-9, want.Float64s()...)
		if n.Measures() != "density" {
			t.Errorf("a gaussian measures %s", n.Measures())
		}
	})
}

// A bernoulli is a probability: over all x of zeros and ones it sums to the prior of z.
func TestTheJointProbabilityOfZerosAndOnesSumsToThePrior(t *testing.T) {
	c := mlpConfig()
	with(t, VAE(), &PlainConfig{Config: c}, []int64{3}, func(m model.Model) {
		n := m.(*plain).Net
		var all []float64
		for i := range 8 {
			all = append(all, float64(i&1), float64(i>>1&1), float64(i>>2))
		}
		z := torchtest.Wave(1, 3, 1, 1)
		joint := n.LogJoint(torch.FromFloat64s(all, []int64{8, 3}), z.Expand([]int64{8, 3}))
		prior := z.Square().Sum().AddScalar(3 * math.Log(2*math.Pi)).MulScalar(-0.5)
		torchtest.Near(t, "Σ_x p(x, z)", joint.LogSumExp([]int64{0}, false), 1e-9, prior.Item())
	})
}
