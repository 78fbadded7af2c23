package vae

import (
	"slices"

	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

// conditional is the conditional VAE of Sohn, Lee and Yan 2015 (NeurIPS, eq. 4): encoder and
// decoder are given the class y of a sample as e(y),
//
//	loss = mean_B( R + KL(q(z|x, y) ‖ p(z|y)) ),  R = -log p(x|z, y)
//
// where e is one-hot or a learned embedding, and p(z|y) is N(0, I) or a learned normal of each
// class. To an image e(y) is added as constant channels.
type conditional struct {
	PriorMu     *torch.Tensor `torch:"prior_mu"`     // [classes, K]; nil for N(0, I)
	PriorLogVar *torch.Tensor `torch:"prior_logvar"` // [classes, K]
	Labels      *nn.Embedding `torch:"labels"`       // nil for one-hot
	Net         *Net          `torch:""`
	classes     int64
}

// ConditionalConfig adds what is made of a label.
type ConditionalConfig struct {
	Config   `yaml:",inline"`
	Labels   string `yaml:"labels" default:"one_hot" check:"oneof=one_hot|embedding" doc:"how encoder and decoder are given the class of a sample"`
	LabelDim int64  `yaml:"label_dim" default:"16" check:"min=1" when:"labels=embedding" doc:"the numbers of an embedded class"`
	Prior    string `yaml:"prior" default:"standard" check:"oneof=standard|label" doc:"the distribution of the code: N(0, I), or a learned normal of each class"`
}

// Validate finds what does not go together.
func (c *ConditionalConfig) Validate() []string {
	if c.Prior == "label" {
		return c.KL.noFreeBits("with prior: label the KL term is not one of N(0, I)")
	}
	return nil
}

// CVAE is the registry line.
func CVAE() model.Variant {
	return model.Variant{Type: "vae", Name: "cvae", Params: func() any { return new(ConditionalConfig) }, Build: buildConditional}
}

func buildConditional(params any, in model.Inputs, o nn.Options) (model.Model, error) {
	c := params.(*ConditionalConfig)
	switch {
	case in.LabelShape == nil:
		return nil, model.Mistakef("model.variant: cvae is given the class of each sample, and the data have no labels; give data.labels, or another variant")
	case in.Classes < 2:
		return nil, model.Mistakef("model.variant: cvae needs labels that number classes 0, 1, …; the data's labels of shape %v do not", in.LabelShape)
	}
	m := &conditional{classes: int64(in.Classes)}
	zero := func(t *torch.Tensor) { t.Fill_(0) }
	if c.Prior == "label" {
		shape := []int64{m.classes, c.LatentDim}
		m.PriorMu, m.PriorLogVar = o.Param(shape, zero), o.Param(shape, zero)
	}
	width := m.classes
	if c.Labels == "embedding" {
		width = c.LabelDim
		m.Labels = nn.NewEmbedding(m.classes, width, o)
	}
	var err error
	m.Net, err = newConditionalNet(c.Config, width, in, o)
	return m, err
}

// newConditionalNet is the network whose encoder and decoder take width numbers more.
func newConditionalNet(c Config, width int64, in model.Inputs, o nn.Options) (*Net, error) {
	like, err := newLikelihood(c.Likelihood, c.Sigma)
	if err != nil {
		return nil, err
	}
	alone, err := plan(c.Network, like.outputs(), in, o) // finds what does not fit
	if err != nil {
		return nil, err
	}
	wider := in
	if alone.flat {
		wider.Shape = []int64{in.Dim() + width}
	} else {
		wider.Shape = []int64{in.Shape[0] + width, in.Shape[1], in.Shape[2]}
	}
	down, err := plan(c.Network, like.outputs(), wider, o)
	if err != nil {
		return nil, err
	}
	network := c.Network
	network.LatentDim += width
	up, err := plan(network, like.outputs(), in, o)
	if err != nil {
		return nil, err
	}
	n := &Net{shape: slices.Clone(in.Shape), flat: alone.flat, likelihood: like, kl: c.KL}
	n.Encoder = nn.NewSequential("encoder", down.encoder()...)
	n.Mu = nn.NewLinear(down.width, c.LatentDim, nn.WithBias, o)
	n.LogVar = nn.NewLinear(down.width, c.LatentDim, nn.WithBias, o)
	n.Decoder = nn.NewSequential("decoder", up.decoder()...)
	return n, nil
}

// label is e(y) of classes y [B], of the dtype of like: [B, width].
func (m *conditional) label(y, like *torch.Tensor) *torch.Tensor {
	if m.Labels != nil {
		return m.Labels.Forward(y, false)
	}
	return y.Unsqueeze(1).Eq(torch.Arange(m.classes, torch.Like(y))).To(like.DType())
}

// heads are mu and the log variance of q(z|x, y), both [B, K].
func (m *conditional) heads(x, e *torch.Tensor, training bool) (mu, logvar *torch.Tensor) {
	if m.Net.flat {
		return m.Net.heads(torch.Cat([]*torch.Tensor{x.Flatten(1, -1), e}, 1), training)
	}
	b, width := e.Size(0), e.Size(1)
	channels := e.Reshape([]int64{b, width, 1, 1}).Expand([]int64{b, width, x.Size(2), x.Size(3)})
	return m.Net.heads(torch.Cat([]*torch.Tensor{x, channels}, 1), training)
}

func (m *conditional) decode(z, e *torch.Tensor, training bool) *torch.Tensor {
	return m.Net.decode(torch.Cat([]*torch.Tensor{z, e}, 1), training)
}

// Loss is the negative ELBO of samples given their classes; metrics: recon, kl.
func (m *conditional) Loss(c *model.Context, b model.Batch) model.Output {
	e := m.label(b.Y, b.X)
	p := pass{}
	p.mu, p.logvar = m.heads(b.X, e, c.Train)
	p.z, p.kl = p.mu.NormalPosterior(p.logvar, c.Noise.Randn(p.mu.Shape(), p.mu), minLogVar, maxLogVar)
	p.recon = m.Net.likelihood.nll(m.decode(p.z, e, c.Train), b.X)
	if m.PriorMu == nil {
		return m.Net.loss(c, p, m.Net.kl.divergence(p))
	}
	mu, s := m.prior(b.Y, p.mu)
	p.kl = between(p.mu, p.s(), mu, s)
	return m.Net.loss(c, p, p.kl.Mean())
}

// prior is mu and s of p(z|y) for classes y [B], of the dtype of like, both [B, K].
func (m *conditional) prior(y, like *torch.Tensor) (mu, s *torch.Tensor) {
	if m.PriorMu == nil {
		zero := torch.Zeros([]int64{y.Size(0), m.Net.Mu.Weight.Size(0)}, torch.Like(like))
		return zero, zero
	}
	at := y.To(torch.Int64)
	return m.PriorMu.IndexSelect(0, at), m.PriorLogVar.IndexSelect(0, at).Clamp(minLogVar, maxLogVar)
}

// between is KL(N(mu, exp s) ‖ N(m, exp r)) of each row, [B].
func between(mu, s, m, r *torch.Tensor) *torch.Tensor {
	terms := s.Exp().Add(mu.Sub(m).Square()).Mul(r.Neg().Exp()).Add(r).Sub(s).AddScalar(-1)
	return terms.SumDim([]int64{1}, false).MulScalar(0.5)
}

// CheckData says whether the likelihood is one of data such as x.
func (m *conditional) CheckData(x *torch.Tensor) error { return m.Net.CheckData(x) }

// EmbedGiven is the code of each sample and its class y [B]: mean (the default) and sample
// are [B, K], mean_logvar is [B, 2K].
func (m *conditional) EmbedGiven(x, y *torch.Tensor, what string, noise model.Noise) (*torch.Tensor, error) {
	mu, logvar := m.heads(x, m.label(y, x), false)
	s := logvar.Clamp(minLogVar, maxLogVar)
	switch what {
	case "", "mean":
		return mu, nil
	case "sample":
		return sample(mu, s, noise), nil
	case "mean_logvar":
		return torch.Cat([]*torch.Tensor{mu, s}, 1), nil
	}
	return nil, model.Mistakef("output.what: found %q, a vae has mean, sample and mean_logvar", what)
}

// PredictGiven is the reconstruction at the mean of q(z|x, y), [B, …sample shape], in the
// units of the input.
func (m *conditional) PredictGiven(x, y *torch.Tensor) *torch.Tensor {
	e := m.label(y, x)
	mu, _ := m.heads(x, e, false)
	return m.Net.likelihood.mean(m.decode(mu, e, false))
}

// LogJointGiven is ln p(x|z, y) + ln p(z|y) of each sample, [B], with all constants, in nats.
func (m *conditional) LogJointGiven(x, y, z *torch.Tensor) *torch.Tensor {
	constant := float64(perSample(x)) * m.Net.likelihood.constant()
	nll := m.Net.likelihood.nll(m.decode(z, m.label(y, x), false), x).AddScalar(constant)
	mu, s := m.prior(y, z)
	return logNormal(z.Sub(mu).Square().Mul(s.Neg().Exp()).Add(s)).Sub(nll)
}

// Measures says what p(x|z, y) is.
func (m *conditional) Measures() string { return m.Net.Measures() }

// GenerateGiven is the mean of p(x|z, y) for codes z [B, K] and classes y [B]: [B, …sample
// shape], in the units of the input.
func (m *conditional) GenerateGiven(z, y *torch.Tensor) *torch.Tensor {
	return m.Net.likelihood.mean(m.decode(z, m.label(y, z), false))
}

// PriorGiven draws a code of p(z|y) for each class y [B]: [B, K].
func (m *conditional) PriorGiven(y *torch.Tensor, noise model.Noise) *torch.Tensor {
	mu, s := m.prior(y, m.Net.Mu.Weight)
	return sample(mu, s, noise)
}

// Reconstructs says that predictions are in the data's units and shape.
func (m *conditional) Reconstructs() bool { return true }
