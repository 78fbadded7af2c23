package sae

import (
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

// topK is the sparse autoencoder of Gao et al. 2024 (arXiv 2406.04093): f keeps the k
// largest of relu(h) of each sample,
//
//	loss = mean_B Σ_n (x - x^)² / V + α·AuxK
//
// V is the variance of the first batch, a constant of the run; AuxK lets latents that
// are dead explain what is left over (auxK). A sample with fewer than k positive h has
// fewer codes.
type topK struct {
	*Core    `torch:""`
	Variance *torch.Tensor `torch:"total_variance,state"` // V, a scalar; 1 until it is set
	k, kAux  int64
	alpha    float64
}

// TopKConfig adds the sparsity and the auxiliary loss.
type TopKConfig struct {
	Config         `yaml:",inline"`
	K              int64   `yaml:"k" check:"required,min=1" doc:"the number of latents that are active in one sample"`
	AuxK           *int64  `yaml:"aux_k" check:"min=1" doc:"the number of dead latents that the auxiliary loss uses in one sample; half the input's dimensions by default"`
	AuxCoefficient float64 `yaml:"aux_coefficient" default:"0.03125" check:"min=0" doc:"the weight of the auxiliary loss"`
	BDecInit       string  `yaml:"b_dec_init" default:"geometric_median" check:"oneof=geometric_median|mean|zeros" doc:"the start of b_dec, from the first batch"`
}

// Validate holds that there are as many latents as are chosen.
func (c *TopKConfig) Validate() (problems []string) {
	if c.K > c.DSAE {
		problems = append(problems, tooMany("k", c.K, c.DSAE))
	}
	if c.AuxK != nil && *c.AuxK > c.DSAE {
		problems = append(problems, tooMany("aux_k", *c.AuxK, c.DSAE))
	}
	return problems
}

// TopK is the registry line.
func TopK() model.Variant {
	return model.Variant{Type: "sae", Name: "topk", Params: func() any { return new(TopKConfig) }, Build: buildTopK}
}

func buildTopK(params any, in model.Inputs, o nn.Options) (model.Model, error) {
	c := params.(*TopKConfig)
	s := &topK{Core: newCore(c.Config, c.BDecInit, in, o), k: c.K, kAux: max(1, min(in.Dim()/2, c.DSAE)), alpha: c.AuxCoefficient}
	if c.AuxK != nil {
		s.kAux = *c.AuxK
	}
	s.Variance = o.Buffer(nil, o.DType, func(t *torch.Tensor) { t.Fill_(1) })
	s.encode, s.reconstruct = s.dense, s.decodeTop
	return s, nil
}

// top is the codes in short: the k largest of relu(h) and their latents, both [B, k].
// Where keep (bool [m]) is not nil, kAux more columns are those of the latents in keep.
func (s *topK) top(x, keep *torch.Tensor) (values, latents *torch.Tensor) {
	return x.SparseEncode(s.center(), s.WEnc, s.BEnc, s.k, keep, s.kAux)
}

// dense is f [B, m].
func (s *topK) dense(x *torch.Tensor) *torch.Tensor {
	values, latents := s.top(x, nil)
	return torch.Zeros([]int64{x.Size(0), s.BEnc.Size(0)}, torch.Like(x)).Scatter(1, latents, values)
}

// decodeTop is x^ [B, n].
func (s *topK) decodeTop(x *torch.Tensor) *torch.Tensor {
	values, latents := s.top(x, nil)
	return values.SparseDecode(latents, s.WDec, s.BDec)
}

// DataInit sets b_dec, and V to the variance of the first batch (to 1 where it has
// none).
func (s *topK) DataInit(x *torch.Tensor) {
	s.Core.DataInit(x)
	v := variance(s.input(x))
	s.Variance.Copy_(v.MaskedFill(v.Gt(0).LogicalNot(), 1))
}

// Loss is the same in training and evaluation; metrics: l2, aux, l0,
// explained_variance, dead. Only the product of the encoder is dense.
func (s *topK) Loss(c *model.Context, b model.Batch) model.Output {
	x, dead := s.input(b.X), s.dead()
	keep := dead
	if noneDead(dead) {
		keep = nil
	}
	values, latents := s.top(x, keep)
	f, active := values.Narrow(1, 0, s.k), latents.Narrow(1, 0, s.k)
	e := x.Sub(f.SparseDecode(active, s.WDec, s.BDec))
	l2 := squared(e)
	loss, aux := l2.Div(s.Variance), torch.Zeros(nil, torch.Like(l2))
	if keep != nil {
		aux = s.auxK(e, values.Narrow(1, s.k, s.kAux), latents.Narrow(1, s.k, s.kAux), dead)
		loss = loss.Add(aux.MulScalar(s.alpha))
	}
	metrics := append([]model.Metric{{Name: "l2", Value: l2.Detach()}, {Name: "aux", Value: aux.Detach()}},
		sparsity(x, e, meanActive(f.Gt(0), x), dead)...)
	if c.Train {
		s.Silent.CountSilent_(f, active)
	}
	return model.Output{Loss: loss, Metrics: metrics}
}
