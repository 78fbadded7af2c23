package vae

import (
	"math"

	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/torch"
)

// at is the share of the KL term's weight after that many optimizer steps: with T steps,
// M cycles and ratio r
//
//	linear    min(1, t / T)
//	cyclical  min(1, τ / r), τ = (t mod ⌈T/M⌉) / (T/M), and 1 from T on
//
// (Bowman et al. 2015, arXiv 1511.06349; Fu et al. 2019, arXiv 1903.10145, eq. 6).
func (k KL) at(step int64) float64 {
	switch {
	case k.Schedule == "linear":
		return min(1, float64(step)/float64(k.Steps))
	case k.Schedule == "cyclical" && step < k.Steps:
		cycle := float64(k.Steps) / float64(k.Cycles)
		return min(1, math.Mod(float64(step), math.Ceil(cycle))/cycle/k.Ratio)
	}
	return 1
}

func (k KL) scheduled() bool { return k.Schedule == "linear" || k.Schedule == "cyclical" }

// weight is that share as a tensor like the given one; in evaluation it is 1.
func (k KL) weight(c *model.Context, like *torch.Tensor) *torch.Tensor {
	if !c.Train {
		return torch.Scalar(1, torch.Like(like))
	}
	return c.Scheduled(like, k.at)
}

// divergence is the KL term before its weight, a mean over the batch: mean_B KL, or with λ
// free bits Σ_j max(λ, mean_B KL_j) over latent dimensions j (Kingma et al. 2016, arXiv
// 1606.04934, section C.8).
func (k KL) divergence(p pass) *torch.Tensor {
	if k.FreeBits == 0 {
		return p.kl.Mean()
	}
	return klOfDims(p.mu, p.s()).MeanDim([]int64{0}, false).ClampMin(k.FreeBits).Sum()
}

// klOfDims is KL(N(mu, exp s) ‖ N(0, 1)) of each dimension, [B, K].
func klOfDims(mu, s *torch.Tensor) *torch.Tensor {
	return mu.Square().Add(s.Exp()).Sub(s).AddScalar(-1).MulScalar(0.5)
}

// noFreeBits is the problem of variants whose loss has no KL of each dimension.
func (k KL) noFreeBits(why string) (problems []string) {
	if k.FreeBits > 0 {
		problems = append(problems, "kl.free_bits: "+why+"; remove it")
	}
	return problems
}
