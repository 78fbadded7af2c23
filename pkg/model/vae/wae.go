package vae

import (
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
)

// wassersteinMMD is the Wasserstein autoencoder of Tolstikhin et al. 2017 (arXiv
// 1711.01558, algorithm 2), whose codes together are drawn to the prior:
//
//	loss = mean_B R + λ·MMD(z, N(0, I)),  z = mu(encoder(x))
//
// R is that of all variants: with gaussian ½|x - m|², half of the paper's.
type wassersteinMMD struct {
	*coder  `torch:""`
	mmd     MMD
	weight  float64
	squares float64
}

// WAEConfig adds the divergence and its weight.
type WAEConfig struct {
	Compat      `yaml:",inline"`
	CoderConfig `yaml:",inline"`
	Weight      float64 `yaml:"mmd_weight" default:"10.0" defaults:"compat=pythae: 0.03" check:"min=0" doc:"the weight of the discrepancy between codes and prior"`
	MMD         `yaml:",inline"`
}

// Validate holds what pythae has.
func (c *WAEConfig) Validate() []string { return c.gaussianAlone(c.Observation) }

// WAEMMD is the registry line.
func WAEMMD() model.Variant {
	return model.Variant{Type: "vae", Name: "wae_mmd", Params: func() any { return new(WAEConfig) }, Build: buildWAE}
}

func buildWAE(params any, in model.Inputs, o nn.Options) (model.Model, error) {
	c := params.(*WAEConfig)
	base, err := newCoder(c.CoderConfig, in, o)
	if err != nil {
		return nil, err
	}
	return &wassersteinMMD{base, c.MMD, c.Weight, c.squares()}, nil
}

// Loss adds the discrepancy of the batch's codes; metrics: recon, mmd.
func (m *wassersteinMMD) Loss(c *model.Context, b model.Batch) model.Output {
	z, recon := m.pass(c, b.X, b.X)
	r, mmd := recon.Mean().MulScalar(m.squares), m.mmd.toPrior(z, c.Noise)
	return model.Output{
		Loss:    r.Add(mmd.MulScalar(m.weight)),
		Metrics: []model.Metric{{Name: "recon", Value: r.Detach()}, {Name: "mmd", Value: mmd.Detach()}},
	}
}
