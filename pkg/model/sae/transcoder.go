package sae

import (
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

// TranscoderConfig adds what is active. The norms of W_dec's rows are free.
type TranscoderConfig struct {
	Compat              string `yaml:"compat" check:"oneof=sparsify" doc:"the library whose rules and initialisations are followed, see docs/compat.md"`
	Latents             `yaml:",inline"`
	Activation          string   `yaml:"activation" default:"topk" check:"oneof=topk|relu" doc:"what is active: the k largest latents of a sample, or all above 0 under an L1 penalty"`
	K                   int64    `yaml:"k" check:"required,min=1" when:"activation=topk" doc:"the number of latents that are active in one sample"`
	AuxK                *int64   `yaml:"aux_k" check:"min=1" when:"activation=topk" doc:"the number of dead latents that the auxiliary loss uses in one sample; half the label's dimensions by default"`
	AuxCoefficient      float64  `yaml:"aux_coefficient" default:"0.03125" defaults:"compat=sparsify: 0" check:"min=0" when:"activation=topk" doc:"the weight of the auxiliary loss"`
	MultiTopK           bool     `yaml:"multi_topk" default:"false" when:"activation=topk" doc:"whether the 4k largest have to reconstruct too, with 1/8 of the weight, so that codes can be cut at other k"`
	L1Coefficient       float64  `yaml:"l1_coefficient" default:"0.1" check:"min=0" when:"activation=relu" doc:"the weight of the sum of a sample's codes, each times the norm of its decoder row"`
	SparsityWarmupSteps int64    `yaml:"sparsity_warmup_steps" default:"2000" check:"min=0" when:"activation=relu" doc:"the steps in which the coefficient of the penalty grows from 0"`
	TargetL0            *float64 `yaml:"target_l0" check:"gt=0" when:"activation=relu" doc:"the mean number of active latents to reach: the coefficient is where a controller begins, which moves it in training"`
	BDecInit            string   `yaml:"b_dec_init" default:"mean" check:"oneof=mean|geometric_median|zeros" doc:"the start of b_dec, from the labels of the first batch"`
}

// Validate holds that there are as many latents as are chosen.
func (c *TranscoderConfig) Validate() (problems []string) {
	if c.K > c.DSAE {
		problems = append(problems, tooMany("k", c.K, c.DSAE))
	}
	return append(problems, c.auxiliary().problems(c.DSAE)...)
}

// SteeredBy is the key of the controller.
func (c *TranscoderConfig) SteeredBy() string { return steeredBy(c.TargetL0) }

func (c *TranscoderConfig) auxiliary() Auxiliary { return Auxiliary{c.AuxK, c.AuxCoefficient} }

// Transcoder reconstructs another vector than the one that it encodes: the output y of a layer
// from its input x (Dunefsky et al. 2024, arXiv 2406.11944), y beside x as the label of a
// sample,
//
//	h = x W_enc + b_enc,  y^ = f W_dec + b_dec (+ x W_skip)
//
// f and the loss, of y - y^, are those of topK or of reluL1 with free decoder rows. The last
// term is that of a skip transcoder (Paulo et al. 2025, arXiv 2501.18823). As in sparsify,
// W_dec and W_skip begin at zeros, b_dec at the mean of y and b_enc at -mean(x) W_enc.
func Transcoder() model.Variant { return transcoderVariant("transcoder", false) }

// SkipTranscoder has W_skip too.
func SkipTranscoder() model.Variant { return transcoderVariant("skip_transcoder", true) }

func transcoderVariant(name string, skip bool) model.Variant {
	return model.Variant{Type: "sae", Name: name, Params: func() any { return new(TranscoderConfig) }, Build: func(params any, in model.Inputs, o nn.Options) (model.Model, error) {
		if in.LabelShape == nil {
			return nil, model.Mistakef("data.labels: a transcoder reconstructs the labels, and the data have none")
		}
		c := params.(*TranscoderConfig)
		core := newMap(Config{Latents: c.Latents, DecoderConstraint: "none", DecoderInit: "zeros", DecoderInitNorm: 1, EncoderInit: "independent"},
			c.BDecInit, in.Shape, in.LabelShape, o)
		core.config.library = c.Compat
		core.paired = true
		if skip {
			core.WSkip = o.Param([]int64{core.inputs(), core.outputs()}, func(w *torch.Tensor) { w.Fill_(0) })
		}
		if c.Activation == "relu" {
			lambda := newCoefficient(c.L1Coefficient, Sparsity{c.SparsityWarmupSteps, c.TargetL0}, o)
			return penalized(core, lambda, Revival{}), nil
		}
		return newTopK(core, KAnnealing{}.until(float64(c.K)), c.MultiTopK, c.auxiliary(), o), nil
	}}
}
