package sae

import "github.com/gotrainer/trainer/pkg/torch"

// AfterBackward takes out of the decoder's gradient what would only change the norm of
// a row: g - (g·d) d with d = w/|w| (Bricken et al. 2023). It runs without recording.
func (s *Core) AfterBackward() {
	g := s.WDec.Grad()
	if g == nil || s.config.free() {
		return
	}
	g.ProjectRows_(s.WDec)
}

// AfterStep gives the decoder's rows norm 1 again. It runs without recording.
func (s *Core) AfterStep() {
	if !s.config.free() {
		s.unitRows(s.WDec)
	}
}

// unitRows divides in place by |w| + eps, so that a row of zeros stays one.
func (s *Core) unitRows(w *torch.Tensor) { w.UnitRows_(s.eps) }

// epsilon is the distance from 1 to the next number.
func epsilon(d torch.DType) float64 {
	if d == torch.Float64 {
		return 0x1p-52
	}
	return 0x1p-23
}
