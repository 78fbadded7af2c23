package sae

import (
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

// gated is the sparse autoencoder of Rajamanoharan et al. 2024 (arXiv 2404.16014): which
// latents are active and how much are told apart, so that the penalty shrinks no
// activation. With c = (x - b_dec) W_enc,
//
//	π = c + b_gate,  f = 1[π > 0] · relu(e^{r_mag} c + b_mag)
//	loss = mean_B( |x - x^|² + λ w Σ relu(π) + |x - (relu(π) W_dec + b_dec)|² )
//
// In the last term decoder and b_dec are held fixed where decoder rows have norm 1: the
// paper's pair. Where rows are free their norms are in the penalty, and then the last term
// trains them too: SAELens' pair. One without the other leaves more latents dead.
type gated struct {
	*Core        `torch:""`
	*coefficient `torch:""`
	*resampler
	BGate *torch.Tensor `torch:"b_gate"` // [m]
	BMag  *torch.Tensor `torch:"b_mag"`  // [m]
	RMag  *torch.Tensor `torch:"r_mag"`  // [m], the logarithm of a factor
}

// GatedConfig adds the penalty.
type GatedConfig struct {
	Compat        string `yaml:"compat" check:"oneof=saelens-6|dictionary_learning" doc:"the library whose rules and initialisations are followed, see docs/compat.md"`
	Config        `yaml:",inline"`
	L1Coefficient float64 `yaml:"l1_coefficient" default:"0.1" check:"min=0" doc:"the weight of the sum of a sample's gate values"`
	Sparsity      `yaml:",inline"`
	Resampling    `yaml:",inline"`
	BDecInit      string `yaml:"b_dec_init" default:"zeros" check:"oneof=zeros|mean|geometric_median" doc:"the start of b_dec, from the first batch"`
}

// Validate holds that the learning rate can grow again after each resampling.
func (c *GatedConfig) Validate() []string { return c.Resampling.problems() }

// Gated is the registry line.
func Gated() model.Variant {
	return model.Variant{Type: "sae", Name: "gated", Params: func() any { return new(GatedConfig) }, Build: buildGated}
}

func buildGated(params any, in model.Inputs, o nn.Options) (model.Model, error) {
	c := params.(*GatedConfig)
	zero := func(t *torch.Tensor) { t.Fill_(0) }
	s := &gated{Core: newCore(c.Config.As(c.Compat, "gated"), c.BDecInit, in, o), coefficient: newCoefficient(c.L1Coefficient, c.Sparsity, o)}
	s.BGate, s.BMag, s.RMag = s.BEnc, o.Param([]int64{c.DSAE}, zero), o.Param([]int64{c.DSAE}, zero)
	s.BEnc = nil
	s.resampler = &resampler{of: s.Core, keys: c.Resampling, biases: []*torch.Tensor{s.BGate, s.BMag, s.RMag}}
	s.encode = func(x *torch.Tensor) *torch.Tensor {
		_, f := s.gates(x)
		return f
	}
	return s, nil
}

// gates are π and f of x [B, n], both [B, m].
func (s *gated) gates(x *torch.Tensor) (pi, f *torch.Tensor) {
	c := s.centered(x).MatMul(s.WEnc).To(x.DType())
	pi = c.Add(s.BGate)
	magnitude := c.Mul(s.RMag.Exp()).Add(s.BMag).ReLU()
	return pi, magnitude.Mul(pi.Detach().Gt(0).To(x.DType()))
}

// gateLoss is that of what the open gates alone reconstruct.
func (s *gated) gateLoss(x, open *torch.Tensor) *torch.Tensor {
	if s.config.free() {
		return squared(x.Sub(s.decode(open)))
	}
	return squared(x.Sub(s.BDec.Detach().AddMM(open, s.WDec.Detach())))
}

// Loss has the final weight in evaluation; metrics: l2, l1, aux, l0, explained_variance,
// dead, and those of the controller.
func (s *gated) Loss(c *model.Context, b model.Batch) model.Output {
	x := s.input(b.X)
	pi, f := s.gates(x)
	open := pi.ReLU()
	e := x.Sub(s.decode(f))
	l2, l1 := squared(e), summed(s.weighed(open))
	aux := s.gateLoss(x, open)
	counts := f.Detach().PositiveCounts()
	active := meanActive(counts, x)
	loss := l2.Add(s.times(c, l1, active)).Add(aux)
	metrics := append([]model.Metric{{Name: "l2", Value: l2.Detach()}, {Name: "l1", Value: l1.Detach()}, {Name: "aux", Value: aux.Detach()}},
		sparsity(x, e, active, s.dead())...)
	if c.Train {
		s.count(counts, x.Size(0))
	}
	return model.Output{Loss: loss, Metrics: append(metrics, s.metrics()...)}
}
