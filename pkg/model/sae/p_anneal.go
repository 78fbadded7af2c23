package sae

import (
	"fmt"

	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

// pAnneal is the sparse autoencoder of Karvonen et al. 2024 (arXiv 2408.00113): reluL1 with
// Σ f^p in place of Σ f, where p falls from 1 in equal steps and the sum comes ever nearer to
// the number of active latents. At each fall the coefficient is multiplied with the ratio of
// the sums at the old and the new p, of the last 10 batches at the old one, so that the penalty stays as large
// as it was. Zeros are left out: there the gradient of f^p is infinite. Evaluation has Σ f^p at
// the last p, without ratios, so that the losses of epochs compare.
type pAnneal struct {
	*reluL1 `torch:""`
	Ratio   *torch.Tensor `torch:"p_ratio,state"`     // of all falls, a scalar
	Recent  *torch.Tensor `torch:"recent_sums,state"` // of the last batches, at this p and at the next, [2, 10]
	c       *PAnnealConfig
}

// PAnnealConfig adds how p falls.
type PAnnealConfig struct {
	ReLUL1Config    `yaml:",inline"`
	PEnd            float64 `yaml:"p_end" default:"0.2" check:"gt=0,max=1" doc:"the exponent of the activations at the end"`
	AnnealStartStep int64   `yaml:"anneal_start_step" default:"15000" check:"min=0" doc:"the step of the first fall of the exponent from 1"`
	AnnealEndStep   int64   `yaml:"anneal_end_step" check:"required,min=1" doc:"the step of its last fall"`
	AnnealUpdates   int64   `yaml:"anneal_updates" default:"10" check:"min=2" doc:"the number of its falls, all equal"`
}

// Validate holds that there is a step for each fall.
func (c *PAnnealConfig) Validate() (problems []string) {
	if c.Compat != "" {
		problems = append(problems, "compat: p_anneal follows no library; remove it")
	}
	if c.AnnealEndStep-c.AnnealStartStep < c.AnnealUpdates-1 {
		problems = append(problems, fmt.Sprintf("anneal_end_step: found %d, expected at least %d: %d falls from anneal_start_step %d on",
			c.AnnealEndStep, c.AnnealStartStep+c.AnnealUpdates-1, c.AnnealUpdates, c.AnnealStartStep))
	}
	return problems
}

// falls is how often p has fallen before a step.
func (c *PAnnealConfig) falls(step int64) int64 {
	if step < c.AnnealStartStep {
		return 0
	}
	done := 1 + (step-c.AnnealStartStep)*(c.AnnealUpdates-1)/(c.AnnealEndStep-c.AnnealStartStep)
	return min(done, c.AnnealUpdates)
}

// exponent is p after so many falls.
func (c *PAnnealConfig) exponent(falls int64) float64 {
	return 1 - (1-c.PEnd)*float64(min(falls, c.AnnealUpdates))/float64(c.AnnealUpdates)
}

// PAnneal is the registry line.
func PAnneal() model.Variant {
	return model.Variant{Type: "sae", Name: "p_anneal", Params: func() any { return new(PAnnealConfig) }, Build: buildPAnneal}
}

func buildPAnneal(params any, in model.Inputs, o nn.Options) (model.Model, error) {
	c := params.(*PAnnealConfig)
	fill := func(v float64) func(*torch.Tensor) { return func(t *torch.Tensor) { t.Fill_(v) } }
	s := &pAnneal{reluL1: newReLUL1(&c.ReLUL1Config, in, o), Ratio: o.Buffer(nil, o.DType, fill(1)),
		Recent: o.Buffer([]int64{2, 10}, o.DType, fill(0)), c: c}
	s.penalty = s.annealed
	return s, nil
}

// annealed is the ratio of all falls times mean_B Σ f^p.
func (s *pAnneal) annealed(c *model.Context, f *torch.Tensor) *torch.Tensor {
	if !c.Train {
		return powers(f, torch.Scalar(s.c.PEnd, torch.Like(f)))
	}
	return powers(f, s.anneal(c, f.Detach())).Mul(s.Ratio)
}

// anneal is p of this step; it sets the ratio where p has fallen.
func (s *pAnneal) anneal(c *model.Context, f *torch.Tensor) (p *torch.Tensor) {
	p = c.Scheduled(f, func(step int64) float64 { return s.c.exponent(s.c.falls(step)) })
	next := c.Scheduled(f, func(step int64) float64 { return s.c.exponent(s.c.falls(step) + 1) })
	fallen := c.Scheduled(f, func(step int64) float64 {
		if step > 0 && s.c.falls(step) > s.c.falls(step-1) {
			return 1
		}
		return 0
	})
	torch.NoGrad(func() {
		sums := s.Recent.SumDim([]int64{1}, false)
		old, fresh := sums.Narrow(0, 0, 1).Squeeze(0), sums.Narrow(0, 1, 1).Squeeze(0)
		none := fresh.Gt(0).LogicalNot()
		ratio := old.Div(fresh.MaskedFill(none, 1)).MaskedFill(none, 1)
		s.Ratio.Mul_(ratio.AddScalar(-1).Mul(fallen).AddScalar(1))
		now := torch.Stack([]*torch.Tensor{powers(f, p), powers(f, next)}, 0).Unsqueeze(1)
		kept := s.Recent.Narrow(1, 1, 9).Mul(fallen.Neg().AddScalar(1)) // none of before a fall
		s.Recent.Copy_(torch.Cat([]*torch.Tensor{kept, now}, 1))
	})
	return p
}

// powers is mean_B Σ f^p of the positive f.
func powers(f, p *torch.Tensor) *torch.Tensor {
	return summed(f.AddScalar(1e-8).Log().Mul(p).Exp().Mul(f.Detach().Gt(0).To(f.DType())))
}
