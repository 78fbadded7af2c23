package vae

import (
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/torch"
)

// MMD describes the maximum mean discrepancy (Gretton et al. 2012, JMLR 13) between codes
// and the prior, with one of the kernels
//
//	imq  Σ_s C·s / (C·s + |a - b|²),  C = 2 K h²
//	rbf  exp(-|a - b|² / C)
//
// of K latent dimensions (Tolstikhin et al. 2017, arXiv 1711.01558, section 4; the scales
// s are pythae's).
type MMD struct {
	Kernel    string    `yaml:"kernel" default:"imq" check:"oneof=imq|rbf" doc:"the kernel that compares codes with draws of the prior: inverse multiquadric or Gaussian"`
	Bandwidth float64   `yaml:"kernel_bandwidth" default:"1.0" check:"gt=0" doc:"the kernel's width h, in standard deviations of the prior"`
	Scales    []float64 `yaml:"kernel_scales" default:"[0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0]" check:"minlen=1,gt=0" when:"kernel=imq" doc:"the scales s over which imq is summed"`
}

// toPrior is the discrepancy between codes z [B, K] and as many fresh draws of N(0, I): the
// unbiased estimate, which may be negative. It is 0 for one code alone, which has no
// other to be compared with. Memory grows with B²·K.
func (m MMD) toPrior(z *torch.Tensor, noise model.Noise) *torch.Tensor {
	p := noise.Randn(z.Shape(), z)
	if z.Size(0) < 2 {
		return torch.Zeros(nil, torch.Like(z))
	}
	return m.between(z, p)
}

// between is mean_{i≠j} k(a_i, a_j) + mean_{i≠j} k(b_i, b_j) - 2 mean_ij k(a_i, b_j) for
// a and b [B, K].
func (m MMD) between(a, b *torch.Tensor) *torch.Tensor {
	return m.within(a).Add(m.within(b)).Sub(m.sum(a, b).MulScalar(2 / float64(a.Size(0)*b.Size(0))))
}

// within is mean_{i≠j} k(a_i, a_j). Each k(a_i, a_i) is that of the distance 0.
func (m MMD) within(a *torch.Tensor) *torch.Tensor {
	n := float64(a.Size(0))
	self := 1.0
	if m.Kernel == "imq" {
		self = float64(len(m.Scales))
	}
	return m.sum(a, a).AddScalar(-n * self).MulScalar(1 / (n * (n - 1)))
}

// sum is Σ_ij k(a_i, b_j). The distances come from differences: those of squares and
// products lose the digits of close codes.
func (m MMD) sum(a, b *torch.Tensor) *torch.Tensor {
	d := a.Unsqueeze(1).Sub(b.Unsqueeze(0)).Square().SumDim([]int64{2}, false)
	c := 2 * float64(a.Size(1)) * m.Bandwidth * m.Bandwidth
	if m.Kernel == "rbf" {
		return d.MulScalar(-1 / c).Exp().Sum()
	}
	var total *torch.Tensor
	for _, s := range m.Scales {
		k := d.MulScalar(1 / (c * s)).AddScalar(1).Pow(-1)
		if total == nil {
			total = k
			continue
		}
		total = total.Add(k)
	}
	return total.Sum()
}
