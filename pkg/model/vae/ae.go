package vae

import (
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
)

// autoencoder reconstructs through a narrow code (Hinton and Salakhutdinov 2006, Science
// 313):
//
//	loss = mean_B R,  R = -log p(x|z)
type autoencoder struct {
	*coder  `torch:""`
	squares float64
}

// AEConfig has nothing beside the network.
type AEConfig struct {
	Compat      `yaml:",inline"`
	CoderConfig `yaml:",inline"`
}

// Validate holds what pythae has.
func (c *AEConfig) Validate() []string { return c.gaussianAlone(c.Observation) }

// AE is the registry line.
func AE() model.Variant {
	return model.Variant{Type: "vae", Name: "ae", Params: func() any { return new(AEConfig) }, Build: buildAE}
}

func buildAE(params any, in model.Inputs, o nn.Options) (model.Model, error) {
	c := params.(*AEConfig)
	base, err := newCoder(c.CoderConfig, in, o)
	if err != nil {
		return nil, err
	}
	return &autoencoder{base, c.squares()}, nil
}

// Loss is the reconstruction term alone.
func (m *autoencoder) Loss(c *model.Context, b model.Batch) model.Output {
	_, recon := m.pass(c, b.X, b.X)
	return model.Output{Loss: recon.Mean().MulScalar(m.squares)}
}
