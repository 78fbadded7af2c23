package vae

import (
	"math"

	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

// sigmaVAE is the σ-VAE of Rybkin et al. 2020 (arXiv 2006.13202): a Gaussian likelihood
// with one σ for all numbers of all samples, which weighs R against KL by itself,
//
//	loss = mean_B( Σ_D ½ (x - m)²/σ² + ln σ  + KL )
//	optimal: σ² = mean_{B,D} (x - m)², of the batch at hand, and no gradient flows through it
//	learned: ln σ = softclip(g) for a parameter g
//
// With the optimal σ² the gradient in m is the same whether it flows through σ² or not.
type sigmaVAE struct {
	*Net     `torch:""`
	LogSigma *torch.Tensor `torch:"log_sigma"` // g, []; nil for the optimal σ
}

// SigmaConfig has the way to σ in place of a likelihood.
type SigmaConfig struct {
	Network `yaml:",inline"`
	Sigma   string `yaml:"sigma" default:"optimal" check:"oneof=optimal|learned" doc:"the standard deviation of the Gaussian likelihood: optimal is that of the batch's errors, learned is a parameter"`
	KL      KL     `yaml:"kl" doc:"how the KL term enters the loss"`
}

// SigmaVAE is the registry line.
func SigmaVAE() model.Variant {
	return model.Variant{Type: "vae", Name: "sigma_vae", Params: func() any { return new(SigmaConfig) }, Build: buildSigma}
}

func buildSigma(params any, in model.Inputs, o nn.Options) (_ model.Model, err error) {
	c, m := params.(*SigmaConfig), &sigmaVAE{}
	if c.Sigma == "learned" {
		m.LogSigma = o.Param([]int64{}, func(t *torch.Tensor) { t.Fill_(0) })
	}
	m.Net, err = netFor(oneSigma{g: m.LogSigma}, c.Network, c.KL, in, o)
	return m, err
}

// Loss has the batch's own σ in evaluation too where σ is optimal; metrics: recon, kl,
// sigma.
func (m *sigmaVAE) Loss(c *model.Context, b model.Batch) model.Output {
	p := m.pass(c, b.X)
	sigma := m.likelihood.(oneSigma).log(p.out.Detach().GaussianNLL(b.X), b.X).Detach().Exp()
	return m.loss(c, p, m.kl.divergence(p), model.Metric{Name: "sigma", Value: sigma})
}

// oneSigma is the Gaussian likelihood with a σ of its own: e^softclip(g), or the optimal
// one where g is nil.
type oneSigma struct {
	gaussian
	g *torch.Tensor
}

// minLogSigma keeps σ from 0, where an autoencoder without errors would end.
const minLogSigma = -6

// log is ln σ, given half of the squared errors of each sample; softclip(g) is
// -6 + softplus(g + 6).
func (s oneSigma) log(half, x *torch.Tensor) *torch.Tensor {
	if s.g != nil {
		return s.g.AddScalar(-minLogSigma).Softplus().AddScalar(minLogSigma)
	}
	variance := half.Detach().Mean().MulScalar(2 / float64(perSample(x)))
	return variance.ClampMin(math.Exp(2 * minLogSigma)).Log().MulScalar(0.5)
}

func (s oneSigma) nll(out, x *torch.Tensor) *torch.Tensor {
	half := out.GaussianNLL(x)
	log := s.log(half, x)
	return half.Mul(log.MulScalar(-2).Exp()).Add(log.MulScalar(float64(perSample(x))))
}
