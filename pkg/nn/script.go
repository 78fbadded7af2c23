package nn

import "github.com/gotrainer/trainer/pkg/torch"

// Script is a TorchScript module as a layer, under the names of its own state dict.
type Script struct{ Module *torch.Script }

// Forward computes the module.
func (s *Script) Forward(x *torch.Tensor, training bool) *torch.Tensor {
	return s.Module.Forward(x, training)
}

// List names the module's tensors.
func (s *Script) List() []Param {
	params := make([]Param, len(s.Module.Tensors))
	for i, t := range s.Module.Tensors {
		params[i] = Param{t.Name, t.Tensor, Buffer}
		switch {
		case t.Trained:
			params[i].Role = Trained
		case t.Frozen:
			params[i].Role = Frozen
		}
	}
	return params
}
