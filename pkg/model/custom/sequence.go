package custom

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

// attention is self-attention with the tensors of torch.nn.MultiheadAttention.
type attention struct {
	Heads int64 `yaml:"heads" check:"required,min=1" doc:"the number of heads; it divides the last size of a sample"`
}

func (l *attention) build(at site) (nn.Layer, []int64, error) {
	switch {
	case len(at.in) != 2:
		return nil, nil, errors.New("expected sequences [length dim]; put embedding or unflatten before it")
	case at.in[1]%l.Heads != 0:
		return nil, nil, fmt.Errorf("expected %d heads to divide its dim %d", l.Heads, at.in[1])
	}
	return nn.NewAttention(at.in[1], l.Heads, at.opts), at.in, nil
}

// embedding is torch.nn.Embedding: the sample's whole numbers become rows of a table.
type embedding struct {
	Num int64 `yaml:"num" check:"required,min=1" doc:"how many numbers there are: 0 to num-1"`
	Dim int64 `yaml:"dim" check:"required,min=1" doc:"the size of each row"`
}

func (l *embedding) build(at site) (nn.Layer, []int64, error) {
	return nn.NewEmbedding(l.Num, l.Dim, at.opts), append(slices.Clone(at.in), l.Dim), nil
}

// checkNumbers says whether x are numbers that the layer has rows for, where it is an
// embedding.
func checkNumbers(l nn.Layer, x *torch.Tensor, key string) error {
	e, ok := l.(*nn.Embedding)
	if !ok {
		return nil
	}
	num := e.Weight.Size(0)
	for _, v := range x.Float64s() {
		if v < 0 || v >= float64(num) || v != math.Trunc(v) {
			return model.Mistakef("%s: embedding reads whole numbers from 0 to %d, found %v in the data; write num: larger than the largest, keep data.normalize: none, and store numbers of less than 256 as int32, since uint8 is scaled to [0, 1]", key, num-1, v)
		}
	}
	return nil
}
