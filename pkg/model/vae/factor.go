package vae

import (
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

// factor is the FactorVAE of Kim and Mnih 2018 (arXiv 1802.05983, algorithm 2): a
// discriminator D learns to tell codes from codes whose dimensions are permuted over the
// batch, and what it tells is the total correlation of the dimensions,
//
//	loss = mean_B( R + KL + γ·TC ),  TC = ln D(z)/(1 - D(z)) = d(z)
//
// where d is the difference of its two logits. Its own loss is the mean of both cross
// entropies,
//
//	½ mean( -ln D(z) - ln(1 - D(z')) ),  z' permuted codes of other samples
//
// on codes without history: encoder and discriminator have an optimizer each. Half of a
// batch trains the autoencoder and is z of the discriminator, the other half gives z'.
type factor struct {
	*Net          `torch:""`
	Discriminator *nn.Sequential `torch:"discriminator"`
	gamma         float64
	opt           model.Adam
}

// FactorConfig adds the weight and the discriminator.
type FactorConfig struct {
	Config        `yaml:",inline"`
	Gamma         float64       `yaml:"gamma" default:"6.0" check:"min=0" doc:"the weight of the total correlation; half of a batch trains the autoencoder and the other half its discriminator, so that data.batch_size counts both"`
	Discriminator Discriminator `yaml:"discriminator" doc:"the network that tells codes from permuted ones, and its optimizer (Adam)"`
}

// Discriminator describes it.
type Discriminator struct {
	HiddenDims []int64   `yaml:"hidden_dims" default:"[1000, 1000, 1000, 1000, 1000]" check:"minlen=1,min=1" doc:"the widths of its hidden layers, with leaky ReLU (slope 0.2) after each"`
	LR         float64   `yaml:"lr" default:"0.0001" check:"gt=0" doc:"its learning rate, constant"`
	Betas      []float64 `yaml:"betas" default:"[0.5, 0.9]" check:"min=0,lt=1" doc:"the decay of its two moments"`
}

// Validate finds what does not go together.
func (c *FactorConfig) Validate() (problems []string) {
	if len(c.Discriminator.Betas) != 2 {
		problems = append(problems, "discriminator.betas: Adam has two; give two numbers")
	}
	return problems
}

// FactorVAE is the registry line.
func FactorVAE() model.Variant {
	return model.Variant{Type: "vae", Name: "factor_vae", Params: func() any { return new(FactorConfig) }, Build: buildFactor}
}

func buildFactor(params any, in model.Inputs, o nn.Options) (model.Model, error) {
	c := params.(*FactorConfig)
	net, err := newNet(c.Config, in, o)
	if err != nil {
		return nil, err
	}
	d := c.Discriminator
	layers := append(linears(c.LatentDim, d.HiddenDims, nn.LeakyReLU(0.2), o), nn.NewLinear(last(d.HiddenDims), 2, nn.WithBias, o))
	return &factor{
		Net: net, Discriminator: nn.NewSequential("discriminator", layers...), gamma: c.Gamma,
		opt: model.Adam{LR: d.LR, Beta1: d.Betas[0], Beta2: d.Betas[1]},
	}, nil
}

// Adversary is the discriminator with its optimizer.
func (m *factor) Adversary() (part any, o model.Adam) { return m.Discriminator, m.opt }

// Loss is the negative ELBO and the total correlation that the discriminator sees; metrics:
// recon, kl, tc, discriminator (its loss on these codes: ln 2 where it tells nothing).
func (m *factor) Loss(c *model.Context, b model.Batch) model.Output {
	x := b.X
	if c.Train {
		x, _ = halves(x)
	}
	p := m.pass(c, x)
	d := m.difference(p.z, c.Train)
	tc := d.Mean()
	var tells *torch.Tensor
	torch.NoGrad(func() { tells = crossEntropies(d.Detach(), m.difference(permuted(p.z.Detach(), c.Noise), c.Train)) })
	out := m.loss(c, p, m.kl.divergence(p), model.Metric{Name: "tc", Value: tc.Detach()}, model.Metric{Name: "discriminator", Value: tells})
	out.Loss = out.Loss.Add(tc.MulScalar(m.gamma))
	return out
}

// AdversaryLoss is the discriminator's, on fresh codes of the batch.
func (m *factor) AdversaryLoss(c *model.Context, b model.Batch) *torch.Tensor {
	var z, other *torch.Tensor
	torch.NoGrad(func() {
		mu, logvar := m.heads(b.X, c.Train)
		z, other = halves(sample(mu, logvar.Clamp(minLogVar, maxLogVar), c.Noise))
		other = permuted(other, c.Noise)
	})
	return crossEntropies(m.difference(z, c.Train), m.difference(other, c.Train))
}

// halves are the samples of two batches in one; too few to permute are both.
func halves(t *torch.Tensor) (first, second *torch.Tensor) {
	n := t.Size(0)
	if n < 4 {
		return t, t
	}
	return t.Narrow(0, 0, n-n/2), t.Narrow(0, n-n/2, n/2)
}

// permuted is z with each column in an order of its own.
func permuted(z *torch.Tensor, noise model.Noise) *torch.Tensor {
	_, order := noise.Randn(z.Shape(), z).Sort(0, false)
	return z.Gather(0, order)
}

// difference is d(z) of codes [B, K]: the logit of codes minus that of permuted ones, [B].
func (m *factor) difference(z *torch.Tensor, training bool) *torch.Tensor {
	logits := m.Discriminator.Forward(z, training).To(z.DType())
	return logits.Narrow(1, 0, 1).Sub(logits.Narrow(1, 1, 1)).Squeeze(1)
}

// crossEntropies is the discriminator's loss of d of codes and d of permuted ones.
func crossEntropies(codes, permuted *torch.Tensor) *torch.Tensor {
	return codes.Neg().Softplus().Mean().Add(permuted.Softplus().Mean()).MulScalar(0.5)
}
