package vae

import (
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
)

// plain is the variational autoencoder of Kingma and Welling 2013 (arXiv 1312.6114):
//
//	loss = mean_B( R + KL ),  R = -log p(x|z),  z ~ q(z|x)
//
// the negative ELBO with one sample of z.
type plain struct {
	*Net `torch:""`
}

// PlainConfig has nothing beside what all have.
type PlainConfig struct {
	Compat `yaml:",inline"`
	Config `yaml:",inline"`
}

// VAE is the registry line of the plain variant.
func VAE() model.Variant {
	return model.Variant{Type: "vae", Name: "vae", Params: func() any { return new(PlainConfig) }, Build: buildPlain}
}

func buildPlain(params any, in model.Inputs, o nn.Options) (model.Model, error) {
	net, err := newNet(params.(*PlainConfig).Config, in, o)
	if err != nil {
		return nil, err
	}
	return &plain{net}, nil
}

// Loss is the negative ELBO; metrics: recon, kl.
func (m *plain) Loss(c *model.Context, b model.Batch) model.Output {
	p := m.pass(c, b.X)
	return m.loss(c, p, m.kl.divergence(p))
}
