package vae

import (
	"fmt"

	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
)

// info is the InfoVAE of Zhao et al. 2017 (arXiv 1706.02262, eq. 6), with MMD as the
// divergence between the codes of all data and the prior:
//
//	loss = mean_B( R + (1-α)·KL ) + (α+λ-1)·MMD(z, N(0, I))
type info struct {
	*Net   `torch:""`
	mmd    MMD
	kl     float64 // 1-α
	weight float64 // α+λ-1
}

// InfoConfig adds the weights and the divergence.
type InfoConfig struct {
	Compat `yaml:",inline"`
	Config `yaml:",inline"`
	Alpha  float64 `yaml:"alpha" default:"0.0" check:"max=1" doc:"how much mutual information of sample and code is wanted: the KL term weighs 1-alpha"`
	Lambda float64 `yaml:"lambda" default:"1000.0" defaults:"compat=pythae: 0.001" check:"min=0" doc:"how much the codes of all data should follow the prior: their discrepancy weighs alpha+lambda-1"`
	MMD    `yaml:",inline"`
}

// Validate refuses a weight below 0, with which training drives codes and prior apart; pythae
// has such a weight by default.
func (c *InfoConfig) Validate() (problems []string) {
	if c.Alpha+c.Lambda < 1 && !c.pythae() {
		problems = append(problems, fmt.Sprintf("lambda: the discrepancy weighs alpha+lambda-1 = %g, and below 0 training makes it larger; give a lambda of at least %g", c.Alpha+c.Lambda-1, 1-c.Alpha))
	}
	return problems
}

// InfoVAE is the registry line.
func InfoVAE() model.Variant {
	return model.Variant{Type: "vae", Name: "info_vae", Params: func() any { return new(InfoConfig) }, Build: buildInfo}
}

func buildInfo(params any, in model.Inputs, o nn.Options) (model.Model, error) {
	c := params.(*InfoConfig)
	net, err := newNet(c.Config, in, o)
	if err != nil {
		return nil, err
	}
	return &info{net, c.MMD, 1 - c.Alpha, c.Alpha + c.Lambda - 1}, nil
}

// Loss is the ELBO with its KL term weighed anew, and the discrepancy of the batch's
// codes; metrics: recon, kl, mmd.
func (m *info) Loss(c *model.Context, b model.Batch) model.Output {
	p := m.pass(c, b.X)
	mmd := m.mmd.toPrior(p.z, c.Noise)
	out := m.loss(c, p, m.Net.kl.divergence(p).MulScalar(m.kl), model.Metric{Name: "mmd", Value: mmd.Detach()})
	out.Loss = out.Loss.Add(mmd.MulScalar(m.weight))
	return out
}
