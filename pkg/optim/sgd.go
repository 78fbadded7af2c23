package optim

import (
	"fmt"

	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

// sgd is stochastic gradient descent with momentum as PyTorch defines it (Sutskever
// et al. 2013, with the learning rate outside the velocity).
type sgd struct {
	torch.SGD
	scope *torch.Scope
}

func newSGD(cfg Config, params []*torch.Tensor) *sgd {
	s := &sgd{SGD: torch.SGD{
		Params: params, LR: torch.LearningRate(deviceOf(params)), Momentum: cfg.Momentum, Dampening: cfg.Dampening, WeightDecay: cfg.WeightDecay, Nesterov: cfg.Nesterov, First: true,
	}}
	if cfg.Momentum != 0 {
		s.Momenta = zerosLike(params)
	}
	s.scope = torch.NewScope("optim")
	s.scope.Attach(s.LR)
	s.scope.Attach(s.Momenta...)
	return s
}

func (s *sgd) SetLR(lr float64) { s.LR.Fill_(lr) }

func (s *sgd) Step(foundInf *torch.Tensor) {
	s.Update(foundInf)
	s.First = false
}

func (s *sgd) State() []ParamState {
	if s.First || s.Momentum == 0 {
		return nil
	}
	states := make([]ParamState, len(s.Params))
	for i := range s.Params {
		states[i] = ParamState{i, []nn.Param{{Name: "momentum_buffer", Tensor: s.Momenta[i]}}}
	}
	return states
}

func (s *sgd) Load(states []LoadedState) error {
	if len(states) == 0 {
		return nil
	}
	if s.Momentum == 0 {
		return fmt.Errorf("optimizer state has momentum, the config has none")
	}
	if len(states) != len(s.Params) {
		return fmt.Errorf("optimizer state has %d parameters, the model has %d", len(states), len(s.Params))
	}
	for i, st := range states {
		if st.Index != i {
			return fmt.Errorf("optimizer state of parameter %d is missing", i)
		}
		if err := nn.LoadState([]nn.Param{{Name: "momentum_buffer", Tensor: s.Momenta[i]}}, st.Entries); err != nil {
			return fmt.Errorf("optimizer state of parameter %d: %w", i, err)
		}
	}
	s.First = false
	return nil
}

func (s *sgd) Group(lr float64) []Setting {
	return []Setting{
		{"lr", lr}, {"momentum", s.Momentum}, {"dampening", s.Dampening}, {"weight_decay", s.WeightDecay},
		{"nesterov", s.Nesterov}, {"maximize", false}, {"foreach", nil}, {"differentiable", false}, {"fused", nil},
	}
}

func (s *sgd) Close() { s.scope.Close() }
