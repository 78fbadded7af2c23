package vae

import (
	"slices"

	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

// coder is an autoencoder without a distribution of its code: z = mu(encoder(x)). It has
// no prior to draw from, and no logvar.
type coder struct {
	Net *Net `torch:""`
}

// CoderConfig is what variants with such a code are built from.
type CoderConfig struct {
	Network     `yaml:",inline"`
	Observation `yaml:",inline"`
}

func newCoder(c CoderConfig, in model.Inputs, o nn.Options) (*coder, error) {
	like, err := newLikelihood(c.Likelihood, c.Sigma)
	if err != nil {
		return nil, err
	}
	halves, err := plan(c.Network, like.outputs(), in, o)
	if err != nil {
		return nil, err
	}
	n := &Net{shape: slices.Clone(in.Shape), flat: halves.flat, likelihood: like}
	n.Encoder = nn.NewSequential("encoder", halves.encoder()...)
	n.Mu = nn.NewLinear(halves.width, c.LatentDim, nn.WithBias, o)
	n.Decoder = nn.NewSequential("decoder", halves.decoder()...)
	return &coder{n}, nil
}

// pass is the code of x, [B, K], and -ln p(target|z) of each sample, [B].
func (m *coder) pass(c *model.Context, x, target *torch.Tensor) (z, recon *torch.Tensor) {
	h := m.Net.hidden(x, c.Train)
	z = torch.In("mu", func() *torch.Tensor { return m.Net.Mu.Forward(h, c.Train) }).To(x.DType())
	return z, m.Net.likelihood.nll(m.Net.decode(z, c.Train), target)
}

// CheckData says whether the likelihood is one of data such as x.
func (m *coder) CheckData(x *torch.Tensor) error { return m.Net.CheckData(x) }

// Embed is the code of each sample, [B, K].
func (m *coder) Embed(x *torch.Tensor, what string, _ model.Noise) (*torch.Tensor, error) {
	if what != "" && what != "mean" {
		return nil, model.Mistakef("output.what: found %q, but the encoder of this variant gives no distribution: it has mean alone", what)
	}
	return m.Net.mean(x), nil
}

// Predict is the reconstruction, [B, …sample shape], in the units of the input.
func (m *coder) Predict(x *torch.Tensor) *torch.Tensor { return m.Net.Predict(x) }

// Reconstructs says that predictions are in the data's units and shape.
func (m *coder) Reconstructs() bool { return true }
