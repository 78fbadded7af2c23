package sae

import (
	"math"

	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

// libraryTopK is topk, batch_topk, matryoshka or a transcoder by the rules of a library. All its
// products are dense: where latents are tied, as those at 0 are, it chooses as PyTorch does.
type libraryTopK struct {
	*Core     `torch:""`
	Threshold *torch.Tensor `torch:"threshold,buffer"` // θ, a scalar; nil where samples share nothing
	rules     topKRules
	theta     thetaRules
	k         kSchedule
	multi     bool // Multi-TopK
	kAux      int64
	alpha     float64
	prefixes  []int64 // that reconstruct alone; the last is all
}

// newLibraryTopK has the k largest of each sample.
func newLibraryTopK(core *Core, k kSchedule, multi bool, c Auxiliary) *libraryTopK {
	s := &libraryTopK{Core: core, rules: core.config.rules().topK, k: k, multi: multi, alpha: c.AuxCoefficient, prefixes: []int64{core.config.DSAE}}
	s.kAux, s.k.lag = c.latents(core), s.rules.kLag
	s.encode = func(x *torch.Tensor) *torch.Tensor {
		_, a := s.scores(x)
		return a.Mul(s.chosen(&model.Context{}, a))
	}
	s.reconstruct = func(x *torch.Tensor) *torch.Tensor { return s.skip(s.decode(s.short(s.encode(x))), x) }
	return s
}

// sharing has the k largest of a batch, on average, and θ.
func (s *libraryTopK) sharing(o nn.Options) *libraryTopK {
	s.theta = s.config.rules().theta
	s.Threshold = o.Buffer(nil, o.DType, func(t *torch.Tensor) { t.Fill_(s.theta.start) })
	return s
}

// scores are what is chosen from, [B, m]: h, and relu(h).
func (s *libraryTopK) scores(x *torch.Tensor) (h, a *torch.Tensor) {
	h = s.hidden(x).To(x.DType())
	if s.rules.byNorm {
		h = h.Mul(s.norms())
	}
	return h, h.ReLU()
}

// short is f as decoder rows of any norm take it.
func (s *libraryTopK) short(f *torch.Tensor) *torch.Tensor {
	if s.rules.byNorm {
		return f.Div(s.norms())
	}
	return f
}

// chosen is 1 where a latent is in the code, else 0: [B, m] without history.
func (s *libraryTopK) chosen(c *model.Context, a *torch.Tensor) *torch.Tensor {
	a = a.Detach()
	switch {
	case s.Threshold == nil:
		return s.best(c, a, 1)
	case c.Train:
		kept := max(1, min(int64(s.k.last*float64(a.Size(0))), a.Numel()))
		return largest(a.Reshape([]int64{1, -1}), kept).Reshape(a.Shape())
	}
	return a.Sub(s.Threshold).Gt(0).To(a.DType())
}

// best is 1 at the k largest of each sample, or a multiple of them, else 0.
func (s *libraryTopK) best(c *model.Context, a *torch.Tensor, times float64) *torch.Tensor {
	values, places := a.TopK(min(int64(times*s.k.most(c)), a.Size(1)), 1)
	ones := values.MulScalar(0).AddScalar(1)
	if !s.k.fixed(c) {
		_, order := values.Sort(1, true)
		ones, places = ones.Mul(s.k.kept(c, values, times)), places.Gather(1, order)
	}
	return a.ZerosLike().Scatter(1, places, ones)
}

// largest is 1 at the k largest of each row, else 0.
func largest(a *torch.Tensor, k int64) *torch.Tensor {
	values, places := a.TopK(k, 1)
	return a.ZerosLike().Scatter(1, places, values.MulScalar(0).AddScalar(1))
}

// code is f of what is chosen.
func (s *libraryTopK) code(h, a, chosen *torch.Tensor) *torch.Tensor {
	if s.rules.straight {
		return h.Add(a.Sub(h).Detach()).Mul(chosen)
	}
	return a.Mul(chosen)
}

// Loss takes the code of training, or that of inference; metrics: l2, aux, l0,
// explained_variance, dead, and threshold where there is one.
func (s *libraryTopK) Loss(c *model.Context, b model.Batch) model.Output {
	x, y := s.pair(b)
	h, a := s.scores(x)
	chosen := s.chosen(c, a)
	f := s.code(h, a, chosen)
	l2, e := s.nested(x, y, f)
	loss := l2
	if s.multi {
		chosen = s.best(c, a.Detach(), 4)
		more := squared(y.Sub(s.decode(a.Detach().Mul(chosen))))
		loss = loss.Add(more.MulScalar(1.0 / 8))
	}
	if s.rules.explained {
		loss = loss.Div(variance(y))
	}
	dead := s.dead()
	counts := f.Detach().PositiveCounts()
	if c.Train {
		fired := counts
		if s.rules.chosenFires && s.Threshold == nil {
			fired = chosen.SumDim([]int64{0}, false)
		}
		s.count(fired, x.Size(0))
		if s.rules.late {
			dead = s.dead()
		}
		s.follow(c, f.Detach())
	}
	aux := s.auxiliary(h, a, e, y, dead)
	metrics := append([]model.Metric{{Name: "l2", Value: l2.Detach()}, {Name: "aux", Value: aux.Detach()}},
		sparsity(y, e, meanActive(counts, x), dead)...)
	if s.Threshold != nil {
		metrics = append(metrics, model.Metric{Name: "threshold", Value: s.Threshold.Clone()})
	}
	return model.Output{Loss: loss.Add(aux.MulScalar(s.alpha)), Metrics: metrics}
}

// nested is the sum of the losses of the prefixes with their weight, and the error of the last.
func (s *libraryTopK) nested(x, y, f *torch.Tensor) (l2, e *torch.Tensor) {
	f = s.short(f)
	out, from := s.skip(s.BDec, x), int64(0)
	for _, to := range s.prefixes {
		out = out.Add(f.Narrow(1, from, to-from).MatMul(s.WDec.Narrow(0, from, to-from)).To(x.DType()))
		e = y.Sub(out)
		if from == 0 {
			l2 = squared(e)
		} else {
			l2 = l2.Add(squared(e))
		}
		from = to
	}
	return l2.MulScalar(s.rules.groupWeight(len(s.prefixes))), e
}

// auxiliary is AuxK: what the dead latents reconstruct of the error, 0 where nothing is dead.
func (s *libraryTopK) auxiliary(h, a, e, y, dead *torch.Tensor) *torch.Tensor {
	from := a
	if s.rules.auxNegative {
		from = h
	}
	if s.rules.decoderOnly {
		from = from.Detach()
	}
	values, latents := from.MaskedFill(dead.LogicalNot(), math.Inf(-1)).TopK(s.kAux, 1)
	values = values.MaskedFill(values.Detach().Gt(math.Inf(-1)).LogicalNot(), 0) // fewer are dead
	f := s.short(a.ZerosLike().Scatter(1, latents, values))
	e = e.Detach()
	loss := squared(e.Sub(f.MatMul(s.WDec).To(e.DType())))
	switch s.rules.auxOver {
	case overResidual:
		loss = loss.Div(variance(e)).NanToNum(0)
	case overBatch:
		loss = loss.Div(variance(y))
	}
	if s.rules.auxScaled {
		loss = loss.Mul(dead.Sum().To(e.DType()).MulScalar(1/float64(s.kAux)).Clamp(0, 1))
	}
	return loss.MaskedFill(dead.Any().LogicalNot(), 0)
}

// follow moves θ towards the smallest activation of a training batch.
func (s *libraryTopK) follow(c *model.Context, f *torch.Tensor) {
	if s.Threshold == nil {
		return
	}
	rate := c.Scheduled(f, func(step int64) float64 {
		if step > s.theta.after {
			return s.theta.rate
		}
		return 0
	})
	torch.NoGrad(func() {
		smallest := f.MaskedFill(f.Gt(0).LogicalNot(), math.Inf(1)).Neg().Flatten(0, 1).Amax([]int64{0}, false).Neg()
		none := smallest.Lt(math.Inf(1)).LogicalNot()
		smallest = smallest.MaskedFill(none, 0)
		if !s.theta.zeros {
			rate = rate.MaskedFill(none, 0)
		}
		rate = rate.MulScalar(c.Share())
		first := rate.MaskedFill(rate.Gt(0), 1)
		rate = s.Threshold.Lt(0).Where(first, rate)
		s.Threshold.Add_(smallest.Sub(s.Threshold).Mul(rate))
	})
}
