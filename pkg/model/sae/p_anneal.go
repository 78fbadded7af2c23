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
	ReLUL1Config     `yaml:",inline"`
	SparsityFunction string  `yaml:"sparsity_function" default:"Lp^p" defaults:"compat=dictionary_learning: Lp" check:"oneof=Lp^p|Lp" doc:"what is penalised: the sum of the powers of a sample's codes, or its p-th root, a norm"`
	PEnd             float64 `yaml:"p_end" default:"0.2" check:"gt=0,max=1" doc:"the exponent of the activations at the end"`
	AnnealStartStep  int64   `yaml:"anneal_start_step" default:"15000" check:"min=0" doc:"the step of the first fall of the exponent from 1"`
	AnnealEndStep    int64   `yaml:"anneal_end_step" check:"required,min=1" doc:"the step of its last fall"`
	AnnealUpdates    int64   `yaml:"anneal_updates" default:"10" check:"min=2" doc:"the number of its falls, all equal"`
}

// Validate holds that there is a step for each fall.
func (c *PAnnealConfig) Validate() (problems []string) {
	if c.Compat == saeLens {
		problems = append(problems, "compat: found saelens-6, which has no p_anneal; expected dictionary_learning")
	}
	if c.AnnealEndStep-c.AnnealStartStep < c.AnnealUpdates-1 {
		problems = append(problems, fmt.Sprintf("anneal_end_step: found %d, expected at least %d: %d falls from anneal_start_step %d on",
			c.AnnealEndStep, c.AnnealStartStep+c.AnnealUpdates-1, c.AnnealUpdates, c.AnnealStartStep))
	}
	return append(problems, c.Resampling.problems()...)
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
	if s.config.library != "" {
		s.penalty, s.copies = s.libraryAnnealed, true
	}
	return s, nil
}

// annealed is the ratio of all falls times mean_B Σ f^p.
func (s *pAnneal) annealed(c *model.Context, f *torch.Tensor) *torch.Tensor {
	if !c.Train {
		return s.evaluated(f)
	}
	return s.powers(f, s.anneal(c, f.Detach())).Mul(s.Ratio)
}

// evaluated has the last p.
func (s *pAnneal) evaluated(f *torch.Tensor) *torch.Tensor {
	return s.powers(f, torch.Scalar(s.c.PEnd, torch.Like(f)))
}

// anneal is p of this step; it sets the ratio where p has fallen.
func (s *pAnneal) anneal(c *model.Context, f *torch.Tensor) (p *torch.Tensor) {
	p = c.Scheduled(f, func(step int64) float64 { return s.c.exponent(s.c.falls(step)) })
	next := c.Scheduled(f, func(step int64) float64 { return s.c.exponent(s.c.falls(step) + 1) })
	fallen := c.Scheduled(f, func(step int64) float64 {
		return one(step > 0 && s.c.falls(step) > s.c.falls(step-1))
	})
	torch.NoGrad(func() {
		if c.First() {
			s.adapt(fallen)
			s.Recent.Mul_(fallen.Neg().AddScalar(1)) // none of before a fall
		}
		s.remember(s.powers(f, p), s.powers(f, next))
	})
	return p
}

// adapt multiplies the ratio with that of the last sums, where changed is 1 and not 0.
func (s *pAnneal) adapt(changed *torch.Tensor) {
	sums := s.Recent.SumDim([]int64{1}, false)
	old, fresh := sums.Narrow(0, 0, 1).Squeeze(0), sums.Narrow(0, 1, 1).Squeeze(0)
	none := fresh.Gt(0).LogicalNot()
	ratio := old.Div(fresh.MaskedFill(none, 1)).MaskedFill(none, 1)
	s.Ratio.Mul_(ratio.AddScalar(-1).Mul(changed).AddScalar(1))
}

// remember has the sums of this batch among the last.
func (s *pAnneal) remember(now, next *torch.Tensor) {
	column := torch.Stack([]*torch.Tensor{now, next}, 0).Unsqueeze(1)
	s.Recent.Copy_(torch.Cat([]*torch.Tensor{s.Recent.Narrow(1, 1, 9), column}, 1))
}

// powers is mean_B Σ f^p of the positive f, or the mean of their norms.
func (s *pAnneal) powers(f, p *torch.Tensor) *torch.Tensor {
	sums := f.AddScalar(1e-8).Log().Mul(p).Exp().Mul(f.Detach().Gt(0).To(f.DType())).SumDim([]int64{1}, false)
	if s.c.SparsityFunction == "Lp" {
		none := sums.Detach().Gt(0).LogicalNot()
		sums = sums.MaskedFill(none, 1).Log().Div(p).Exp().MaskedFill(none, 0)
	}
	return sums.Mean()
}

// one is 1 for true, else 0.
func one(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
