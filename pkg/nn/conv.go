package nn

import "github.com/gotrainer/trainer/pkg/torch"

// ConvConfig are the shared settings of Conv2d and ConvTranspose2d. The zero value
// of Stride, Dilation and Groups means 1.
type ConvConfig struct {
	Kernel, Stride, Padding, OutputPadding, Dilation, Groups int64
	Bias                                                     Bias
}

func (c ConvConfig) withDefaults() ConvConfig {
	for _, p := range []*int64{&c.Stride, &c.Dilation, &c.Groups} {
		if *p == 0 {
			*p = 1
		}
	}
	return c
}

// Conv2d maps [B, in, H, W] to [B, out, H', W'].
type Conv2d struct {
	Weight *torch.Tensor `torch:"weight"` // [out, in/groups, k, k]
	Bias   *torch.Tensor `torch:"bias"`   // [out]
	cfg    ConvConfig
}

// NewConv2d has torch.nn.Conv2d's initialisation.
func NewConv2d(in, out int64, c ConvConfig, o Options) *Conv2d {
	c = c.withDefaults()
	shape := []int64{out, in / c.Groups, c.Kernel, c.Kernel}
	weight, bias := convParams(shape, out, c, o)
	return &Conv2d{weight, bias, c}
}

// Forward computes the layer.
func (l *Conv2d) Forward(x *torch.Tensor, _ bool) *torch.Tensor {
	c := l.cfg
	return x.Conv2d(l.Weight, l.Bias, pair(c.Stride), pair(c.Padding), pair(c.Dilation), c.Groups)
}

// ConvTranspose2d maps [B, in, H, W] to [B, out, H', W'],
// H' = (H-1)·stride - 2·padding + dilation·(kernel-1) + outputPadding + 1.
type ConvTranspose2d struct {
	Weight *torch.Tensor `torch:"weight"` // [in, out/groups, k, k]
	Bias   *torch.Tensor `torch:"bias"`   // [out]
	cfg    ConvConfig
}

// NewConvTranspose2d has torch.nn.ConvTranspose2d's initialisation, whose fan-in is
// computed from dimension 1 of the weight, as for every weight.
func NewConvTranspose2d(in, out int64, c ConvConfig, o Options) *ConvTranspose2d {
	c = c.withDefaults()
	shape := []int64{in, out / c.Groups, c.Kernel, c.Kernel}
	weight, bias := convParams(shape, out, c, o)
	return &ConvTranspose2d{weight, bias, c}
}

// Forward computes the layer.
func (l *ConvTranspose2d) Forward(x *torch.Tensor, _ bool) *torch.Tensor {
	c := l.cfg
	return x.ConvTranspose2d(l.Weight, l.Bias, pair(c.Stride), pair(c.Padding), pair(c.OutputPadding), c.Groups, pair(c.Dilation))
}

func convParams(shape []int64, out int64, c ConvConfig, o Options) (weight, bias *torch.Tensor) {
	fanIn := shape[1] * shape[2] * shape[3]
	weight = o.Param(shape, KaimingUniform(fanIn))
	if c.Bias {
		bias = o.Param([]int64{out}, BiasUniform(fanIn))
	}
	return weight, bias
}

func pair(v int64) []int64 { return []int64{v, v} }
