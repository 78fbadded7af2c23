package sae

import "github.com/gotrainer/trainer/pkg/torch"

// ghost is the loss of Jermyn and Templeton 2024 ("Ghost Grads", in Anthropic's update of
// January) that gives dead latents a gradient, for reproducing runs of that time: their
// e^h decode to g, which gets half the length of the residual e of its sample and is compared
// with it,
//
//	mean_B s |e - r g|²,  r = |e| / (2 |g|),  s = |e|² / |e - r g|²
//
// where e, r and s are held, so that it is as large as the loss of the reconstruction. It is
// 0 where nothing is dead.
func (s *Core) ghost(x, e, dead *torch.Tensor) *torch.Tensor {
	const tiny = 1e-6
	e, mask := e.Detach(), dead.To(e.DType())
	h := s.hidden(x).To(e.DType()).Mul(mask) // e^0 of those that live: nothing overflows
	g := h.Exp().Mul(mask).MatMul(s.WDec).To(e.DType())
	size := e.NormDim([]int64{1}, true)
	r := size.Div(g.Detach().NormDim([]int64{1}, true).MulScalar(2).AddScalar(tiny))
	apart := e.Sub(g.Mul(r)).Square().SumDim([]int64{1}, true)
	scale := size.Square().Div(apart.Detach().AddScalar(tiny))
	return apart.Mul(scale).Mean().MaskedFill(dead.Any().LogicalNot(), 0)
}
