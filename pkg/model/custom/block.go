package custom

import (
	"fmt"
	"slices"

	"github.com/gotrainer/trainer/pkg/nn"
)

// sequential is a list within the list; its parameters are named "2.0.weight".
type sequential struct {
	Layers []Layer `yaml:"layers" check:"required,minlen=1" doc:"the list of layers"`
}

func (l *sequential) build(at site) (nn.Layer, []int64, error) {
	at.path += ".sequential"
	layers, out, err := buildLayers(l.Layers, at)
	if err != nil {
		return nil, nil, err
	}
	return nn.NewSequential("", layers...), out, nil
}

// residual adds its input to what its layers give; its parameters are named
// "2.layers.0.weight" and, where the shapes differ, "2.projection.weight".
type residual struct {
	Layers []Layer `yaml:"layers" check:"required,minlen=1" doc:"the list of layers"`
}

func (l *residual) build(at site) (nn.Layer, []int64, error) {
	in := at
	at.path += ".residual"
	layers, out, err := buildLayers(l.Layers, at)
	if err != nil {
		return nil, nil, err
	}
	projection, err := project(in, out)
	if err != nil {
		return nil, nil, err
	}
	return &nn.Residual{Layers: nn.NewSequential("", layers...), Projection: projection}, out, nil
}

// project is the linear map of He et al. 2015 (arXiv 1512.03385, eq. 2, "option B") that
// gives the input the shape of the output: a convolution of 1×1 with a stride on images, a
// linear layer over the last dimension elsewhere, both without bias; nil where the shapes
// are the same.
func project(at site, out []int64) (nn.Layer, error) {
	in := at.in
	switch last := len(out) - 1; {
	case slices.Equal(in, out):
		return nil, nil
	case len(in) != len(out) || last < 0:
	case len(out) == 3:
		for stride := int64(1); stride <= in[1]; stride++ {
			if (in[1]-1)/stride+1 == out[1] && (in[2]-1)/stride+1 == out[2] {
				return nn.NewConv2d(in[0], out[0], nn.ConvConfig{Kernel: 1, Stride: stride, Bias: nn.NoBias}, at.opts), nil
			}
		}
	case slices.Equal(in[:last], out[:last]):
		return nn.NewLinear(in[last], out[last], nn.NoBias, at.opts), nil
	}
	return nil, fmt.Errorf("but its layers give %v; expected the same shape, another last size, or images of any channels that are made smaller by one stride", out)
}
