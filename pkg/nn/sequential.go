package nn

import (
	"strconv"

	"github.com/gotrainer/trainer/pkg/torch"
)

// Sequential applies layers in order; its parameters are named by index, "0.weight".
type Sequential struct {
	Layers []Layer `torch:""`
	Name   string  // the field that holds it, for errors: "encoder"
}

// NewSequential names the sequence for errors.
func NewSequential(name string, layers ...Layer) *Sequential {
	return &Sequential{Layers: layers, Name: name}
}

// Forward applies all layers.
func (s *Sequential) Forward(x *torch.Tensor, training bool) *torch.Tensor {
	return s.ForwardTo(len(s.Layers)-1, x, training)
}

// ForwardTo applies the layers up to and including index last. A Linear and the ReLU
// after it are one step.
func (s *Sequential) ForwardTo(last int, x *torch.Tensor, training bool) *torch.Tensor {
	for i := 0; i <= last; i++ {
		step := s.Layers[i].Forward
		first := i
		if l, ok := s.Layers[i].(*Linear); ok && i < last && s.Layers[i+1] == Layer(ReLU) {
			step = l.forwardReLU
			i++
		}
		x = torch.In(s.layerName(first), func() *torch.Tensor { return step(x, training) })
	}
	return x
}

func (s *Sequential) layerName(i int) string {
	if s.Name == "" {
		return "layer " + strconv.Itoa(i)
	}
	return s.Name + "." + strconv.Itoa(i)
}
