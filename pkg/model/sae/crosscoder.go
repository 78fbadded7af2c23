package sae

import (
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

// CrosscoderConfig has the penalty, and no norm constraint: the norms say how much a latent
// is of each layer.
type CrosscoderConfig struct {
	Latents              `yaml:",inline"`
	DecoderInitNorm      float64 `yaml:"decoder_init_norm" default:"0.1" check:"gt=0" doc:"the norm of the decoder's rows, over all layers, at the start"`
	NormalizeActivations string  `yaml:"normalize_activations" default:"none" check:"oneof=none|expected_average_only_in|constant_norm_rescale|layer_norm" doc:"how samples, of all layers together, are scaled before they are encoded; predictions are scaled back"`
	L1Coefficient        float64 `yaml:"l1_coefficient" default:"0.1" check:"min=0" doc:"the weight of the sum of a sample's codes, each times the sum of its decoder norms"`
	Sparsity             `yaml:",inline"`
	Revival              `yaml:",inline"`
	BDecInit             string `yaml:"b_dec_init" default:"zeros" check:"oneof=zeros|mean|geometric_median" doc:"the start of b_dec, from the first batch"`
}

// Validate holds that the learning rate can grow again after each resampling.
func (c *CrosscoderConfig) Validate() []string { return c.Resampling.problems() }

// Crosscoder is the sparse autoencoder of Lindsey et al. 2024 ("Sparse Crosscoders for
// Cross-Layer Features and Model Diffing"): a sample [L, n'] is the activations of L layers, and
// the same codes reconstruct all,
//
//	f = relu(Σ_l x_l W_enc,l + b_enc),  x^_l = f W_dec,l + b_dec,l
//	loss = mean_B( Σ_l |x_l - x^_l|² + λ w Σ_m f Σ_l |W_dec,l| )
//
// It is reluL1 of the n = L n' numbers of a sample with another norm: W_enc is [L n', m], W_dec
// [m, L n'].
func Crosscoder() model.Variant {
	return model.Variant{Type: "sae", Name: "crosscoder", Params: func() any { return new(CrosscoderConfig) }, Build: buildCrosscoder}
}

func buildCrosscoder(params any, in model.Inputs, o nn.Options) (model.Model, error) {
	if len(in.Shape) < 2 {
		return nil, model.Mistakef("model.variant: a crosscoder needs samples of shape [layers, dimensions], and those of the data have %v", in.Shape)
	}
	c := params.(*CrosscoderConfig)
	config := Config{Latents: c.Latents, DecoderConstraint: "none", DecoderInitNorm: c.DecoderInitNorm, NormalizeActivations: c.NormalizeActivations}
	s := penalized(newCore(config, c.BDecInit, in, o), newCoefficient(c.L1Coefficient, c.Sparsity, o), c.Revival)
	byLayer := []int64{c.DSAE, in.Shape[0], -1}
	s.norms = func() *torch.Tensor {
		return s.WDec.Reshape(byLayer).NormDim([]int64{2}, false).SumDim([]int64{1}, false)
	}
	return s, nil
}
