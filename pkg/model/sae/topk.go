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
// fewer codes. Their Multi-TopK adds 1/8 of the first term for the 4k largest.
type topK struct {
	*Core    `torch:""`
	Variance *torch.Tensor `torch:"total_variance,state"` // V, a scalar; 1 until it is set
	k        kSchedule
	kAux     int64
	multi    bool // Multi-TopK
	alpha    float64
}

// TopKConfig adds the sparsity and the auxiliary loss.
type TopKConfig struct {
	Compat     string `yaml:"compat" check:"oneof=saelens-6|dictionary_learning|sparsify" doc:"the library whose rules and initialisations are followed, see docs/compat.md"`
	Config     `yaml:",inline"`
	K          int64 `yaml:"k" check:"required,min=1" doc:"the number of latents that are active in one sample"`
	KAnnealing `yaml:",inline"`
	Auxiliary  `yaml:",inline"`
	MultiTopK  bool   `yaml:"multi_topk" default:"false" doc:"whether the 4k largest have to reconstruct too, with 1/8 of the weight, so that codes can be cut at other k"`
	BDecInit   string `yaml:"b_dec_init" default:"geometric_median" defaults:"compat=saelens-6: zeros; compat=sparsify: mean" check:"oneof=geometric_median|mean|zeros" doc:"the start of b_dec, from the first batch"`
}

// Validate holds that there are as many latents as are chosen.
func (c *TopKConfig) Validate() (problems []string) {
	if c.K > c.DSAE {
		problems = append(problems, tooMany("k", c.K, c.DSAE))
	}
	problems = append(problems, c.KAnnealing.problems(c.Compat, float64(c.K), c.DSAE)...)
	return append(problems, c.Auxiliary.problems(c.DSAE)...)
}

// TopK is the registry line.
func TopK() model.Variant {
	return model.Variant{Type: "sae", Name: "topk", Params: func() any { return new(TopKConfig) }, Build: func(params any, in model.Inputs, o nn.Options) (model.Model, error) {
		c := params.(*TopKConfig)
		return newTopK(newCore(c.Config.As(c.Compat, "topk"), c.BDecInit, in, o), c.until(float64(c.K)), c.MultiTopK, c.Auxiliary, o), nil
	}}
}

func newTopK(core *Core, k kSchedule, multi bool, c Auxiliary, o nn.Options) model.Model {
	if core.config.library != "" {
		return newLibraryTopK(core, k, multi, c)
	}
	s := &topK{Core: core, k: k, multi: multi, kAux: c.latents(core), alpha: c.AuxCoefficient}
	s.Variance = o.Buffer(nil, o.DType, func(t *torch.Tensor) { t.Fill_(1) })
	s.encode, s.reconstruct = s.dense, s.decodeTop
	return s
}

// top is the codes in short: the k largest of relu(h) and their latents, both [B, k].
// Where keep (bool [m]) is not nil, kAux more columns are those of the latents in keep.
func (s *topK) top(x *torch.Tensor, k int64, keep *torch.Tensor) (values, latents *torch.Tensor) {
	return x.SparseEncode(s.center(), s.WEnc, s.BEnc, k, keep, s.kAux)
}

// dense is f [B, m].
func (s *topK) dense(x *torch.Tensor) *torch.Tensor {
	values, latents := s.top(x, int64(s.k.last), nil)
	return torch.Zeros([]int64{x.Size(0), s.config.DSAE}, torch.Like(x)).Scatter(1, latents, values)
}

// decodeTop is x^ [B, n].
func (s *topK) decodeTop(x *torch.Tensor) *torch.Tensor {
	values, latents := s.top(x, int64(s.k.last), nil)
	return s.short(x, values, latents)
}

// short is x^ of codes in short.
func (s *topK) short(x, values, latents *torch.Tensor) *torch.Tensor {
	return s.skip(values.SparseDecode(latents, s.WDec, s.BDec), x)
}

// DataInit sets b_dec, and V to the variance of the first batch (to 1 where it has
// none).
func (s *topK) DataInit(b model.Batch) {
	s.Core.DataInit(b)
	s.Variance.Copy_(s.firstVariance(b))
}

// widths are k and, for Multi-TopK, 4k: the latents that the codes of a loss have places for.
func (s *topK) widths(c *model.Context) (k, wide int64) {
	k = int64(s.k.most(c))
	if s.multi {
		return k, min(4*k, s.config.DSAE)
	}
	return k, k
}

// Loss is the same in training and evaluation, but for a k that falls; metrics: l2, aux, l0,
// explained_variance, dead. Only the product of the encoder is dense.
func (s *topK) Loss(c *model.Context, b model.Batch) model.Output {
	x, y := s.pair(b)
	dead := s.dead()
	keep := dead
	if noneDead(dead) {
		keep = nil
	}
	k, wide := s.widths(c)
	values, latents := s.top(x, wide, keep)
	f, active := values.Narrow(1, 0, wide), latents.Narrow(1, 0, wide)
	var more *torch.Tensor
	if s.multi {
		f, active = s.k.cut(c, f, active, 4)
		more = squared(y.Sub(s.short(x, f, active)))
		first, places := f.TopK(k, 1)
		f, active = first, active.Gather(1, places)
	}
	f, active = s.k.cut(c, f, active, 1)
	e := y.Sub(s.short(x, f, active))
	l2 := squared(e)
	loss, aux := l2.Div(s.Variance), torch.Zeros(nil, torch.Like(l2))
	if more != nil {
		loss = loss.Add(more.Div(s.Variance).MulScalar(1.0 / 8))
	}
	if keep != nil {
		aux = s.auxK(e, values.Narrow(1, wide, s.kAux), latents.Narrow(1, wide, s.kAux), dead)
		loss = loss.Add(aux.MulScalar(s.alpha))
	}
	metrics := append([]model.Metric{{Name: "l2", Value: l2.Detach()}, {Name: "aux", Value: aux.Detach()}},
		sparsity(y, e, meanActive(f.Gt(0), x), dead)...)
	if c.Train {
		s.Silent.CountSilent_(f, active)
	}
	return model.Output{Loss: loss, Metrics: metrics}
}
