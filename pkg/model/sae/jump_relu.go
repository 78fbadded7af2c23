package sae

import (
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

// jumpReLU is the sparse autoencoder of Rajamanoharan et al. 2024 (arXiv 2407.14435): each
// latent has a threshold θ of its own, f = h · 1[h > θ],
//
//	step:  loss = mean_B( |x - x^|² + λ w Σ 1[h > θ] )
//	tanh:  loss = mean_B( |x - x^|² + λ w Σ tanh(s f) + λp Σ relu(θ - h) )
//
// The second is that of Anthropic's update of January 2025; where decoder rows are free, f and
// θ - h in it are weighed with the rows' norms, as there.
// A step has no gradient in θ: it gets that of a kernel K = 1[|h - θ| < ε/2] of width ε,
// ∂f/∂θ = -(θ/ε) K and ∂1[h > θ]/∂θ = -K/ε. θ itself is the parameter, and never below 0:
// with log θ, Adam's steps would be too small to move it.
type jumpReLU struct {
	*Core        `torch:""`
	*coefficient `torch:""`
	Threshold    *torch.Tensor `torch:"threshold"` // θ [m]
	c            *JumpReLUConfig
	rules        jumpRules
}

// JumpReLUConfig adds thresholds and penalty.
type JumpReLUConfig struct {
	Compat            string `yaml:"compat" check:"oneof=saelens-6|dictionary_learning" doc:"the library whose rules and initialisations are followed, see docs/compat.md"`
	Config            `yaml:",inline"`
	Penalty           string  `yaml:"penalty" default:"step" check:"oneof=step|tanh" doc:"what is penalised: step counts active latents, tanh sums tanh(tanh_scale · activation)"`
	L0Coefficient     float64 `yaml:"l0_coefficient" default:"0.01" check:"min=0" doc:"the weight of the penalty; Adam makes weights above 1 alike"`
	Sparsity          `yaml:",inline"`
	ThresholdInit     float64 `yaml:"threshold_init" default:"0.001" check:"min=0" doc:"the thresholds' start; 0.001 suits inputs of mean square 1"`
	Bandwidth         float64 `yaml:"bandwidth" default:"0.001" check:"gt=0" doc:"the width of the kernel that gives the thresholds a gradient; scales with the inputs"`
	TanhScale         float64 `yaml:"tanh_scale" default:"4" check:"gt=0" when:"penalty=tanh" doc:"the factor inside tanh"`
	PreActCoefficient float64 `yaml:"pre_act_coefficient" default:"3.0e-6" check:"min=0" when:"penalty=tanh" doc:"the weight of how far hidden values are below their thresholds, which revives dead latents"`
	BDecInit          string  `yaml:"b_dec_init" default:"zeros" check:"oneof=zeros|mean|geometric_median" doc:"the start of b_dec, from the first batch"`
}

// SteeredBy is none where the penalty itself has the target, as dictionary_learning's has.
func (c *JumpReLUConfig) SteeredBy() string {
	if c.Compat == "dictionary_learning" {
		return ""
	}
	return c.Sparsity.SteeredBy()
}

// JumpReLU is the registry line.
func JumpReLU() model.Variant {
	return model.Variant{Type: "sae", Name: "jump_relu", Params: func() any { return new(JumpReLUConfig) }, Build: buildJumpReLU}
}

func buildJumpReLU(params any, in model.Inputs, o nn.Options) (model.Model, error) {
	c := params.(*JumpReLUConfig)
	s := &jumpReLU{Core: newCore(c.Config.As(c.Compat, "jump_relu"), c.BDecInit, in, o), c: c}
	s.rules = s.config.rules().jump
	s.coefficient = newCoefficient(c.L0Coefficient, s.rules.controlled(c.Sparsity), o)
	s.Threshold = o.Param([]int64{c.DSAE}, func(t *torch.Tensor) { t.Fill_(c.ThresholdInit) })
	s.encode = func(x *torch.Tensor) *torch.Tensor {
		h := s.hidden(x).To(x.DType())
		f := h.Mul(h.Sub(s.Threshold).Gt(0).To(x.DType()))
		if s.rules.anyTheta {
			return f.ReLU()
		}
		return f
	}
	return s, nil
}

// jump is f of h [B, m], and the steps 1[h > θ] with their gradient.
func (s *jumpReLU) jump(h *torch.Tensor) (f, steps *torch.Tensor) {
	theta := s.Threshold.Detach()
	above := h.Detach().Sub(theta)
	slope := s.Threshold.Sub(theta) // 0, with the gradient of θ
	f = h.Mul(above.Gt(0).To(h.DType())).Add(s.kernel(above).Mul(theta).Mul(slope))
	if s.rules.stepOfCode {
		above = f.Detach().Sub(theta)
	}
	return f, above.Gt(0).To(h.DType()).Add(s.kernel(above).Mul(slope))
}

// kernel is -K/ε of how far values are above their thresholds.
func (s *jumpReLU) kernel(above *torch.Tensor) *torch.Tensor {
	return above.Abs().Lt(s.c.Bandwidth / 2).To(above.DType()).MulScalar(-1 / s.c.Bandwidth)
}

// Loss has the final weight in evaluation; metrics: l2, penalty, l0, explained_variance,
// dead, and those of the controller.
func (s *jumpReLU) Loss(c *model.Context, b model.Batch) model.Output {
	x := s.input(b.X)
	h := s.hidden(x).To(x.DType())
	f, steps := s.jump(h)
	e := x.Sub(s.decode(f))
	l2, penalty := squared(e), s.penalty(f, steps)
	counts := f.Detach().PositiveCounts()
	active := meanActive(counts, x)
	loss, dead := l2.Add(s.times(c, penalty, active)), s.dead()
	if s.c.Penalty == "tanh" {
		below := s.weighed(s.Threshold.Sub(h).ReLU())
		if s.rules.deadBelow {
			below = below.Mul(dead.To(x.DType()))
		}
		loss = loss.Add(summed(below).MulScalar(s.c.PreActCoefficient))
	}
	metrics := append([]model.Metric{{Name: "l2", Value: l2.Detach()}, {Name: "penalty", Value: penalty.Detach()}},
		sparsity(x, e, active, dead)...)
	if c.Train {
		s.count(counts, x.Size(0))
	}
	return model.Output{Loss: loss, Metrics: append(metrics, s.metrics()...)}
}

// penalty is the mean over samples, before its weight.
func (s *jumpReLU) penalty(f, steps *torch.Tensor) *torch.Tensor {
	if s.c.Penalty == "tanh" {
		steps = s.weighed(f).MulScalar(s.c.TanhScale).Tanh()
	}
	if s.rules.targetL0 {
		return summed(steps).MulScalar(1 / target(s.c.Sparsity)).AddScalar(-1).Square()
	}
	return summed(steps)
}

// AfterStep keeps thresholds from falling below 0, where a latent would always be active.
func (s *jumpReLU) AfterStep() {
	s.Core.AfterStep()
	if !s.rules.anyTheta {
		s.Threshold.Copy_(s.Threshold.ClampMin(0))
	}
}
