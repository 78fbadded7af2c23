// Package optim has SGD, Adam and AdamW as one fused pass, with PyTorch's
// names, defaults and state layout. All state is in tensors that Go owns and names,
// so that an optimizer's state is an ordinary state dict.
package optim

import (
	"fmt"

	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

// Config says which optimizer and with which settings. Fields that an optimizer does
// not have are ignored by it.
type Config struct {
	Name        string  // adam, adamw or sgd
	LR          float64 // learning rate
	Beta1       float64 // adam, adamw: decay of the first moment
	Beta2       float64 // adam, adamw: decay of the second moment
	Eps         float64 // adam, adamw: added to the denominator
	WeightDecay float64 // L2 penalty; decoupled for adamw
	Momentum    float64 // sgd
	Dampening   float64 // sgd
	Nesterov    bool    // sgd
}

// Copies is the number of tensors like the parameter that the optimizer keeps for each.
func (c Config) Copies() int64 {
	switch {
	case c.Name != "sgd":
		return 2
	case c.Momentum > 0:
		return 1
	}
	return 0
}

// StateBytes is what the optimizer keeps for params.
func (c Config) StateBytes(params []*torch.Tensor) (n int64) {
	for _, p := range params {
		n += c.Copies() * p.Bytes()
	}
	return n
}

// Optimizer updates parameters in place from their gradients.
type Optimizer interface {
	// SetLR sets the learning rate of the steps that follow; it is 0 before. The number
	// goes into a tensor, so that a step that was recorded once uses the new one.
	SetLR(lr float64)
	// Step updates. foundInf is a float32 scalar on the parameters' device: 1 skips the
	// update.
	Step(foundInf *torch.Tensor)
	// State lists the tensors of every parameter, as torch.optim names them, in
	// PyTorch's order; it is empty before the first step.
	State() []ParamState
	// Load restores what State gave; it checks names, shapes and dtypes.
	Load(states []LoadedState) error
	// Group is the one param group: PyTorch's keys and values but "params".
	Group(lr float64) []Setting
	// Close frees the state.
	Close()
}

// Deferrer is an optimizer that can make gradients itself. Defer, before a backward pass,
// says that only the next Step asks for them; until then some may be missing.
type Deferrer interface{ Defer() }

// ParamState is the state of the parameter with the given index.
type ParamState struct {
	Index   int
	Entries []nn.Param
}

// LoadedState is ParamState as read from a checkpoint.
type LoadedState struct {
	Index   int
	Entries nn.Source
}

// Moments are the tensors that an optimizer keeps for each element of the parameter with the
// given index, in its shape; none before the first step.
func Moments(o Optimizer, index int) (list []*torch.Tensor) {
	for _, s := range o.State() {
		if s.Index != index {
			continue
		}
		for _, e := range s.Entries {
			if e.Name != "step" {
				list = append(list, e.Tensor)
			}
		}
	}
	return list
}

// Setting is one key of a param group. Value is nil, bool, int64, float64 or
// [2]float64.
type Setting struct {
	Key   string
	Value any
}

// New builds the optimizer that cfg names for params, in order.
func New(cfg Config, params []*torch.Tensor) (Optimizer, error) {
	switch cfg.Name {
	case "adam", "adamw":
		return newAdam(cfg, params), nil
	case "sgd":
		return newSGD(cfg, params), nil
	}
	return nil, fmt.Errorf("optimizer %q: expected adam, adamw or sgd", cfg.Name)
}
