package custom

import (
	"fmt"

	"github.com/gotrainer/trainer/pkg/nn"
)

// pool is torch.nn.MaxPool2d or AvgPool2d with square windows.
type pool struct {
	Kernel  int64 `yaml:"kernel" check:"required,min=1" doc:"the side of the window"`
	Stride  int64 `yaml:"stride" check:"min=1" doc:"the step between windows; the kernel by default"`
	Padding int64 `yaml:"padding" default:"0" check:"min=0" doc:"what is added on each side; at most half of the kernel"`
	made    func(kernel, stride, padding int64) nn.Func
}

func (l *pool) build(at site) (nn.Layer, []int64, error) {
	stride := l.Stride
	if stride == 0 {
		stride = l.Kernel
	}
	switch {
	case len(at.in) != 3:
		return nil, nil, errNoImage
	case 2*l.Padding > l.Kernel:
		return nil, nil, fmt.Errorf("expected a padding of at most half of the kernel %d, found %d", l.Kernel, l.Padding)
	case min(at.in[1], at.in[2])+2*l.Padding < l.Kernel:
		return nil, nil, fmt.Errorf("expected a side of at least %d with padding, the side of its window", l.Kernel)
	}
	side := func(n int64) int64 { return (n+2*l.Padding-l.Kernel)/stride + 1 }
	return l.made(l.Kernel, stride, l.Padding), []int64{at.in[0], side(at.in[1]), side(at.in[2])}, nil
}

// adaptivePool is torch.nn.AdaptiveAvgPool2d.
type adaptivePool struct {
	Size []int64 `yaml:"size" check:"required,min=1,minlen=1" doc:"the height and width that it gives, or one number for both"`
}

func (l *adaptivePool) build(at site) (nn.Layer, []int64, error) {
	if len(at.in) != 3 {
		return nil, nil, errNoImage
	}
	if len(l.Size) > 2 {
		return nil, nil, fmt.Errorf("expected a size of one or two numbers, found %v", l.Size)
	}
	height, width := l.Size[0], l.Size[len(l.Size)-1]
	return nn.AdaptiveAvgPool2d(height, width), []int64{at.in[0], height, width}, nil
}

// upsample is torch.nn.Upsample with mode nearest.
type upsample struct {
	Scale int64 `yaml:"scale" check:"required,min=1" doc:"how many times larger both sides become"`
}

func (l *upsample) build(at site) (nn.Layer, []int64, error) {
	if len(at.in) != 3 {
		return nil, nil, errNoImage
	}
	return nn.Upsample(l.Scale), []int64{at.in[0], at.in[1] * l.Scale, at.in[2] * l.Scale}, nil
}
