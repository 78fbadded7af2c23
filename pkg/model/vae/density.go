package vae

import (
	"math"

	"github.com/gotrainer/trainer/pkg/torch"
)

// LogJoint is ln p(x|z) + ln p(z) of each sample, [B], p(z) = N(0, I), with all constants,
// in nats: a variant with another prior has its own. z is [B, K].
func (n *Net) LogJoint(x, z *torch.Tensor) *torch.Tensor {
	constant := float64(perSample(x))*n.likelihood.constant() + float64(z.Size(1))*0.5*math.Log(2*math.Pi)
	prior := z.Square().SumDim([]int64{1}, false).MulScalar(0.5)
	return n.likelihood.nll(n.decode(z, false), x).Add(prior).AddScalar(constant).Neg()
}

// Measures says what p(x|z) is.
func (n *Net) Measures() string { return n.likelihood.measures() }
