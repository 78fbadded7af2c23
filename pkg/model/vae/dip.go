package vae

import (
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

// dip is the DIP-VAE of Kumar et al. 2017 (arXiv 1711.00848, eq. 6 and 7), which draws the
// covariance C of the codes to that of the prior:
//
//	loss = mean_B( R + KL ) + λ_od Σ_{i≠j} C_ij² + λ_d Σ_i (C_ii - 1)²
//	dip_vae_i:   C = Cov_B(mu)
//	dip_vae_ii:  C = Cov_B(mu) + mean_B diag(exp s)
//
// with covariances over the batch, divided by B. The defaults of λ_d are those of
// disentanglement_lib.
type dip struct {
	*Net              `torch:""`
	offDiag, diagonal float64
	noise             bool // whether C has the variance of q(z|x)
}

// DIPIConfig adds the weights of dip_vae_i.
type DIPIConfig struct {
	Config   `yaml:",inline"`
	LambdaOD float64  `yaml:"lambda_od" default:"10" check:"min=0" doc:"the weight of the covariances between dimensions; 1 to 50 is usual"`
	LambdaD  *float64 `yaml:"lambda_d" check:"min=0" doc:"the weight of the variances' distance from 1; 10 · lambda_od by default"`
}

// DIPIIConfig adds the weights of dip_vae_ii.
type DIPIIConfig struct {
	Config   `yaml:",inline"`
	LambdaOD float64  `yaml:"lambda_od" default:"10" check:"min=0" doc:"the weight of the covariances between dimensions; 1 to 50 is usual"`
	LambdaD  *float64 `yaml:"lambda_d" check:"min=0" doc:"the weight of the variances' distance from 1; lambda_od by default"`
}

// DIPI is the registry line of dip_vae_i.
func DIPI() model.Variant {
	return model.Variant{Type: "vae", Name: "dip_vae_i", Params: func() any { return new(DIPIConfig) },
		Build: func(params any, in model.Inputs, o nn.Options) (model.Model, error) {
			c := params.(*DIPIConfig)
			return buildDIP(c.Config, dip{offDiag: c.LambdaOD, diagonal: either(c.LambdaD, 10*c.LambdaOD)}, in, o)
		}}
}

// DIPII is the registry line of dip_vae_ii.
func DIPII() model.Variant {
	return model.Variant{Type: "vae", Name: "dip_vae_ii", Params: func() any { return new(DIPIIConfig) },
		Build: func(params any, in model.Inputs, o nn.Options) (model.Model, error) {
			c := params.(*DIPIIConfig)
			return buildDIP(c.Config, dip{offDiag: c.LambdaOD, diagonal: either(c.LambdaD, c.LambdaOD), noise: true}, in, o)
		}}
}

func either(given *float64, otherwise float64) float64 {
	if given != nil {
		return *given
	}
	return otherwise
}

func buildDIP(c Config, m dip, in model.Inputs, o nn.Options) (_ model.Model, err error) {
	m.Net, err = newNet(c, in, o)
	return &m, err
}

// Loss adds the penalty, which no schedule weighs; metrics: recon, kl, dip.
func (m *dip) Loss(c *model.Context, b model.Batch) model.Output {
	p := m.pass(c, b.X)
	penalty := m.penalty(p)
	out := m.loss(c, p, m.kl.divergence(p), model.Metric{Name: "dip", Value: penalty.Detach()})
	out.Loss = out.Loss.Add(penalty)
	return out
}

func (m *dip) penalty(p pass) *torch.Tensor {
	covariance, variance := covariances(p.mu)
	if m.noise {
		variance = variance.Add(p.s().Exp().MeanDim([]int64{0}, false))
	}
	off := covariance.Square().Sum().MulScalar(m.offDiag)
	return off.Add(variance.AddScalar(-1).Square().Sum().MulScalar(m.diagonal))
}

// covariances are those of the columns of a [B, K], divided by B: between different columns
// [K, K], with zeros on the diagonal, and the variances [K]. The product is one of float64,
// which mixed precision leaves alone.
func covariances(a *torch.Tensor) (between, variances *torch.Tensor) {
	centered := a.Sub(a.MeanDim([]int64{0}, true))
	double := centered.To(torch.Float64)
	product := double.Transpose(0, 1).MatMul(double).MulScalar(1 / float64(a.Size(0)))
	return product.MaskedFill(diagonal(a.Size(1), a), 0).To(a.DType()), centered.Square().MeanDim([]int64{0}, false)
}

// diagonal is true where row and column are the same, [n, n].
func diagonal(n int64, like *torch.Tensor) *torch.Tensor {
	place := torch.Arange(n, torch.Like(like))
	return place.Unsqueeze(1).Eq(place.Unsqueeze(0))
}
