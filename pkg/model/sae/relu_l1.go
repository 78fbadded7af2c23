package sae

import (
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

// reluL1 is the sparse autoencoder of Bricken et al. 2023 ("Towards
// Monosemanticity"): f = relu(h), decoder rows of norm 1,
//
//	loss = mean_B( Σ_n (x - x^)² + λ w Σ_m f ),  w = min(1, step/sparsity_warmup_steps)
type reluL1 struct {
	*Core  `torch:""`
	lambda float64
	warmup int64
}

// ReLUL1Config adds the penalty.
type ReLUL1Config struct {
	Config              `yaml:",inline"`
	L1Coefficient       float64 `yaml:"l1_coefficient" default:"0.1" check:"min=0" doc:"the weight of the sum of a sample's codes"`
	SparsityWarmupSteps int64   `yaml:"sparsity_warmup_steps" default:"2000" check:"min=0" doc:"the steps in which that weight grows from 0"`
	BDecInit            string  `yaml:"b_dec_init" default:"zeros" check:"oneof=zeros|mean|geometric_median" doc:"the start of b_dec, from the first batch"`
}

// ReLUL1 is the registry line.
func ReLUL1() model.Variant {
	return model.Variant{Type: "sae", Name: "relu_l1", Params: func() any { return new(ReLUL1Config) }, Build: buildReLUL1}
}

func buildReLUL1(params any, in model.Inputs, o nn.Options) (model.Model, error) {
	c := params.(*ReLUL1Config)
	core := newCore(c.Config, c.BDecInit, in, o)
	core.encode = func(x *torch.Tensor) *torch.Tensor { return core.hidden(x).ReLU() }
	return &reluL1{core, c.L1Coefficient, c.SparsityWarmupSteps}, nil
}

// Loss has the final weight in evaluation; metrics: l2, l1, l0, explained_variance,
// dead.
func (s *reluL1) Loss(c *model.Context, b model.Batch) model.Output {
	x := s.rows(b.X)
	f := x.LinearCentered(s.BDec, s.WEnc.Transpose(0, 1), s.BEnc, true)
	e := x.Sub(f.Linear(s.WDec.Transpose(0, 1), s.BDec))
	l2, l1 := squared(e), f.To(x.DType()).SumDim([]int64{1}, false).Mean()
	counts := f.Detach().PositiveCounts()
	metrics := append([]model.Metric{{Name: "l2", Value: l2.Detach()}, {Name: "l1", Value: l1.Detach()}},
		sparsity(x, e, meanActive(counts, x), s.dead())...)
	if c.Train {
		s.count(counts, x.Size(0))
	}
	return model.Output{Loss: l2.Add(warmed(c, l1, s.lambda, s.warmup)), Metrics: metrics}
}
