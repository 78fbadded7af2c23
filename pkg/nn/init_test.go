package nn_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/gotrainer/trainer/pkg/internal/torchtest"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

// goldenLayer is an entry of interop/parity/init.json that is one layer.
type goldenLayer struct {
	Name, Layer string
	Seed        int64
	Args        struct {
		InFeatures  int64 `json:"in_features"`
		OutFeatures int64 `json:"out_features"`
		InChannels  int64 `json:"in_channels"`
		OutChannels int64 `json:"out_channels"`
		Kernel      int64 `json:"kernel_size"`
		Stride      int64
		Padding     int64
		Bias        *bool
	}
}

func (g goldenLayer) make(o nn.Options) nn.Layer {
	a := g.Args
	bias := nn.Bias(a.Bias == nil || *a.Bias)
	conv := nn.ConvConfig{Kernel: a.Kernel, Stride: a.Stride, Padding: a.Padding, Bias: bias}
	switch g.Layer {
	case "linear":
		return nn.NewLinear(a.InFeatures, a.OutFeatures, bias, o)
	case "conv2d":
		return nn.NewConv2d(a.InChannels, a.OutChannels, conv, o)
	case "conv_transpose2d":
		return nn.NewConvTranspose2d(a.InChannels, a.OutChannels, conv, o)
	}
	return nil
}

// The same seed gives the weights that torch.nn draws, bit for bit.
func TestDefaultInitialisationIsPyTorchs(t *testing.T) {
	var table []goldenLayer
	torchtest.ReadTable(t, "init", &table)
	golden := torchtest.OpenGolden(t, "init")
	checked := map[string]bool{}
	for _, g := range table {
		if g.Layer == "" {
			continue // a whole model; package builtin has that test
		}
		checked[g.Layer] = true
		t.Run(g.Name, func(t *testing.T) {
			torchtest.Run(t, func() error {
				scope := torch.NewScope("param")
				defer scope.Close()
				torch.Seed(g.Seed)
				for _, p := range nn.StateDict(g.make(nn.Default(scope))) {
					torchtest.SameBits(t, p.Name, p.Tensor, golden.Get(g.Name+"."+p.Name))
				}
				return nil
			})
		})
	}
	if len(checked) != 3 {
		t.Errorf("layers with golden data: %v", checked)
	}
}

func TestNormLayersBeginAsTheIdentity(t *testing.T) {
	torchtest.Run(t, func() error {
		scope := torch.NewScope("param")
		defer scope.Close()
		bn, ln := nn.NewBatchNorm1d(2, nn.Default(scope)), nn.NewLayerNorm([]int64{2}, nn.Default(scope))
		torchtest.Near(t, "weights", torch.Cat([]*torch.Tensor{bn.Weight, bn.RunningVar, ln.Weight}, 0), 0, slices.Repeat([]float64{1}, 6)...)
		torchtest.Near(t, "biases", torch.Cat([]*torch.Tensor{bn.Bias, bn.RunningMean, ln.Bias}, 0), 0, make([]float64, 6)...)
		if bn.Batches.Item() != 0 || bn.Batches.DType() != torch.Int64 {
			t.Errorf("num_batches_tracked is %v of %v", bn.Batches.Item(), bn.Batches.DType())
		}
		return nil
	})
}

func TestActivationsHaveTorchsDefaults(t *testing.T) {
	want := map[string][]float64{ // of -1, 0 and 2, by torch.nn.functional
		"relu": {0, 0, 2}, "leaky_relu": {-0.01, 0, 2}, "elu": {-0.63212056, 0, 2}, "gelu": {-0.15865526, 0, 1.9544997}, "silu": {-0.26894142, 0, 1.7615942},
		"tanh": {-0.76159416, 0, 0.96402758}, "sigmoid": {0.26894142, 0.5, 0.88079708}, "softplus": {0.31326169, 0.69314718, 2.126928},
	}
	torchtest.Run(t, func() error {
		x := torch.FromFloat32s([]float32{-1, 0, 2}, []int64{3})
		for _, name := range nn.Activations {
			f, ok := nn.Activation(name)
			if !ok {
				t.Errorf("%s is listed and not known", name)
				continue
			}
			torchtest.Near(t, name, f.Forward(x, true), 1e-6, want[name]...)
		}
		return nil
	})
	if _, ok := nn.Activation("step"); ok || strings.Join(nn.Activations, " ") == "" {
		t.Error("step is known")
	}
}
