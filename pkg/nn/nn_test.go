package nn_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gotrainer/trainer/pkg/internal/torchtest"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

// with runs fn with options whose tensors live as long as fn.
func with(t *testing.T, fn func(o nn.Options)) {
	t.Helper()
	torchtest.Run(t, func() error {
		scope := torch.NewScope("param")
		defer scope.Close()
		fn(nn.Default(scope))
		return nil
	})
}

func names(params []nn.Param) (list []string) {
	for _, p := range params {
		list = append(list, p.Name)
	}
	return list
}

// block has a buffer before a parameter and a sub-module before both: the order of
// torch.nn is parameters, buffers, sub-modules, whatever the order of the fields.
type block struct {
	In    *nn.Linear      `torch:"in"`
	Seen  *torch.Tensor   `torch:"seen,buffer"`
	Count *torch.Tensor   `torch:"count,state"`
	Scale *torch.Tensor   `torch:"scale"`
	Tail  *nn.Sequential  `torch:"tail"`
	More  []*nn.Linear    `torch:"more"`
	Extra *nn.LayerNorm   `torch:"extra"` // nil
	note  map[string]bool // untagged: not a module
}

func newBlock(o nn.Options) *block {
	one := func(t *torch.Tensor) { t.Fill_(1) }
	return &block{
		In: nn.NewLinear(2, 3, nn.NoBias, o), Seen: o.Buffer([]int64{2}, torch.Float32, one), Count: o.Buffer(nil, torch.Int64, one),
		Scale: o.Param(nil, one), Tail: nn.NewSequential("tail", nn.NewBatchNorm1d(2, o), nn.ReLU, nn.NewLinear(2, 2, nn.WithBias, o)),
		More: []*nn.Linear{nn.NewLinear(1, 1, nn.NoBias, o), nn.NewLinear(1, 1, nn.NoBias, o)}, note: map[string]bool{"x": true},
	}
}

func TestWalkHasTorchsOrderAndNames(t *testing.T) {
	with(t, func(o nn.Options) {
		b := newBlock(o)
		state := []string{"scale", "seen", "in.weight",
			"tail.0.weight", "tail.0.bias", "tail.0.running_mean", "tail.0.running_var", "tail.0.num_batches_tracked",
			"tail.2.weight", "tail.2.bias", "more.0.weight", "more.1.weight"}
		if got := names(nn.StateDict(b)); !slices.Equal(got, state) {
			t.Errorf("state dict\n%v, want\n%v", got, state)
		}
		trained := slices.DeleteFunc(slices.Clone(state), func(name string) bool {
			return name == "seen" || strings.Contains(name, "running") || strings.Contains(name, "tracked")
		})
		if got := names(nn.Params(b)); !slices.Equal(got, trained) {
			t.Errorf("parameters %v, want %v", got, trained)
		}
		if got := names(nn.States(b)); !slices.Equal(got, []string{"count"}) {
			t.Errorf("states %v", got)
		}
		if len(nn.Tensors(nn.Params(b))) != len(trained) {
			t.Error("tensors and parameters differ in number")
		}
	})
}

func TestTensorFieldWithoutATagIsAProgrammingError(t *testing.T) {
	defer func() {
		if p := fmt.Sprint(recover()); !strings.Contains(p, "W is a tensor without a `torch` tag") {
			t.Errorf("panic = %v", p)
		}
	}()
	nn.Walk(&struct{ W *torch.Tensor }{})
}

// source is a state dict in memory.
type source map[string]*torch.Tensor

func (s source) Names() []string {
	var list []string
	for name := range s {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

func (s source) Tensor(name string) ([]byte, torch.DType, []int64, bool) {
	t, ok := s[name]
	if !ok {
		return nil, 0, nil, false
	}
	return t.Raw(), t.DType(), t.Shape(), true
}

// The tensors stay the same objects, so that an optimizer made before still updates
// them.
func TestLoadStateCopiesInPlace(t *testing.T) {
	with(t, func(o nn.Options) {
		l := nn.NewLinear(2, 1, nn.WithBias, o)
		weight := l.Weight
		err := nn.LoadState(nn.StateDict(l), source{"weight": torch.FromFloat32s([]float32{3, 4}, []int64{1, 2}), "bias": torch.Ones([]int64{1})})
		if err != nil {
			t.Fatal(err)
		}
		torchtest.Near(t, "weight", weight, 0, 3, 4)
		torchtest.Near(t, "bias", l.Bias, 0, 1)
		l.Forward(torch.Ones([]int64{1, 2}), true).Sum().Backward()
		torchtest.Near(t, "gradient", weight.Grad(), 0, 1, 1)
	})
}

// One error lists everything, and then nothing was changed.
func TestLoadStateIsStrict(t *testing.T) {
	with(t, func(o nn.Options) {
		s := nn.NewSequential("", nn.NewLinear(2, 1, nn.WithBias, o), nn.NewLinear(1, 2, nn.NoBias, o))
		before := nn.StateDict(s)[0].Tensor.Float64s()
		err := nn.LoadState(nn.StateDict(s), source{
			"0.weight": torch.Ones([]int64{1, 2}), "1.weight": torch.Ones([]int64{1, 2}),
			"0.bias": torch.Ones([]int64{1}, torch.As(torch.Float64)), "2.weight": torch.Ones([]int64{1}),
		})
		for _, want := range []string{"1.weight has shape [1 2], the model has [2 1]", "0.bias is float64, the model has float32", "2.weight is not in the model"} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("err = %v, want %q", err, want)
			}
		}
		if err := nn.LoadState(nn.StateDict(s), source{}); err == nil || !strings.Contains(err.Error(), "0.weight is missing") {
			t.Errorf("err = %v", err)
		}
		torchtest.Near(t, "0.weight after refused states", nn.StateDict(s)[0].Tensor, 0, before...)
	})
}

func TestDropoutIsOffInEvaluation(t *testing.T) {
	with(t, func(nn.Options) {
		x := torch.Ones([]int64{64, 64})
		d := nn.Dropout{P: 0.25}
		torchtest.Near(t, "evaluation", d.Forward(x, false).Sub(x).Abs().Sum(), 0, 0)
		torch.Seed(3)
		y := d.Forward(x, true)
		zeros := 1 - y.Gt(0).To(torch.Float64).Mean().Item()
		if math.Abs(zeros-0.25) > 0.03 {
			t.Errorf("a share of %v is zero, want 0.25", zeros)
		}
		torchtest.Near(t, "the largest", y.Amax([]int64{0, 1}, false), 1e-6, 1/0.75)
	})
}

// In training it normalises by the batch and moves the running statistics by a tenth,
// with the unbiased variance; in evaluation it uses them and leaves them alone.
func TestBatchNormTracksStatisticsInTrainingOnly(t *testing.T) {
	with(t, func(o nn.Options) {
		bn := nn.NewBatchNorm1d(1, o)
		x := torch.FromFloat32s([]float32{1, 3}, []int64{2, 1})
		torchtest.Near(t, "training", bn.Forward(x, true), 1e-4, -1, 1)
		torchtest.Near(t, "running mean", bn.RunningMean, 1e-6, 0.2)
		torchtest.Near(t, "running variance", bn.RunningVar, 1e-6, 0.9+0.1*2)
		torchtest.Near(t, "evaluation", bn.Forward(x, false), 1e-4, 0.8/math.Sqrt(1.1), 2.8/math.Sqrt(1.1))
		torchtest.Near(t, "batches seen", bn.Batches, 0, 1)
	})
}

func TestBatchNormOfOneValueSaysWhatToDo(t *testing.T) {
	with(t, func(o nn.Options) {
		s := nn.NewSequential("encoder", nn.NewBatchNorm1d(2, o))
		err := torch.Try(func() { s.Forward(torch.Ones([]int64{1, 2}), true) })
		if err == nil || !strings.Contains(err.Error(), "encoder.0: batch_norm: ") || !strings.Contains(err.Error(), "drop_last") {
			t.Errorf("err = %v", err)
		}
	})
}

func TestErrorsNameTheLayer(t *testing.T) {
	with(t, func(o nn.Options) {
		s := nn.NewSequential("decoder", nn.NewLinear(2, 3, nn.WithBias, o), nn.ReLU, nn.NewLinear(4, 5, nn.WithBias, o))
		err := torch.Try(func() { s.Forward(torch.Ones([]int64{7, 2}), false) })
		if err == nil || !strings.Contains(err.Error(), "decoder.2: linear: shape mismatch, input [7 3], weight [5 4]") {
			t.Errorf("err = %v", err)
		}
	})
}

func TestForwardToEndsAtTheLayer(t *testing.T) {
	with(t, func(nn.Options) {
		s := nn.NewSequential("", nn.Unflatten([]int64{2, 3}), nn.Flatten, nn.ReLU)
		x := torch.Full([]int64{4, 6}, -1)
		if got := s.ForwardTo(0, x, false).Shape(); !slices.Equal(got, []int64{4, 2, 3}) {
			t.Errorf("layer 0 gives %v", got)
		}
		torchtest.Near(t, "layer 1", s.ForwardTo(1, x, false).Sum(), 0, -24)
		torchtest.Near(t, "the last layer", s.Forward(x, false).Sum(), 0, 0)
	})
}
