package vae

import (
	"math"

	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

// betaTC is the β-TCVAE of Chen et al. 2018 (arXiv 1802.04942, eq. 4), which takes the KL
// apart:
//
//	loss = mean_B( R + α·MI + β·TC + γ·DWKL )
//	MI   = ln q(z|x) - ln q(z)           the information between code and sample
//	TC   = ln q(z) - ln Π_k q(z_k)       the total correlation of the dimensions
//	DWKL = ln Π_k q(z_k) - ln p(z)       the dimensions' distance from the prior
//
// q(z) over all N training samples is estimated from the B of the batch as
// Σ_j w_ij q(z_i|x_j): with minibatch weighted sampling (mws) w_ij = 1/(B·N), with
// minibatch stratified sampling (mss, appendix C.2) as stratified says. mws leaves a
// constant (K-1)·ln(B·N) in TC, and both can be negative: numbers of different estimators,
// batch sizes or data do not compare.
type betaTC struct {
	*Net `torch:""`
	c    *BetaTCConfig
	n    int64 // training samples
}

// BetaTCConfig adds weights and estimator.
type BetaTCConfig struct {
	Compat    `yaml:",inline"`
	Config    `yaml:",inline"`
	Alpha     float64 `yaml:"alpha" default:"1.0" check:"min=0" doc:"the weight of the mutual information"`
	Beta      float64 `yaml:"beta" default:"6.0" defaults:"compat=pythae: 1.0" check:"min=0" doc:"the weight of the total correlation"`
	Gamma     float64 `yaml:"gamma" default:"1.0" check:"min=0" doc:"the weight of the dimensions' KL"`
	Estimator string  `yaml:"estimator" default:"mss" check:"oneof=mss|mws" doc:"how q(z) is estimated from a batch: mss (stratified, unbiased weights) or mws (weighted, biased)"`
}

// Validate finds what does not go together.
func (c *BetaTCConfig) Validate() []string {
	return c.KL.noFreeBits("beta_tc_vae takes the KL apart, and has no KL of each dimension")
}

// BetaTC is the registry line.
func BetaTC() model.Variant {
	return model.Variant{Type: "vae", Name: "beta_tc_vae", Params: func() any { return new(BetaTCConfig) }, Build: buildBetaTC}
}

func buildBetaTC(params any, in model.Inputs, o nn.Options) (model.Model, error) {
	c := params.(*BetaTCConfig)
	net, err := newNet(c.Config, in, o)
	if err != nil {
		return nil, err
	}
	return &betaTC{net, c, in.Samples}, nil
}

// Loss estimates q(z) from the batch in evaluation too; metrics: recon, kl, mi, tc, dwkl.
func (m *betaTC) Loss(c *model.Context, b model.Batch) model.Output {
	p := m.pass(c, b.X)
	mi, tc, dwkl := decompose(p.z, p.mu, p.s(), m.weights(p.z))
	term := mi.MulScalar(m.c.Alpha).Add(tc.MulScalar(m.c.Beta)).Add(dwkl.MulScalar(m.c.Gamma))
	return m.loss(c, p, term,
		model.Metric{Name: "mi", Value: mi.Detach()}, model.Metric{Name: "tc", Value: tc.Detach()}, model.Metric{Name: "dwkl", Value: dwkl.Detach()})
}

// weights are ln w, [B, B].
func (m *betaTC) weights(z *torch.Tensor) *torch.Tensor {
	b := z.Size(0)
	n := max(m.n, b)
	if m.c.Estimator == "mws" {
		return torch.Full([]int64{b, b}, -math.Log(float64(b)*float64(n)), torch.Like(z))
	}
	if m.c.pythae() {
		return firstColumns(b, n, z)
	}
	return stratified(b, n, z)
}

// firstColumns is ln w of mss as pythae has it, from the code that the paper came with: 1/N stands in
// the first column of each row, (N-M)/(N·M) in the second, and in the first of the last row but one.
func firstColumns(b, n int64, like *torch.Tensor) *torch.Tensor {
	if b == 1 {
		return stratified(b, n, like)
	}
	total, others := float64(n), float64(b-1)
	strat := math.Log((total - others) / (total * others))
	column, row := torch.Arange(b, torch.Like(like)).Unsqueeze(0), torch.Arange(b, torch.Like(like)).Unsqueeze(1)
	is := func(t *torch.Tensor, i float64) *torch.Tensor { return t.Eq(torch.Scalar(i, torch.Like(t))) }
	first := is(column, 0).MaskedFill(is(row, others-1), 0)
	return torch.Full([]int64{b, b}, -math.Log(others), torch.Like(like)).
		MaskedFill(is(column, 0), strat).MaskedFill(first, -math.Log(total)).MaskedFill(is(column, 1), strat)
}

// stratified is ln w of mss: w_ii = 1/N, (N-M)/(N·M) for the next sample and 1/M for all
// others, M = B - 1, so that each row sums to 1. The code that the paper came with, and its
// copies, have 1/N in the first column of each row in place of the diagonal.
func stratified(b, n int64, like *torch.Tensor) *torch.Tensor {
	if b == 1 {
		return torch.Zeros([]int64{1, 1}, torch.Like(like))
	}
	total, others := float64(n), float64(b-1)
	place := torch.Arange(b, torch.Like(like))
	next := torch.Cat([]*torch.Tensor{place.Narrow(0, 1, b-1), place.Narrow(0, 0, 1)}, 0)
	return torch.Full([]int64{b, b}, -math.Log(others), torch.Like(like)).
		MaskedFill(next.Unsqueeze(1).Eq(place.Unsqueeze(0)), math.Log((total-others)/(total*others))).
		MaskedFill(diagonal(b, like), -math.Log(total))
}

// decompose is MI, TC and DWKL as means over the batch, with ln q(z) of draws z from the
// posteriors mu, s of the batch, all [B, K], weighed by logw.
func decompose(z, mu, s, logw *torch.Tensor) (mi, tc, dwkl *torch.Tensor) {
	joint, product := z.NormalMixture(mu, s, logw)
	given := logNormal(z.Sub(mu).Square().Mul(s.Neg().Exp()).Add(s))
	prior := logNormal(z.Square())
	return given.Sub(joint).Mean(), joint.Sub(product).Mean(), product.Sub(prior).Mean()
}
