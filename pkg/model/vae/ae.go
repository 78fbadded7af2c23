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
	*coder `torch:""`
}

// AE is the registry line.
func AE() model.Variant {
	return model.Variant{Type: "vae", Name: "ae", Params: func() any { return new(CoderConfig) }, Build: buildAE}
}

func buildAE(params any, in model.Inputs, o nn.Options) (model.Model, error) {
	base, err := newCoder(*params.(*CoderConfig), in, o)
	if err != nil {
		return nil, err
	}
	return &autoencoder{base}, nil
}

// Loss is the reconstruction term alone.
func (m *autoencoder) Loss(c *model.Context, b model.Batch) model.Output {
	_, recon := m.pass(c, b.X, b.X)
	return model.Output{Loss: recon.Mean()}
}
