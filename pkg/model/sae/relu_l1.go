package sae

import (
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

// reluL1 is the sparse autoencoder with f = relu(h) and
//
//	loss = mean_B( Σ_n (x - x^)² + λ w Σ_m f ),  w = min(1, step/sparsity_warmup_steps)
//
// With decoder rows of norm 1 it is that of Bricken et al. 2023 ("Towards
// Monosemanticity"). With free ones each f is weighed with the norm of its row: Anthropic's
// update of April 2024.
type reluL1 struct {
	*Core        `torch:""`
	*coefficient `torch:""`
	*resampler
	ghosts bool
	// penalty is what the coefficient weighs, of activations as weighed gives them.
	penalty func(c *model.Context, f *torch.Tensor) *torch.Tensor
}

// ReLUL1Config adds the penalty.
type ReLUL1Config struct {
	Compat        string `yaml:"compat" check:"oneof=saelens-6|dictionary_learning" doc:"the library whose rules and initialisations are followed, see docs/compat.md"`
	Config        `yaml:",inline"`
	L1Coefficient float64 `yaml:"l1_coefficient" default:"0.1" check:"min=0" doc:"the weight of the sum of a sample's codes"`
	Sparsity      `yaml:",inline"`
	Revival       `yaml:",inline"`
	BDecInit      string `yaml:"b_dec_init" default:"zeros" check:"oneof=zeros|mean|geometric_median" doc:"the start of b_dec, from the first batch"`
}

// Validate holds that the learning rate can grow again after each resampling.
func (c *ReLUL1Config) Validate() []string { return c.Resampling.problems() }

// ReLUL1 is the registry line.
func ReLUL1() model.Variant {
	return model.Variant{Type: "sae", Name: "relu_l1", Params: func() any { return new(ReLUL1Config) }, Build: func(params any, in model.Inputs, o nn.Options) (model.Model, error) {
		return newReLUL1(params.(*ReLUL1Config), in, o), nil
	}}
}

func newReLUL1(c *ReLUL1Config, in model.Inputs, o nn.Options) *reluL1 {
	return penalized(newCore(c.Config.As(c.Compat, "relu_l1"), c.BDecInit, in, o), newCoefficient(c.L1Coefficient, c.Sparsity, o), c.Revival)
}

// penalized has the L1 penalty.
func penalized(core *Core, lambda *coefficient, revival Revival) *reluL1 {
	s := &reluL1{Core: core, coefficient: lambda, ghosts: revival.GhostGradients}
	s.resampler = &resampler{of: core, keys: revival.Resampling, biases: []*torch.Tensor{s.BEnc}}
	s.encode = s.relu
	s.penalty = func(_ *model.Context, f *torch.Tensor) *torch.Tensor { return summed(f) }
	return s
}

// relu is f of x [B, n].
func (s *reluL1) relu(x *torch.Tensor) *torch.Tensor {
	return x.LinearCentered(s.center(), s.WEnc.Transpose(0, 1), s.BEnc, true)
}

// Loss has the final weight in evaluation; metrics: l2, l1, l0, explained_variance,
// dead, with ghost gradients ghost, and those of the controller.
func (s *reluL1) Loss(c *model.Context, b model.Batch) model.Output {
	x, y := s.pair(b)
	f, dead := s.relu(x), s.dead()
	e := y.Sub(s.skip(f.Linear(s.WDec.Transpose(0, 1), s.BDec), x))
	l2, l1 := squared(e), s.penalty(c, s.weighed(f.To(x.DType())))
	counts := f.Detach().PositiveCounts()
	active := meanActive(counts, x)
	loss := l2.Add(s.times(c, l1, active))
	metrics := append([]model.Metric{{Name: "l2", Value: l2.Detach()}, {Name: "l1", Value: l1.Detach()}}, sparsity(y, e, active, dead)...)
	if s.ghosts {
		ghost := s.ghost(x, e, dead)
		loss, metrics = loss.Add(ghost), append(metrics, model.Metric{Name: "ghost", Value: ghost.Detach()})
	}
	if c.Train {
		s.count(counts, x.Size(0))
	}
	return model.Output{Loss: loss, Metrics: append(metrics, s.metrics()...)}
}
