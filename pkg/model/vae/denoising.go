package vae

import (
	"math"

	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

// denoising is the denoising autoencoder of Vincent et al. 2008 (ICML; 2010, JMLR 11): it
// reconstructs a sample from what noise leaves of it,
//
//	loss = mean_B -log p(x|z),  z = mu(encoder(x̃))
//
// with x̃ = x + σ·eps (gaussian), or x with a share σ of its numbers set to 0 (masking).
// Outside training x̃ = x.
type denoising struct {
	*coder `torch:""`
	kind   string
	level  float64
}

// DenoisingConfig adds the noise.
type DenoisingConfig struct {
	CoderConfig `yaml:",inline"`
	Corruption  string  `yaml:"corruption" default:"gaussian" check:"oneof=gaussian|masking" doc:"the noise on the input in training: gaussian adds normal noise, masking sets numbers to 0"`
	Level       float64 `yaml:"corruption_level" default:"0.3" check:"min=0" doc:"the standard deviation of the noise, or the share of the numbers that are masked"`
}

// Validate holds that something of a sample is left.
func (c *DenoisingConfig) Validate() (problems []string) {
	if c.Corruption == "masking" && c.Level >= 1 {
		problems = append(problems, "corruption_level: masking leaves nothing of a sample where it is 1 or more; give a share below 1")
	}
	return problems
}

// DenoisingAE is the registry line.
func DenoisingAE() model.Variant {
	return model.Variant{Type: "vae", Name: "denoising_ae", Params: func() any { return new(DenoisingConfig) }, Build: buildDenoising}
}

func buildDenoising(params any, in model.Inputs, o nn.Options) (model.Model, error) {
	c := params.(*DenoisingConfig)
	base, err := newCoder(c.CoderConfig, in, o)
	if err != nil {
		return nil, err
	}
	return &denoising{base, c.Corruption, c.Level}, nil
}

// Loss is the reconstruction term, of the whole sample in evaluation.
func (m *denoising) Loss(c *model.Context, b model.Batch) model.Output {
	x := b.X
	if c.Train {
		x = m.corrupt(x, c.Noise)
	}
	_, recon := m.pass(c, x, b.X)
	return model.Output{Loss: recon.Mean()}
}

// corrupt is x̃. A normal number is below the quantile of a share with that probability.
func (m *denoising) corrupt(x *torch.Tensor, noise model.Noise) *torch.Tensor {
	eps := noise.Randn(x.Shape(), x)
	if m.kind == "gaussian" {
		return x.Add(eps.MulScalar(m.level))
	}
	quantile := math.Sqrt2 * math.Erfinv(2*m.level-1)
	return x.Mul(eps.Ge(quantile).To(x.DType()))
}
