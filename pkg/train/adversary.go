package train

import (
	"fmt"

	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/optim"
	"github.com/gotrainer/trainer/pkg/torch"
)

// Adversary is the hook of models a part of which has a loss and an optimizer of its own,
// such as a discriminator. The model's loss takes the part as it is and trains the rest; the
// part's step follows on the same batches, with the new weights of the rest.
type Adversary interface {
	// Adversary is the part, a module of the model, and its optimizer; the learning rate is
	// constant.
	Adversary() (part any, o model.Adam)
	// AdversaryLoss is the part's loss, a mean over the batch. What it takes from the rest has
	// no history.
	AdversaryLoss(c *model.Context, b model.Batch) *torch.Tensor
}

// rival is the part of a model that has an optimizer of its own; nil where there is none.
type rival struct {
	model   Adversary
	params  []*torch.Tensor
	opt     optim.Optimizer
	config  optim.Config
	scalars *scalars
}

// newRival takes the part's parameters out of those of the model, and gives it its optimizer.
func newRival(m model.Model, params []*torch.Tensor) (*rival, []*torch.Tensor, error) {
	a, ok := m.(Adversary)
	if !ok {
		return nil, params, nil
	}
	part, adam := a.Adversary()
	config := optim.Config{Name: "adam", LR: adam.LR, Beta1: adam.Beta1, Beta2: adam.Beta2, Eps: 1e-8}
	v := &rival{model: a, config: config, params: nn.Tensors(nn.Params(part)), scalars: newScalars()}
	own := map[*torch.Tensor]bool{}
	for _, p := range v.params {
		own[p] = true
	}
	var rest []*torch.Tensor
	for _, p := range params {
		if !own[p] {
			rest = append(rest, p)
		}
	}
	var err error
	if v.opt, err = optim.New(config, v.params); err != nil {
		return nil, nil, fmt.Errorf("the adversary's optimizer: %w", err)
	}
	v.opt.SetLR(config.LR)
	return v, rest, nil
}

// held runs fn while the part takes no gradients.
func (v *rival) held(fn func()) {
	if v == nil {
		fn()
		return
	}
	set := func(on bool) {
		for _, p := range v.params {
			p.SetRequiresGrad(on)
		}
	}
	set(false)
	defer set(true)
	fn()
}

// rivalStep trains the part on the batches of a step, unless that step is skipped; the answer
// is 1 where either is: then buffers go back to what they were, of both.
func (r *run) rivalStep(batches []model.Batch, skip *torch.Tensor) *torch.Tensor {
	v := r.rival
	if v == nil {
		return skip
	}
	var sum *torch.Tensor
	for i, b := range batches {
		var loss *torch.Tensor
		r.autocast(func() {
			loss = v.model.AdversaryLoss(&model.Context{Train: true, Scalars: v.scalars, Noise: generatorNoise{}, Part: i, Parts: len(batches)}, b)
		})
		loss = loss.MulScalar(1 / float64(len(batches)))
		r.scaling.scale(loss).Backward()
		if sum == nil {
			sum = loss.Detach()
			continue
		}
		sum = sum.Add(loss.Detach())
	}
	torch.NoGrad(func() {
		skip = skip.Maximum(sum.NonFinite())
		if overflow := r.scaling.divide(v.params); overflow != nil {
			skip = skip.Maximum(overflow)
		}
		v.opt.Step(skip)
	})
	torch.ZeroGrads(v.params)
	return skip
}

// refresh writes what the part's scalars are after the given number of steps.
func (v *rival) refresh(step int64) {
	if v != nil {
		v.scalars.refresh(step)
	}
}

// state is nil where there is no such part.
func (v *rival) state(c *copier) *OptimizerState {
	if v == nil {
		return nil
	}
	s := stateOf(v.opt, len(v.params), v.opt.Group(v.config.LR), c)
	return &s
}

func (v *rival) restore(s *OptimizerState) error {
	switch {
	case v == nil:
		return nil
	case s == nil:
		return fmt.Errorf("the checkpoint has no state of the adversary's optimizer")
	}
	if err := v.opt.Load(s.loaded(len(v.params))); err != nil {
		return fmt.Errorf("the adversary's %w", err)
	}
	return nil
}

func (v *rival) close() {
	if v != nil {
		v.opt.Close()
		v.scalars.close()
	}
}
