package sae

import "github.com/gotrainer/trainer/pkg/torch"

// auxK is the auxiliary loss of Gao et al. 2024 (arXiv 2406.04093, appendix A.2):
// the k largest of relu(h) among the dead latents reconstruct the residual e,
//
//	mean_B |e - f_dead W_dec|² / Var(e)
//
// without b_dec, which e lacks already, and with e detached: live latents are not
// pulled towards what dead ones can express. It is 0 where nothing is dead or e has no
// variance.
func (s *Core) auxK(e, h, dead *torch.Tensor, k int64) *torch.Tensor {
	e = e.Detach()
	f := dense(h.ReLU().MaskedFill(dead.LogicalNot(), 0), func(a *torch.Tensor) (values, latents *torch.Tensor) { return a.TopK(k, 1) })
	total := variance(e)
	flat := total.Gt(0).LogicalNot()
	// Divided by 1 instead of 0: a gradient of 0·∞ would be NaN even where it is masked.
	loss := squared(e.Sub(f.MatMul(s.WDec))).Div(total.MaskedFill(flat, 1))
	return loss.MaskedFill(dead.Any().LogicalNot(), 0).MaskedFill(flat, 0)
}

// dense is what choose keeps of a, 0 elsewhere.
func dense(a *torch.Tensor, choose func(a *torch.Tensor) (values, latents *torch.Tensor)) *torch.Tensor {
	values, latents := choose(a)
	return torch.Zeros(a.Shape(), torch.Like(a)).Scatter(1, latents, values)
}
