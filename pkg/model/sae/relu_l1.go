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
	*Core  `torch:""`
	lambda *coefficient
}

// ReLUL1Config adds the penalty.
type ReLUL1Config struct {
	Config        `yaml:",inline"`
	L1Coefficient float64 `yaml:"l1_coefficient" default:"0.1" check:"min=0" doc:"the weight of the sum of a sample's codes"`
	Sparsity      `yaml:",inline"`
	BDecInit      string `yaml:"b_dec_init" default:"zeros" check:"oneof=zeros|mean|geometric_median" doc:"the start of b_dec, from the first batch"`
}

// ReLUL1 is the registry line.
func ReLUL1() model.Variant {
	return model.Variant{Type: "sae", Name: "relu_l1", Params: func() any { return new(ReLUL1Config) }, Build: func(params any, in model.Inputs, o nn.Options) (model.Model, error) {
		return newReLUL1(params.(*ReLUL1Config), in, o), nil
	}}
}

func newReLUL1(c *ReLUL1Config, in model.Inputs, o nn.Options) *reluL1 {
	s := &reluL1{newCore(c.Config, c.BDecInit, in, o), newCoefficient(c.L1Coefficient, c.Sparsity)}
	s.encode = s.relu
	return s
}

// relu is f of x [B, n].
func (s *reluL1) relu(x *torch.Tensor) *torch.Tensor {
	return x.LinearCentered(s.center(), s.WEnc.Transpose(0, 1), s.BEnc, true)
}

// Loss has the final weight in evaluation; metrics: l2, l1, l0, explained_variance,
// dead.
func (s *reluL1) Loss(c *model.Context, b model.Batch) model.Output {
	x := s.input(b.X)
	f := s.relu(x)
	e := x.Sub(f.Linear(s.WDec.Transpose(0, 1), s.BDec))
	l2, l1 := squared(e), s.weighed(f.To(x.DType())).SumDim([]int64{1}, false).Mean()
	counts := f.Detach().PositiveCounts()
	metrics := append([]model.Metric{{Name: "l2", Value: l2.Detach()}, {Name: "l1", Value: l1.Detach()}},
		sparsity(x, e, meanActive(counts, x), s.dead())...)
	if c.Train {
		s.count(counts, x.Size(0))
	}
	return model.Output{Loss: l2.Add(s.lambda.times(c, l1)), Metrics: metrics}
}
