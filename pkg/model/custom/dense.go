package custom

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
)

// linear is torch.nn.Linear over the last dimension.
type linear struct {
	Out  int64 `yaml:"out" check:"required,min=1" doc:"the number of outputs"`
	Bias bool  `yaml:"bias" default:"true" doc:"whether a bias is added"`
}

func (l *linear) build(at site) (nn.Layer, []int64, error) {
	if len(at.in) == 0 {
		return nil, nil, errors.New("expected at least one dimension")
	}
	out := slices.Clone(at.in)
	out[len(out)-1] = l.Out
	return nn.NewLinear(at.in[len(at.in)-1], l.Out, nn.Bias(l.Bias), at.opts), out, nil
}

// dropout is torch.nn.Dropout.
type dropout struct {
	P float64 `yaml:"p" default:"0.5" check:"min=0,lt=1" doc:"the share of elements that training sets to zero"`
}

func (l *dropout) build(at site) (nn.Layer, []int64, error) {
	return nn.Dropout{P: l.P}, at.in, nil
}

// activation is one of nn.Activations by name.
type activation string

func (l activation) build(at site) (nn.Layer, []int64, error) {
	f, ok := nn.Activation(string(l))
	if !ok {
		return nil, nil, fmt.Errorf("and is none of the activations %v", nn.Activations)
	}
	return f, at.in, nil
}

// flatten is torch.nn.Flatten: one dimension a sample.
type flatten struct{}

func (flatten) build(at site) (nn.Layer, []int64, error) {
	return nn.Flatten, []int64{model.Inputs{Shape: at.in}.Dim()}, nil
}

// unflatten is torch.nn.Unflatten(1, shape).
type unflatten struct {
	Shape []int64 `yaml:"shape" check:"required,min=1,minlen=1" doc:"the shape of one sample, such as [32, 4, 4]"`
}

func (l *unflatten) build(at site) (nn.Layer, []int64, error) {
	if want := (model.Inputs{Shape: l.Shape}).Dim(); len(at.in) != 1 || at.in[0] != want {
		hint := ""
		if len(at.in) > 1 {
			hint = "; put flatten before it"
		}
		return nil, nil, fmt.Errorf("expected [%d] to make %v of it%s", want, l.Shape, hint)
	}
	return nn.Unflatten(l.Shape), slices.Clone(l.Shape), nil
}
