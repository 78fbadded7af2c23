package sae

import (
	"fmt"

	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

// Matryoshka is the sparse autoencoder of Bussmann et al. 2025 (arXiv 2503.17547): the code
// is that of batchTopK, and each prefix of the latents has to reconstruct x alone,
//
//	loss = 1/G Σ_g mean_B |x - (f_{:m_g} W_dec,{:m_g} + b_dec)|² / V + α·AuxK
//
// with m_1 < … < m_G = m, so that general features stand first. SAELens sums over the
// groups instead. AuxK is of the whole reconstruction.
func Matryoshka() model.Variant {
	return model.Variant{Type: "sae", Name: "matryoshka", Params: func() any { return new(MatryoshkaConfig) }, Build: buildMatryoshka}
}

// MatryoshkaConfig adds the prefixes.
type MatryoshkaConfig struct {
	BatchTopKConfig `yaml:",inline"`
	Prefixes        []int64 `yaml:"prefixes" check:"minlen=1,min=1" doc:"the numbers of latents that reconstruct alone, rising, the last d_sae; by default 1/32, 3/32, 7/32, 15/32 of d_sae and d_sae"`
}

// Validate holds that the prefixes rise to d_sae.
func (c *MatryoshkaConfig) Validate() (problems []string) {
	problems = c.BatchTopKConfig.Validate()
	for i, p := range c.Prefixes {
		if i > 0 && p <= c.Prefixes[i-1] {
			problems = append(problems, fmt.Sprintf("prefixes: found %d after %d, expected rising numbers", p, c.Prefixes[i-1]))
		}
	}
	if n := len(c.Prefixes); n > 0 && c.Prefixes[n-1] != c.DSAE {
		problems = append(problems, fmt.Sprintf("prefixes: the last is %d, expected d_sae, which is %d", c.Prefixes[n-1], c.DSAE))
	}
	return problems
}

// Widths are the prefixes, or the default ones.
func (c *MatryoshkaConfig) Widths() []int64 {
	if len(c.Prefixes) > 0 {
		return c.Prefixes
	}
	var widths []int64
	for _, share := range []int64{1, 3, 7, 15, 32} {
		if w := c.DSAE * share / 32; w > 0 {
			widths = append(widths, w)
		}
	}
	return widths
}

func buildMatryoshka(params any, in model.Inputs, o nn.Options) (model.Model, error) {
	c := params.(*MatryoshkaConfig)
	if c.Compat != "" {
		s := c.library("matryoshka", in, o)
		s.prefixes = c.Widths()
		return s, nil
	}
	prefixes := c.Widths()
	s := newBatchTopK(&c.BatchTopKConfig, in, o)
	s.loss = func(x, f *torch.Tensor) (l2, e *torch.Tensor) { return s.nested(x, f, prefixes) }
	return s, nil
}

// nested is the mean loss of the prefixes, and the error of the last. Each prefix adds its
// own latents to what the one before has reconstructed.
func (s *batchTopK) nested(x, f *torch.Tensor, prefixes []int64) (l2, e *torch.Tensor) {
	y, from := s.BDec, int64(0)
	for _, to := range prefixes {
		y = y.Add(f.Narrow(1, from, to-from).MatMul(s.WDec.Narrow(0, from, to-from)).To(x.DType()))
		e = x.Sub(y)
		if from == 0 {
			l2 = squared(e)
		} else {
			l2 = l2.Add(squared(e))
		}
		from = to
	}
	return l2.MulScalar(1 / float64(len(prefixes))), e
}
