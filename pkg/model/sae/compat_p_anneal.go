package sae

import (
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/torch"
)

// libraryAnnealed is annealed by the rules of dictionary_learning: the first update leaves p at
// 1, an update is of the next step, and the ratio's sums begin after the first update and are
// not forgotten at the others.
func (s *pAnneal) libraryAnnealed(c *model.Context, f *torch.Tensor) *torch.Tensor {
	if !c.Train {
		return s.evaluated(f)
	}
	p := c.Scheduled(f, func(step int64) float64 { return s.c.libraryExponent(s.c.updates(step)) })
	next := c.Scheduled(f, func(step int64) float64 { return s.c.libraryExponent(s.c.updates(step) + 1) })
	begun := c.Scheduled(f, func(step int64) float64 { return one(s.c.updates(step) > 0) })
	due := c.Scheduled(f, func(step int64) float64 { return one(s.c.updates(step+1) > max(s.c.updates(step), 1)) })
	penalty := s.powers(f, p)
	ratio := s.Ratio.Clone()
	torch.NoGrad(func() {
		s.remember(penalty.Detach().Mul(begun), s.powers(f.Detach(), next).Mul(begun))
		if c.Last() {
			s.adapt(due)
		}
	})
	return penalty.Mul(ratio)
}

// updates is how many there were in the steps before this one.
func (c *PAnnealConfig) updates(step int64) (n int64) {
	for n < c.AnnealUpdates && c.AnnealStartStep+n*(c.AnnealEndStep-c.AnnealStartStep)/(c.AnnealUpdates-1) < step {
		n++
	}
	return n
}

// libraryExponent is p after so many updates.
func (c *PAnnealConfig) libraryExponent(updates int64) float64 {
	return 1 - (1-c.PEnd)*float64(max(0, min(updates, c.AnnealUpdates)-1))/float64(c.AnnealUpdates-1)
}
