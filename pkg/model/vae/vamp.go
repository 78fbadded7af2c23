package vae

import (
	"math"

	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

// vamp is the VAE with the VampPrior of Tomczak and Welling 2017 (arXiv 1705.07120, eq. 9):
// the prior is a mixture of the posteriors of C pseudo-inputs u_c, which are learned,
//
//	loss = mean_B( R + ln q(z|x) - ln p(z) ),  p(z) = 1/C Σ_c q(z|u_c)
//
// with one draw of z, so that the KL term of a sample may be negative.
type vamp struct {
	*Net   `torch:""`
	Pseudo *nn.Linear `torch:"pseudo_inputs"` // of the unit vectors of C dimensions: weight [D, C], bias [D]
	unit   bool       // pseudo-inputs are limited to [0, 1], as the data are
	blind  bool       // they begin without the data
}

// VampConfig adds the mixture.
type VampConfig struct {
	Compat     `yaml:",inline"`
	Config     `yaml:",inline"`
	Components int64 `yaml:"components" default:"50" check:"min=1" doc:"the number of pseudo-inputs: each is encoded in each step"`
}

// Validate finds what does not go together.
func (c *VampConfig) Validate() []string {
	return c.KL.noFreeBits("the KL term of vamp is of one draw, and has no part of each dimension")
}

// Vamp is the registry line.
func Vamp() model.Variant {
	return model.Variant{Type: "vae", Name: "vamp", Params: func() any { return new(VampConfig) }, Build: buildVamp}
}

func buildVamp(params any, in model.Inputs, o nn.Options) (model.Model, error) {
	c := params.(*VampConfig)
	net, err := newNet(c.Config, in, o)
	if err != nil {
		return nil, err
	}
	m := &vamp{Net: net, Pseudo: new(nn.Linear), unit: c.Likelihood == "bernoulli" || c.Likelihood == "categorical"}
	if c.pythae() {
		m.Pseudo, m.unit, m.blind = nn.NewLinear(c.Components, in.Dim(), nn.WithBias, o), true, true
		return m, nil
	}
	m.Pseudo.Weight = o.Param([]int64{in.Dim(), c.Components}, func(t *torch.Tensor) { t.Normal_(0, 0.01) })
	m.Pseudo.Bias = o.Param([]int64{in.Dim()}, func(t *torch.Tensor) { t.Fill_(0) })
	return m, nil
}

// DataInit puts the pseudo-inputs around the mean of the first batch; pythae's are drawn.
func (m *vamp) DataInit(b model.Batch) {
	if m.blind {
		return
	}
	m.Pseudo.Bias.Copy_(b.X.Flatten(1, -1).MeanDim([]int64{0}, false))
}

// inputs are the pseudo-inputs, [C, …sample shape].
func (m *vamp) inputs() *torch.Tensor {
	u := m.Pseudo.Weight.Transpose(0, 1).Add(m.Pseudo.Bias)
	if m.unit {
		u = u.Clamp(0, 1)
	}
	return u.Reshape(append([]int64{-1}, m.shape...))
}

// components are the normals that the prior mixes: mu and s, both [C, K].
func (m *vamp) components(training bool) (mu, s *torch.Tensor) {
	mu, logvar := m.heads(m.inputs(), training)
	return mu, logvar.Clamp(minLogVar, maxLogVar)
}

// logPrior is ln p(z) of codes z [B, K]: [B].
func (m *vamp) logPrior(z *torch.Tensor, training bool) *torch.Tensor {
	mu, s := m.components(training)
	c := mu.Size(0)
	density, _ := z.NormalMixture(mu, s, torch.Full([]int64{z.Size(0), c}, -math.Log(float64(c)), torch.Like(z)))
	return density
}

// logNormal is the log density of normals whose dimensions, the last, have (z - mu)²/σ² + ln σ².
func logNormal(terms *torch.Tensor) *torch.Tensor {
	return terms.AddScalar(math.Log(2*math.Pi)).SumDim([]int64{-1}, false).MulScalar(-0.5)
}

// Loss is the negative ELBO with the mixture as its prior; metrics: recon, kl.
func (m *vamp) Loss(c *model.Context, b model.Batch) model.Output {
	p := m.pass(c, b.X)
	posterior := logNormal(p.z.Sub(p.mu).Square().Mul(p.s().Neg().Exp()).Add(p.s()))
	p.kl = posterior.Sub(m.logPrior(p.z, c.Train))
	return m.loss(c, p, p.kl.Mean())
}

// LogJoint is ln p(x|z) + ln p(z) of each sample, [B], with all constants, in nats.
func (m *vamp) LogJoint(x, z *torch.Tensor) *torch.Tensor {
	constant := float64(perSample(x)) * m.likelihood.constant()
	return m.logPrior(z, false).Sub(m.likelihood.nll(m.decode(z, false), x).AddScalar(constant))
}

// Draw gives n codes of the prior, [n, K]: the components in turn.
func (m *vamp) Draw(n int64, noise model.Noise) *torch.Tensor {
	mu, s := m.components(false)
	z := make([]*torch.Tensor, 0, n/mu.Size(0)+1)
	for have := int64(0); have < n; have += mu.Size(0) {
		z = append(z, sample(mu, s, noise))
	}
	return torch.Cat(z, 0).Narrow(0, 0, n)
}
