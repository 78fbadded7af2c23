package vae

import (
	"math"

	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

// iwae is the importance-weighted autoencoder of Burda et al. 2015 (arXiv 1509.00519):
//
//	loss = -mean_B( ln 1/S Σ_s w_s ),  ln w_s = ln p(x|z_s) + ln p(z_s) - ln q(z_s|x)
//
// with S draws z_s of q(z|x). A schedule weighs ln p(z) - ln q(z|x). The loss is the bound
// itself, negated, not a surrogate with its gradient.
//
// With dreg the encoder has the doubly reparameterised gradient of Tucker et al. 2018
// (arXiv 1810.04152, eq. 8), whose variance does not drown it for many draws: q's
// parameters are held in ln q(z|x), and the gradient that z_s gets is multiplied by its
// normalised weight w~_s. With the weight v of a schedule that factor is 1 - v + v·w~_s, by
// the same identity. The decoder's gradient stays that of the bound.
type iwae struct {
	*Net    `torch:""`
	samples int64
	dreg    bool
	value   func(bound, logw *torch.Tensor) *torch.Tensor // of the loss
}

// IWAEConfig adds the draws.
type IWAEConfig struct {
	Compat  `yaml:",inline"`
	Config  `yaml:",inline"`
	Samples int64 `yaml:"samples" default:"10" check:"min=1" doc:"the draws of the code for each sample; time and memory of the decoder grow with it"`
	DReG    bool  `yaml:"dreg" default:"false" doc:"the doubly reparameterised gradient for the encoder, which has less variance with many draws"`
}

// Validate finds what does not go together.
func (c *IWAEConfig) Validate() []string {
	return c.KL.noFreeBits("iwae has no KL term, only draws of it")
}

// IWAE is the registry line.
func IWAE() model.Variant {
	return model.Variant{Type: "vae", Name: "iwae", Params: func() any { return new(IWAEConfig) }, Build: buildIWAE}
}

func buildIWAE(params any, in model.Inputs, o nn.Options) (model.Model, error) {
	c := params.(*IWAEConfig)
	net, err := newNet(c.Config, in, o)
	if err != nil {
		return nil, err
	}
	m := &iwae{Net: net, samples: c.Samples, dreg: c.DReG, value: func(bound, _ *torch.Tensor) *torch.Tensor { return bound.Neg() }}
	if c.pythae() {
		m.value = surrogate
	}
	return m, nil
}

// Loss draws S codes in evaluation too; metrics: recon and kl of the plain ELBO, bound.
func (m *iwae) Loss(c *model.Context, b model.Batch) model.Output {
	mu, logvar := m.heads(b.X, c.Train)
	s := logvar.Clamp(minLogVar, maxLogVar)
	d := m.draw(c, mu, s)
	nll := m.likelihood.nll(m.decode(d.z.Flatten(0, 1), c.Train), m.repeat(b.X)).Reshape([]int64{m.samples, -1})
	metrics := []model.Metric{{Name: "recon", Value: nll.Detach().Mean()}, {Name: "kl", Value: klOfDims(mu, s).Detach().SumDim([]int64{1}, false).Mean()}}
	weight, logw := torch.Scalar(1, torch.Like(nll)), nll.Neg().Sub(d.ratio)
	bound := m.bound(logw)
	metrics = append(metrics, model.Metric{Name: "bound", Value: bound.Detach()})
	if m.kl.scheduled() {
		weight = m.kl.weight(c, nll)
		logw = nll.Neg().Sub(d.ratio.Mul(weight))
		bound, metrics = m.bound(logw), append(metrics, model.Metric{Name: "kl_weight", Value: weight})
	}
	if d.factor != nil {
		share := logw.Detach().Softmax(0)
		d.factor.Copy_(share.AddScalar(-1).Mul(weight).AddScalar(1).Unsqueeze(2))
	}
	return model.Output{Loss: m.value(bound, logw), Metrics: metrics}
}

// surrogate is what pythae reports: -mean_B Σ_s w~_s ln w_s with w~ held. It has the gradient of
// the negated bound, and another value.
func surrogate(_, logw *torch.Tensor) *torch.Tensor {
	return logw.Detach().Softmax(0).Mul(logw).SumDim([]int64{0}, false).Mean().Neg()
}

// draws are the codes of a batch.
type draws struct {
	z      *torch.Tensor // [S, B, K]
	ratio  *torch.Tensor // ln q(z|x) - ln p(z), [S, B]
	factor *torch.Tensor // what z's gradient is multiplied by, [S, B, 1], to be filled in; nil for none
}

func (m *iwae) draw(c *model.Context, mu, s *torch.Tensor) (d draws) {
	shape := append([]int64{m.samples}, mu.Shape()...)
	eps := c.Noise.Randn([]int64{shape[0] * shape[1], shape[2]}, mu).Reshape(shape)
	sigma := s.MulScalar(0.5).Exp()
	d.z = mu.Add(sigma.Mul(eps))
	if m.dreg && c.Train {
		d.factor = torch.Empty([]int64{shape[0], shape[1], 1}, torch.Like(mu))
		d.z = d.z.ScaleGrad(d.factor)
		s, eps = s.Detach(), d.z.Sub(mu.Detach()).Div(sigma.Detach())
	}
	d.ratio = d.z.Square().Sub(eps.Square()).Sub(s).SumDim([]int64{2}, false).MulScalar(0.5)
	return d
}

// repeat is S copies of the batch, [S·B, …].
func (m *iwae) repeat(x *torch.Tensor) *torch.Tensor {
	return x.Unsqueeze(0).Expand(append([]int64{m.samples}, x.Shape()...)).Flatten(0, 1)
}

// bound is mean_B ln 1/S Σ_s w_s for ln w [S, B].
func (m *iwae) bound(logw *torch.Tensor) *torch.Tensor {
	return logw.LogSumExp([]int64{0}, false).AddScalar(-math.Log(float64(m.samples))).Mean()
}
