package sae

import "github.com/gotrainer/trainer/pkg/torch"

// dead is [m] bool: the latents that no sample has activated for dead_after_samples samples,
// before this batch. Counters are compared as integers: a float32 is exact only to
// 2^24 samples.
func (s *Core) dead() *torch.Tensor {
	last := s.config.DeadAfterSamples
	if s.config.rules().strict {
		last++
	}
	limit := torch.Full(nil, float64(last), torch.Like(s.Silent))
	return s.Silent.Sub(limit).Ge(0)
}

// count moves the counters by a training batch of n samples, of which counts activated
// each latent: 0 where one did, n more elsewhere.
func (s *Core) count(counts *torch.Tensor, n int64) {
	torch.NoGrad(func() {
		s.Silent.AddScalar_(float64(n))
		s.Silent.Mul_(counts.Gt(0).LogicalNot())
	})
}
