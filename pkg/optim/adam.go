package optim

import (
	"fmt"

	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

// adam is Adam (Kingma and Ba 2015, arXiv 1412.6980) or AdamW (Loshchilov and Hutter
// 2019, arXiv 1711.05101). All parameters share one step count, which is what they
// have in PyTorch when each gets a gradient in each step.
type adam struct {
	torch.Adam
	scope *torch.Scope
	begun bool
}

func newAdam(cfg Config, params []*torch.Tensor) *adam {
	device := deviceOf(params)
	a := &adam{Adam: torch.Adam{
		Params: params, M: zerosLike(params), V: zerosLike(params), Step: torch.Scalar(0, torch.On(device)), LR: torch.LearningRate(device),
		Decoupled: cfg.Name == "adamw", Beta1: cfg.Beta1, Beta2: cfg.Beta2, Eps: cfg.Eps, WeightDecay: cfg.WeightDecay,
	}}
	a.scope = torch.NewScope("optim") // last: what was made until an error has its owner
	a.scope.Attach(a.M...)
	a.scope.Attach(a.V...)
	a.scope.Attach(a.Adam.Step, a.LR)
	return a
}

func deviceOf(params []*torch.Tensor) torch.Device {
	if len(params) == 0 {
		return torch.CPU
	}
	return params[0].Device()
}

func (a *adam) SetLR(lr float64) { a.LR.Fill_(lr) }

func (a *adam) Step(foundInf *torch.Tensor) {
	a.Update(foundInf)
	a.begun = true
}

func (a *adam) State() []ParamState {
	if !a.begun {
		return nil
	}
	states := make([]ParamState, len(a.Params))
	for i := range a.Params {
		states[i] = ParamState{i, []nn.Param{
			{Name: "step", Tensor: a.Adam.Step}, {Name: "exp_avg", Tensor: a.M[i]}, {Name: "exp_avg_sq", Tensor: a.V[i]},
		}}
	}
	return states
}

func (a *adam) Load(states []LoadedState) error {
	if len(states) == 0 {
		return nil
	}
	if len(states) != len(a.Params) {
		return fmt.Errorf("optimizer state has %d parameters, the model has %d", len(states), len(a.Params))
	}
	var first []byte
	for i, s := range states {
		entries := []nn.Param{{Name: "step", Tensor: a.Adam.Step}, {Name: "exp_avg", Tensor: a.M[i]}, {Name: "exp_avg_sq", Tensor: a.V[i]}}
		if s.Index != i {
			return fmt.Errorf("optimizer state of parameter %d is missing", i)
		}
		if err := nn.LoadState(entries, s.Entries); err != nil {
			return fmt.Errorf("optimizer state of parameter %d: %w", i, err)
		}
		step, _, _, _ := s.Entries.Tensor("step")
		if i == 0 {
			first = step
		} else if string(step) != string(first) {
			return fmt.Errorf("optimizer state: parameters 0 and %d have different step counts; trainer continues only runs where all parameters were trained in each step", i)
		}
	}
	a.begun = true
	return nil
}

func (a *adam) Group(lr float64) []Setting {
	return []Setting{
		{"lr", lr}, {"betas", [2]float64{a.Beta1, a.Beta2}}, {"eps", a.Eps}, {"weight_decay", a.WeightDecay},
		{"amsgrad", false}, {"maximize", false}, {"foreach", nil}, {"capturable", false}, {"differentiable", false},
		{"fused", nil}, {"decoupled_weight_decay", a.Decoupled},
	}
}

func (a *adam) Close() { a.scope.Close() }

func zerosLike(params []*torch.Tensor) []*torch.Tensor {
	ts := make([]*torch.Tensor, len(params))
	for i, p := range params {
		ts[i] = p.ZerosLike()
	}
	return ts
}
