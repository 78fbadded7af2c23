package nn

import "github.com/gotrainer/trainer/pkg/torch"

// Options say where and as what a layer's tensors are made. The zero value is
// float32 on the CPU.
type Options struct {
	Device torch.Device
	DType  torch.DType
	Scope  *torch.Scope // owns the tensors; required, but with Plan
	// ChannelsLast puts the channels of a pixel side by side in memory, in weights of
	// convolutions and what is computed from them: tensor cores want that. Shapes, names
	// and files are the same.
	ChannelsLast bool

	// Plan, where it is set, is told the shape of each tensor, and none is made: what is
	// built then is only good for that, and needs no libtorch.
	Plan func(shape []int64, dtype torch.DType, trained bool)
}

// Default is float32 on the CPU, owned by scope.
func Default(scope *torch.Scope) Options {
	return Options{Device: torch.CPU, DType: torch.Float32, Scope: scope}
}

// Param makes a trained tensor and lets fill initialise it in place.
func (o Options) Param(shape []int64, fill func(*torch.Tensor)) *torch.Tensor {
	if o.Plan != nil {
		o.Plan(shape, o.DType, true)
		return new(torch.Tensor)
	}
	t := o.Buffer(shape, o.DType, fill)
	t.SetRequiresGrad(true)
	return t
}

// Buffer makes a tensor that is not trained. Random numbers are drawn on the CPU in
// float32 or float64, so that a seed means the same weights on every device.
func (o Options) Buffer(shape []int64, dtype torch.DType, fill func(*torch.Tensor)) *torch.Tensor {
	if o.Plan != nil {
		o.Plan(shape, dtype, false)
		return new(torch.Tensor)
	}
	t := torch.Empty(shape, torch.As(dtype))
	fill(t)
	if o.Device != torch.CPU {
		t = t.On(o.Device)
	}
	if o.ChannelsLast && len(shape) == 4 {
		t = t.ChannelsLast()
	}
	o.Scope.Attach(t)
	return t
}

func zeros(t *torch.Tensor) { t.Fill_(0) }
func ones(t *torch.Tensor)  { t.Fill_(1) }
