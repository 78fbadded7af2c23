package nn

import "github.com/gotrainer/trainer/pkg/torch"

// Func is a layer without parameters.
type Func func(x *torch.Tensor) *torch.Tensor

// Forward applies the function.
func (f Func) Forward(x *torch.Tensor, _ bool) *torch.Tensor { return f(x) }

// The activations, with torch.nn's defaults.
var (
	ReLU     = relu{}
	ELU      = Func(func(x *torch.Tensor) *torch.Tensor { return x.ELU(1) })
	GELU     = Func((*torch.Tensor).GELU)
	SiLU     = Func((*torch.Tensor).SiLU)
	Tanh     = Func((*torch.Tensor).Tanh)
	Sigmoid  = Func((*torch.Tensor).Sigmoid)
	Softplus = Func((*torch.Tensor).Softplus)
)

// relu is a type of its own, so that Sequential can join it with the layer before.
type relu struct{}

// Forward computes the layer.
func (relu) Forward(x *torch.Tensor, _ bool) *torch.Tensor { return x.ReLU() }

// LeakyReLU has the given slope below zero; torch.nn's default is 0.01.
func LeakyReLU(slope float64) Func {
	return func(x *torch.Tensor) *torch.Tensor { return x.LeakyReLU(slope) }
}

// Activation finds an activation by its name in a config; ok is false for others.
func Activation(name string) (Layer, bool) {
	f, ok := map[string]Layer{
		"relu": ReLU, "leaky_relu": LeakyReLU(0.01), "elu": ELU, "gelu": GELU, "silu": SiLU,
		"tanh": Tanh, "sigmoid": Sigmoid, "softplus": Softplus,
	}[name]
	return f, ok
}

// Activations are the names that Activation knows.
var Activations = []string{"relu", "leaky_relu", "elu", "gelu", "silu", "tanh", "sigmoid", "softplus"}

// Flatten merges all dimensions but the first: [B, …] to [B, D].
var Flatten = Func(func(x *torch.Tensor) *torch.Tensor { return x.Flatten(1, -1) })

// Unflatten gives each sample a shape: [B, D] to [B, shape…].
func Unflatten(shape []int64) Func {
	return func(x *torch.Tensor) *torch.Tensor {
		return x.Reshape(append([]int64{x.Size(0)}, shape...))
	}
}

// Dropout zeroes a share P of the elements in training and scales the rest by
// 1/(1-P); otherwise it does nothing.
type Dropout struct{ P float64 }

// Forward computes the layer, drawing from the default generator.
func (l Dropout) Forward(x *torch.Tensor, training bool) *torch.Tensor {
	if !training {
		return x
	}
	return x.Dropout(l.P, true)
}
