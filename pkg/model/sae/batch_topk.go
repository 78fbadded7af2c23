package sae

import (
	"math"

	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

// batchTopK is the sparse autoencoder of Bussmann et al. 2024 (arXiv 2412.06410): f keeps
// the ⌊B·k⌋ largest of relu(h) of a whole training batch, so that samples share them as
// they need. Where there is no batch to share with, in evaluation and inference,
// f = relu(h) · 1[h > θ]. θ follows the smallest activation that a batch keeps: the mean
// of all of them up to 1000 steps, then an average that forgets over 1000 steps. The loss
// is that of topK.
type batchTopK struct {
	*Core     `torch:""`
	Threshold *torch.Tensor `torch:"threshold,buffer"`     // θ, a scalar; 0 before the first step
	Variance  *torch.Tensor `torch:"total_variance,state"` // V, a scalar; 1 until it is set
	k         kSchedule
	kAux      int64
	alpha     float64
	loss      func(x, f *torch.Tensor) (l2, e *torch.Tensor)
}

// BatchTopKConfig adds the sparsity and the auxiliary loss.
type BatchTopKConfig struct {
	Compat     string `yaml:"compat" check:"oneof=saelens-6|dictionary_learning" doc:"the library whose rules and initialisations are followed, see docs/compat.md"`
	Config     `yaml:",inline"`
	K          float64 `yaml:"k" check:"required,gt=0" doc:"the mean number of latents that are active in one sample; it may be a fraction"`
	KAnnealing `yaml:",inline"`
	Auxiliary  `yaml:",inline"`
	BDecInit   string `yaml:"b_dec_init" default:"geometric_median" defaults:"compat=saelens-6: zeros" check:"oneof=geometric_median|mean|zeros" doc:"the start of b_dec, from the first batch"`
}

// Validate holds that there are as many latents as are chosen.
func (c *BatchTopKConfig) Validate() (problems []string) {
	if c.K > float64(c.DSAE) {
		problems = append(problems, tooMany("k", int64(math.Ceil(c.K)), c.DSAE))
	}
	problems = append(problems, c.KAnnealing.problems(c.Compat, c.K, c.DSAE)...)
	return append(problems, c.Auxiliary.problems(c.DSAE)...)
}

// BatchTopK is the registry line.
func BatchTopK() model.Variant {
	return model.Variant{Type: "sae", Name: "batch_topk", Params: func() any { return new(BatchTopKConfig) }, Build: func(params any, in model.Inputs, o nn.Options) (model.Model, error) {
		c := params.(*BatchTopKConfig)
		if c.Compat != "" {
			return c.library("batch_topk", in, o), nil
		}
		return newBatchTopK(c, in, o), nil
	}}
}

// library is the variant by the rules of a library.
func (c *BatchTopKConfig) library(variant string, in model.Inputs, o nn.Options) *libraryTopK {
	return newLibraryTopK(newCore(c.Config.As(c.Compat, variant), c.BDecInit, in, o), c.until(c.K), false, c.Auxiliary).sharing(o)
}

func newBatchTopK(c *BatchTopKConfig, in model.Inputs, o nn.Options) *batchTopK {
	s := &batchTopK{Core: newCore(c.Config, c.BDecInit, in, o), k: c.until(c.K), alpha: c.AuxCoefficient}
	s.kAux = c.latents(s.Core)
	s.Threshold = o.Buffer(nil, o.DType, func(t *torch.Tensor) { t.Fill_(0) })
	s.Variance = o.Buffer(nil, o.DType, func(t *torch.Tensor) { t.Fill_(1) })
	s.encode = func(x *torch.Tensor) *torch.Tensor { return s.above(s.activations(x)) }
	s.loss = func(x, f *torch.Tensor) (l2, e *torch.Tensor) {
		e = x.Sub(s.decode(f))
		return squared(e), e
	}
	return s
}

// activations are relu(h) of x, [B, m].
func (s *batchTopK) activations(x *torch.Tensor) *torch.Tensor {
	return s.hidden(x).To(x.DType()).ReLU()
}

// above is the code outside training.
func (s *batchTopK) above(a *torch.Tensor) *torch.Tensor {
	return a.Mul(a.Detach().Sub(s.Threshold).Gt(0).To(a.DType()))
}

// shared is the code in training, and the smallest activation that the last k keeps: infinite
// where that is none.
func (s *batchTopK) shared(c *model.Context, a *torch.Tensor) (f, smallest *torch.Tensor) {
	flat, n := a.Flatten(0, 1), a.Size(0)
	kept := func(k float64) int64 { return max(1, min(int64(k*float64(n)), flat.Numel())) }
	values, places := flat.TopK(kept(s.k.most(c)), 0)
	values, places = s.k.cutBatch(c, values, places, n)
	f = torch.Zeros(flat.Shape(), torch.Like(a)).Scatter(0, places, values).Reshape(a.Shape())
	last := values.Detach().Narrow(0, 0, kept(s.k.last))
	return f, last.MaskedFill(last.Gt(0).LogicalNot(), math.Inf(1)).Neg().Amax([]int64{0}, false).Neg()
}

// follow moves θ towards the smallest activation of a training batch; it stays where the
// batch kept none.
func (s *batchTopK) follow(c *model.Context, smallest *torch.Tensor) {
	step := c.Scheduled(smallest, func(step int64) float64 { return float64(step) })
	torch.NoGrad(func() {
		seen := step.MulScalar(1 / c.Share()).AddScalar(float64(c.Part + 1)) // batches, with this one
		rate := seen.Pow(-1).ClampMin(1e-3 * c.Share())
		known := smallest.Lt(math.Inf(1)).To(smallest.DType())
		s.Threshold.Add_(smallest.MaskedFill(known.Gt(0).LogicalNot(), 0).Sub(s.Threshold).Mul(rate).Mul(known))
	})
}

// DataInit sets b_dec, and V to the variance of the first batch (to 1 where it has
// none).
func (s *batchTopK) DataInit(b model.Batch) {
	s.Core.DataInit(b)
	s.Variance.Copy_(s.firstVariance(b))
}

// Loss takes the code of training, or that of inference; metrics: l2, aux, l0,
// explained_variance, dead, threshold.
func (s *batchTopK) Loss(c *model.Context, b model.Batch) model.Output {
	x, dead := s.input(b.X), s.dead()
	a := s.activations(x)
	f := s.above(a)
	if c.Train {
		var smallest *torch.Tensor
		f, smallest = s.shared(c, a)
		s.follow(c, smallest)
	}
	l2, e := s.loss(x, f)
	ofDead, latents := a.Mul(dead.To(a.DType())).TopK(s.kAux, 1)
	aux := s.auxK(e, ofDead, latents, dead)
	counts := f.Detach().PositiveCounts()
	metrics := append([]model.Metric{{Name: "l2", Value: l2.Detach()}, {Name: "aux", Value: aux.Detach()}},
		sparsity(x, e, meanActive(counts, x), dead)...)
	metrics = append(metrics, model.Metric{Name: "threshold", Value: s.Threshold.Clone()})
	if c.Train {
		s.count(counts, x.Size(0))
	}
	return model.Output{Loss: l2.Div(s.Variance).Add(aux.MulScalar(s.alpha)), Metrics: metrics}
}
