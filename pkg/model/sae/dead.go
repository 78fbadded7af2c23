package sae

import "github.com/gotrainer/trainer/pkg/torch"

// dead is [m] bool: the latents that no sample has activated for deadAfter samples,
// before this batch. Counters are compared as integers: a float32 is exact only to
// 2^24 samples.
func (s *Core) dead() *torch.Tensor {
	limit := torch.Full(nil, float64(s.deadAfter), torch.Like(s.Silent))
	return s.Silent.Sub(limit).Ge(0)
}

// count moves the counters by a training batch: 0 where it activated a latent, B more
// elsewhere.
func (s *Core) count(f *torch.Tensor) {
	torch.NoGrad(func() {
		samples := torch.Full(nil, float64(f.Size(0)), torch.Like(s.Silent))
		silent := f.Gt(0).AnyDim(0).LogicalNot()
		s.Silent.Add_(samples)
		s.Silent.Mul_(silent)
	})
}
