package custom

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gotrainer/trainer/pkg/nn"
)

// batchNorm1d is torch.nn.BatchNorm1d over the channels of [C] or [C, L].
type batchNorm1d struct{}

func (batchNorm1d) build(at site) (nn.Layer, []int64, error) {
	if len(at.in) != 1 && len(at.in) != 2 {
		return nil, nil, errors.New("expected [channels] or [channels length]; for images there is batch_norm2d")
	}
	return nn.NewBatchNorm1d(at.in[0], at.opts), at.in, nil
}

// batchNorm2d is torch.nn.BatchNorm2d over the channels of [C, H, W].
type batchNorm2d struct{}

func (batchNorm2d) build(at site) (nn.Layer, []int64, error) {
	if len(at.in) != 3 {
		return nil, nil, errors.New("expected images [channels height width]; for other data there is batch_norm1d")
	}
	return nn.NewBatchNorm2d(at.in[0], at.opts), at.in, nil
}

// layerNorm is torch.nn.LayerNorm, over the last dimension by default.
type layerNorm struct {
	Shape []int64 `yaml:"shape" check:"min=1" doc:"the sizes of the last dimensions, which are normalised together; the last one by default"`
}

func (l *layerNorm) build(at site) (nn.Layer, []int64, error) {
	shape := l.Shape
	if len(shape) == 0 && len(at.in) > 0 {
		shape = at.in[len(at.in)-1:]
	}
	if len(shape) == 0 || len(shape) > len(at.in) || !slices.Equal(shape, at.in[len(at.in)-len(shape):]) {
		return nil, nil, fmt.Errorf("expected the last sizes to be %v, which it normalises", shape)
	}
	return nn.NewLayerNorm(slices.Clone(shape), at.opts), at.in, nil
}

// groupNorm is torch.nn.GroupNorm over groups of the channels of [C, …].
type groupNorm struct {
	Groups int64 `yaml:"groups" check:"required,min=1" doc:"the number of groups; it divides the channels"`
}

func (l *groupNorm) build(at site) (nn.Layer, []int64, error) {
	if len(at.in) == 0 || at.in[0]%l.Groups != 0 {
		return nil, nil, fmt.Errorf("expected [channels …] with channels that %d groups divide", l.Groups)
	}
	return nn.NewGroupNorm(l.Groups, at.in[0], at.opts), at.in, nil
}
