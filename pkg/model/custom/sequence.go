package custom

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
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
	if at.data == nil {
		return nil, nil, errors.New("but it reads the data's own whole numbers; put it first, in model.layers or in the layers of one of model.inputs")
	}
	*at.data.indices = append(*at.data.indices, model.Index{From: at.data.span[0], To: at.data.span[1], Below: l.Num, By: at.path + ": embedding"})
	return nn.NewEmbedding(l.Num, l.Dim, at.opts), append(slices.Clone(at.in), l.Dim), nil
}
