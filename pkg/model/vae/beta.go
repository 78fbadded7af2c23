package vae

import (
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
)

// beta is the β-VAE of Higgins et al. 2017 (ICLR, openreview Sy2fzU9gl, eq. 4):
//
//	loss = mean_B( R + β·KL )
type beta struct {
	*Net   `torch:""`
	weight float64
}

// BetaConfig adds the weight.
type BetaConfig struct {
	Compat `yaml:",inline"`
	Config `yaml:",inline"`
	Beta   float64 `yaml:"beta" default:"4.0" defaults:"compat=pythae: 1.0" check:"min=0" doc:"the weight of the KL term"`
}

// BetaVAE is the registry line.
func BetaVAE() model.Variant {
	return model.Variant{Type: "vae", Name: "beta_vae", Params: func() any { return new(BetaConfig) }, Build: buildBeta}
}

func buildBeta(params any, in model.Inputs, o nn.Options) (model.Model, error) {
	c := params.(*BetaConfig)
	net, err := newNet(c.Config, in, o)
	if err != nil {
		return nil, err
	}
	return &beta{net, c.Beta}, nil
}

// Loss is the weighted negative ELBO, in evaluation too; metrics: recon, kl.
func (m *beta) Loss(c *model.Context, b model.Batch) model.Output {
	p := m.pass(c, b.X)
	return m.loss(c, p, m.kl.divergence(p).MulScalar(m.weight))
}
