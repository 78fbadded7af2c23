package builtin_test

import (
	"slices"

	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/optim"
	"github.com/gotrainer/trainer/pkg/torch"
)

// adversary is what package train asks of a model with two objectives.
type adversary interface {
	Adversary() (part any, o model.Adam)
	AdversaryLoss(c *model.Context, b model.Batch) *torch.Tensor
}

// opponent trains the part of a model that has an optimizer of its own; a nil one does
// nothing.
type opponent struct {
	model  adversary
	params []*torch.Tensor
	opt    optim.Optimizer
}

// newOpponent takes the part's parameters out of params.
func newOpponent(m model.Model, params *[]*torch.Tensor) (*opponent, error) {
	a, ok := m.(adversary)
	if !ok {
		return nil, nil
	}
	part, config := a.Adversary()
	own := nn.Tensors(nn.Params(part))
	*params = slices.DeleteFunc(*params, func(p *torch.Tensor) bool { return slices.Contains(own, p) })
	opt, err := optim.New(optim.Config{Name: "adam", LR: config.LR, Beta1: config.Beta1, Beta2: config.Beta2, Eps: 1e-8}, own)
	if err != nil {
		return nil, err
	}
	opt.SetLR(config.LR)
	return &opponent{a, own, opt}, nil
}

func (o *opponent) step(b model.Batch, noise model.Noise) {
	if o == nil {
		return
	}
	torch.ZeroGrads(o.params)
	o.model.AdversaryLoss(&model.Context{Train: true, Noise: noise}, b).Backward()
	torch.NoGrad(func() { o.opt.Step(torch.Scalar(0)) })
	torch.ZeroGrads(o.params)
}

func (o *opponent) close() {
	if o != nil {
		o.opt.Close()
	}
}
