package vae

import (
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

// capacity is the β-VAE of Burgess et al. 2018 (arXiv 1804.03599, eq. 8), whose KL is drawn
// to a capacity that grows:
//
//	loss = mean_B R + γ·|mean_B KL - C(t)|,  C(t) = C·min(1, t / capacity_steps)
//
// of the batch's mean, as in disentanglement_lib and in Dubois's disentangling-vae, and of
// the optimizer's steps t. In evaluation C is the final one. pythae takes the distance of each
// sample's KL, and C stays as it is for an epoch.
type capacity struct {
	*Net `torch:""`
	c    *CapacityConfig
}

// CapacityConfig adds the capacity and its weight.
type CapacityConfig struct {
	Compat        `yaml:",inline"`
	Config        `yaml:",inline"`
	Gamma         float64 `yaml:"gamma" default:"100" defaults:"compat=pythae: 10" check:"min=0" doc:"the weight of the distance between KL and capacity; 1000 in disentanglement_lib"`
	Capacity      float64 `yaml:"capacity" default:"25" defaults:"compat=pythae: 50" check:"min=0" doc:"the final capacity in nats"`
	CapacitySteps int64   `yaml:"capacity_steps" default:"100000" check:"min=1" doc:"the optimizer steps in which it grows from 0"`
	EpochSteps    int64   `yaml:"epoch_steps" default:"1" check:"min=1" when:"compat=pythae" doc:"the optimizer steps of an epoch, for which it stays as it is: capacity_steps are this times warmup_epoch + 1"`
}

// Validate finds what does not go together.
func (c *CapacityConfig) Validate() []string {
	if c.pythae() {
		return c.KL.noFreeBits("pythae's KL term has none")
	}
	return nil
}

// Capacity is the registry line.
func Capacity() model.Variant {
	return model.Variant{Type: "vae", Name: "capacity", Params: func() any { return new(CapacityConfig) }, Build: buildCapacity}
}

func buildCapacity(params any, in model.Inputs, o nn.Options) (model.Model, error) {
	c := params.(*CapacityConfig)
	net, err := newNet(c.Config, in, o)
	if err != nil {
		return nil, err
	}
	return &capacity{net, c}, nil
}

// Loss has the final capacity in evaluation; metrics: recon, kl, capacity.
func (m *capacity) Loss(c *model.Context, b model.Batch) model.Output {
	p := m.pass(c, b.X)
	kl := p.kl
	if !m.c.pythae() {
		kl = m.kl.divergence(p)
	}
	now := m.now(c, kl)
	return m.loss(c, p, kl.Sub(now).Abs().Mean().MulScalar(m.c.Gamma), model.Metric{Name: "capacity", Value: now})
}

// now is the capacity in force.
func (m *capacity) now(c *model.Context, like *torch.Tensor) *torch.Tensor {
	if !c.Train {
		return torch.Scalar(m.c.Capacity, torch.Like(like))
	}
	return c.Scheduled(like, func(step int64) float64 {
		if m.c.pythae() { // the first epoch is 1
			step = (step/m.c.EpochSteps + 1) * m.c.EpochSteps
		}
		return m.c.Capacity * min(1, float64(step)/float64(m.c.CapacitySteps))
	})
}
