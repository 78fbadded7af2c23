package custom

import (
	"errors"
	"fmt"

	"github.com/gotrainer/trainer/pkg/nn"
)

var errNoImage = errors.New("expected images [channels height width]; put unflatten before it")

// conv2d is torch.nn.Conv2d with square kernels.
type conv2d struct {
	Out      int64 `yaml:"out" check:"required,min=1" doc:"the number of channels that it gives"`
	Kernel   int64 `yaml:"kernel" check:"required,min=1" doc:"the side of the kernel"`
	Stride   int64 `yaml:"stride" default:"1" check:"min=1" doc:"the step between positions"`
	Padding  int64 `yaml:"padding" default:"0" check:"min=0" doc:"the zeros added on each side"`
	Dilation int64 `yaml:"dilation" default:"1" check:"min=1" doc:"the distance between elements of the kernel"`
	Groups   int64 `yaml:"groups" default:"1" check:"min=1" doc:"the groups of channels that are kept apart"`
	Bias     bool  `yaml:"bias" default:"true" doc:"whether a bias is added"`
}

func (l *conv2d) config() nn.ConvConfig {
	return nn.ConvConfig{Kernel: l.Kernel, Stride: l.Stride, Padding: l.Padding, Dilation: l.Dilation, Groups: l.Groups, Bias: nn.Bias(l.Bias)}
}

func (l *conv2d) build(at site) (nn.Layer, []int64, error) {
	if err := l.checkInput(at.in); err != nil {
		return nil, nil, err
	}
	reach := l.Dilation*(l.Kernel-1) + 1
	if at.in[1]+2*l.Padding < reach || at.in[2]+2*l.Padding < reach {
		return nil, nil, fmt.Errorf("expected a side of at least %d with padding; its kernel reaches over %d", reach, reach)
	}
	side := func(n int64) int64 { return (n+2*l.Padding-reach)/l.Stride + 1 }
	return nn.NewConv2d(at.in[0], l.Out, l.config(), at.opts), []int64{l.Out, side(at.in[1]), side(at.in[2])}, nil
}

func (l *conv2d) checkInput(in []int64) error {
	switch {
	case len(in) != 3:
		return errNoImage
	case in[0]%l.Groups != 0 || l.Out%l.Groups != 0:
		return fmt.Errorf("expected %d groups to divide its %d and its %d channels", l.Groups, in[0], l.Out)
	}
	return nil
}

// convTranspose2d is torch.nn.ConvTranspose2d with square kernels.
type convTranspose2d struct {
	conv2d        `yaml:",inline"`
	OutputPadding int64 `yaml:"output_padding" default:"0" check:"min=0" doc:"the size added to one side of the output"`
}

func (l *convTranspose2d) build(at site) (nn.Layer, []int64, error) {
	if err := l.checkInput(at.in); err != nil {
		return nil, nil, err
	}
	if l.OutputPadding >= max(l.Stride, l.Dilation) {
		return nil, nil, fmt.Errorf("expected output_padding below stride or dilation, found %d", l.OutputPadding)
	}
	side := func(n int64) int64 {
		return (n-1)*l.Stride - 2*l.Padding + l.Dilation*(l.Kernel-1) + l.OutputPadding + 1
	}
	if side(at.in[1]) < 1 || side(at.in[2]) < 1 {
		return nil, nil, fmt.Errorf("expected less padding than %d; nothing of the image is left", l.Padding)
	}
	c := l.config()
	c.OutputPadding = l.OutputPadding
	return nn.NewConvTranspose2d(at.in[0], l.Out, c, at.opts), []int64{l.Out, side(at.in[1]), side(at.in[2])}, nil
}
