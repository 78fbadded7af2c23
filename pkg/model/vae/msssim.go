package vae

import (
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
)

// MSSSIMConfig has weights in place of a likelihood.
type MSSSIMConfig struct {
	Compat  `yaml:",inline"`
	Network `yaml:",inline"`
	KL      KL       `yaml:"kl" doc:"how the KL term enters the loss"`
	Beta    float64  `yaml:"beta" default:"1.0" check:"min=0" doc:"the weight of the KL term"`
	Weight  *float64 `yaml:"weight" check:"gt=0" doc:"the weight of 1 - MS-SSIM; the numbers of a sample by default, and 1 with compat"`
}

// MSSSIMVAE is the registry line of the VAE whose reconstructions are judged by their structure
// (Snell et al. 2017, ICIP, arXiv 1511.06409) instead of a likelihood,
//
//	loss = mean_B( w·(1 - MS-SSIM(x, m)) + β·KL ),  m = sigmoid(decoder(z))
//
// for images in [0, 1]: that of beta with another R. 1 - MS-SSIM is at most 1, and KL a sum in
// nats: with the weight of 1 that pythae has, codes tell nothing. structural says what MS-SSIM
// is here.
func MSSSIMVAE() model.Variant {
	return model.Variant{Type: "vae", Name: "msssim_vae", Params: func() any { return new(MSSSIMConfig) }, Build: buildMSSSIM}
}

func buildMSSSIM(params any, in model.Inputs, o nn.Options) (model.Model, error) {
	c := params.(*MSSSIMConfig)
	if len(in.Shape) != 2 && len(in.Shape) != 3 {
		return nil, model.Mistakef("model.variant: msssim_vae compares images, [channels, height, width] or [height, width]; found samples of shape %v", in.Shape)
	}
	like := structural{weight: float64(in.Dim()), height: in.Shape[len(in.Shape)-2], width: in.Shape[len(in.Shape)-1], pythae: c.pythae()}
	switch {
	case c.Weight != nil:
		like.weight = *c.Weight
	case c.pythae():
		like.weight = 1
	}
	net, err := netFor(like, c.Network, c.KL, in, o)
	if err != nil {
		return nil, err
	}
	return &beta{net, c.Beta}, nil
}
