package nn

import "github.com/gotrainer/trainer/pkg/torch"

// Layer maps a batch to a batch. training switches dropout and batch statistics.
type Layer interface {
	Forward(x *torch.Tensor, training bool) *torch.Tensor
}

// Linear is y = x·Wᵀ + b over the last dimension: [.., in] to [.., out].
type Linear struct {
	Weight *torch.Tensor `torch:"weight"` // [out, in]
	Bias   *torch.Tensor `torch:"bias"`   // [out]
}

// NewLinear has torch.nn.Linear's initialisation.
func NewLinear(in, out int64, bias Bias, o Options) *Linear {
	l := &Linear{Weight: o.Param([]int64{out, in}, KaimingUniform(in))}
	if bias {
		l.Bias = o.Param([]int64{out}, BiasUniform(in))
	}
	return l
}

// Bias says whether a layer adds one.
type Bias bool

// The two choices.
const (
	WithBias Bias = true
	NoBias   Bias = false
)

// Forward computes the layer.
func (l *Linear) Forward(x *torch.Tensor, _ bool) *torch.Tensor { return x.Linear(l.Weight, l.Bias) }

// forwardReLU computes the layer and the ReLU after it.
func (l *Linear) forwardReLU(x *torch.Tensor, _ bool) *torch.Tensor {
	return x.LinearReLU(l.Weight, l.Bias)
}
