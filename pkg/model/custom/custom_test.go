package custom

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gotrainer/trainer/pkg/config"
	"github.com/gotrainer/trainer/pkg/internal/torchtest"
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

// parse reads a model section, given in one line.
func parse(section string) (*Config, error) {
	text := "experiment: {name: a, output_dir: b}\ndata: {source: shapes}\nmodel: {type: custom_model, " + section + "}\n"
	c, _, err := config.ParseTrain("test.yaml", []byte(text), config.Options{Models: model.Registry{Custom()}})
	if err != nil {
		return nil, err
	}
	return c.Model.Params.(*Config), nil
}

// with builds a model from its section and hands it to fn.
func with(t *testing.T, section string, in model.Inputs, fn func(*network)) {
	t.Helper()
	c, err := parse(section)
	if err != nil {
		t.Fatal(err)
	}
	torchtest.Run(t, func() error {
		scope := torch.NewScope("param")
		defer scope.Close()
		torch.Seed(5)
		m, err := Custom().Build(c, in, nn.Default(scope))
		if err != nil {
			return err
		}
		fn(m.(*network))
		return nil
	})
}

// Every layer can be written, in each of its forms, and gets its input size from the
// data.
func TestLayersInEachForm(t *testing.T) {
	image, vector := []int64{2, 8, 8}, []int64{6}
	for _, c := range []struct {
		layer string
		in    []int64
		out   []int64
		state string
	}{
		{"linear: 3", vector, []int64{3}, "0.weight[3 6] 0.bias[3]"},
		{"linear: {out: 3, bias: false}", vector, []int64{3}, "0.weight[3 6]"},
		{"linear: 3", image, []int64{2, 8, 3}, "0.weight[3 8] 0.bias[3]"},
		{"conv2d: {out: 4, kernel: 3}", image, []int64{4, 6, 6}, "0.weight[4 2 3 3] 0.bias[4]"},
		{"conv2d: {out: 4, kernel: 3, stride: 2, padding: 1, dilation: 2, groups: 2, bias: false}", image, []int64{4, 3, 3}, "0.weight[4 1 3 3]"},
		{"conv_transpose2d: {out: 4, kernel: 4, stride: 2, padding: 1}", image, []int64{4, 16, 16}, "0.weight[2 4 4 4] 0.bias[4]"},
		{"conv_transpose2d: {out: 4, kernel: 3, stride: 2, output_padding: 1, dilation: 2, groups: 2}", image, []int64{4, 20, 20}, "0.weight[2 2 3 3] 0.bias[4]"},
		{"batch_norm1d", vector, vector, "0.weight[6] 0.bias[6] 0.running_mean[6] 0.running_var[6] 0.num_batches_tracked[]"},
		{"batch_norm1d", []int64{3, 5}, []int64{3, 5}, "0.weight[3] 0.bias[3] 0.running_mean[3] 0.running_var[3] 0.num_batches_tracked[]"},
		{"batch_norm2d", image, image, "0.weight[2] 0.bias[2] 0.running_mean[2] 0.running_var[2] 0.num_batches_tracked[]"},
		{"layer_norm", image, image, "0.weight[8] 0.bias[8]"},
		{"layer_norm: 6", vector, vector, "0.weight[6] 0.bias[6]"},
		{"layer_norm: [8, 8]", image, image, "0.weight[8 8] 0.bias[8 8]"},
		{"layer_norm: {shape: [2, 8, 8]}", image, image, "0.weight[2 8 8] 0.bias[2 8 8]"},
		{"group_norm: 2", image, image, "0.weight[2] 0.bias[2]"},
		{"group_norm: {groups: 3}", vector, vector, "0.weight[6] 0.bias[6]"},
		{"max_pool2d: 2", image, []int64{2, 4, 4}, ""},
		{"max_pool2d: {kernel: 3, stride: 2, padding: 1}", image, []int64{2, 4, 4}, ""},
		{"avg_pool2d: 3", image, []int64{2, 2, 2}, ""},
		{"avg_pool2d: {kernel: 2, stride: 1, padding: 1}", image, []int64{2, 9, 9}, ""},
		{"adaptive_avg_pool2d: 1", image, []int64{2, 1, 1}, ""},
		{"adaptive_avg_pool2d: [3, 5]", image, []int64{2, 3, 5}, ""},
		{"upsample: 2", image, []int64{2, 16, 16}, ""},
		{"embedding: {num: 4, dim: 3}", vector, []int64{6, 3}, "0.weight[4 3]"},
		{"attention: 4", []int64{5, 8}, []int64{5, 8}, "0.in_proj_weight[24 8] 0.in_proj_bias[24] 0.out_proj.weight[8 8] 0.out_proj.bias[8]"},
		{"attention: {heads: 1}", []int64{5, 8}, []int64{5, 8}, "0.in_proj_weight[24 8] 0.in_proj_bias[24] 0.out_proj.weight[8 8] 0.out_proj.bias[8]"},
		{"dropout", vector, vector, ""},
		{"dropout: 0.1", vector, vector, ""},
		{"dropout: {p: 0.3}", vector, vector, ""},
		{"flatten", image, []int64{128}, ""},
		{"unflatten: [3, 1, 2]", vector, []int64{3, 1, 2}, ""},
		{"unflatten: {shape: [2, 3]}", vector, []int64{2, 3}, ""},
		{"relu", vector, vector, ""}, {"leaky_relu", vector, vector, ""}, {"elu", vector, vector, ""}, {"gelu", vector, vector, ""}, {"silu", vector, vector, ""},
		{"tanh", vector, vector, ""}, {"sigmoid", vector, vector, ""}, {"softplus", vector, vector, ""},
		{"sequential: [linear: 4, relu, linear: 2]", vector, []int64{2}, "0.0.weight[4 6] 0.0.bias[4] 0.2.weight[2 4] 0.2.bias[2]"},
		{"sequential: {layers: [flatten]}", image, []int64{128}, ""},
		{"residual: [linear: 6, relu]", vector, vector, "0.layers.0.weight[6 6] 0.layers.0.bias[6]"},
		{"residual: {layers: [linear: 3]}", vector, []int64{3}, "0.layers.0.weight[3 6] 0.layers.0.bias[3] 0.projection.weight[3 6]"},
		{"residual: [linear: 3]", []int64{5, 6}, []int64{5, 3}, "0.layers.0.weight[3 6] 0.layers.0.bias[3] 0.projection.weight[3 6]"},
		{"residual: [conv2d: {out: 4, kernel: 3, stride: 2, padding: 1}]", image, []int64{4, 4, 4}, "0.layers.0.weight[4 2 3 3] 0.layers.0.bias[4] 0.projection.weight[4 2 1 1]"},
		{"residual: [conv2d: {out: 3, kernel: 1}]", image, []int64{3, 8, 8}, "0.layers.0.weight[3 2 1 1] 0.layers.0.bias[3] 0.projection.weight[3 2 1 1]"},
	} {
		t.Run(c.layer, func(t *testing.T) {
			labels := model.Inputs{Shape: c.in, LabelShape: c.out}
			with(t, "loss: mse, layers: ["+c.layer+"]", labels, func(n *network) {
				y := n.Predict(torch.Ones(append([]int64{3}, c.in...)))
				if !slices.Equal(y.Shape()[1:], c.out) {
					t.Errorf("output %v, want %v", y.Shape()[1:], c.out)
				}
				var state []string
				for _, p := range nn.StateDict(n) {
					state = append(state, fmt.Sprintf("%s%v", p.Name, p.Tensor.Shape()))
				}
				if got := strings.Join(state, " "); got != c.state {
					t.Errorf("state dict %s, want %s", got, c.state)
				}
			})
		})
	}
}

func TestWordsOfTheConfigAreChecked(t *testing.T) {
	for section, want := range map[string]string{
		"loss: mse, layers: [reluu]":                                  "expected linear, conv2d",
		"loss: mse, layers: [linear: 8, reluu]":                       "did you mean relu?",
		"loss: mse, layers: [linear]":                                 "layers[0].linear.out: missing",
		"loss: mse, layers: [linear: 0]":                              "expected a whole number of at least 1",
		"loss: mse, layers: [linear: {out: 3, biass: true}]":          "did you mean bias?",
		"loss: mse, layers: [linear: {out: 3, bias: 2}]":              "expected true or false",
		"loss: mse, layers: [conv2d: 3]":                              "layers[0].conv2d",
		"loss: mse, layers: [conv2d: {out: 3}]":                       "kernel: missing",
		"loss: mse, layers: [dropout: 1]":                             "below 1",
		"loss: mse, layers: [relu: 3]":                                "relu takes no arguments; write it as a word",
		"loss: mse, layers: [flatten: {}]":                            "flatten takes no arguments",
		"loss: mse, layers: [unflatten]":                              "shape: missing",
		"loss: mse, layers: [sequential: []]":                         "found an empty list",
		"loss: mse, layers: [sequential: [relu, linear: {in: 3}]]":    "sequential[1].linear",
		"loss: mse, layers: [{linear: 3, relu: 1}]":                   "a section of one key",
		"loss: mse, layers: []":                                       "found an empty list",
		"loss: mse, layers: relu":                                     "expected a list",
		"loss: mse":                                                   "layers: missing",
		"layers: [relu]":                                              "loss: missing",
		"loss: hubert, layers: [relu]":                                "did you mean huber?",
		"loss: mse, delta: 2, layers: [relu]":                         "delta",
		"loss: huber, delta: 0, layers: [relu]":                       "above 0",
		"loss: mse, label_smoothing: 0.1, layers: [relu]":             "label_smoothing",
		"loss: cross_entropy, class_weights: [-1], layers: [relu]":    "at least 0",
		"loss: cross_entropy, class_weights: balance, layers: [relu]": "did you mean balanced?",
		"loss: cross_entropy, class_weights: {a: 1}, layers: [relu]":  "a list of numbers, one for each class, or balanced",
		"loss: mse, layers: [attention]":                              "heads: missing",
		"loss: mse, layers: [residual: []]":                           "found an empty list",
		"loss: mse, layers: [embedding: {num: 4}]":                    "dim: missing",
		"loss: mse, layers: [max_pool2d: {kernel: 2, strides: 2}]":    "did you mean stride?",
		"loss: cross_entropy, target: input, layers: [linear: 3]":     "cross_entropy compares with class labels",
		"loss: mse, target: output, layers: [relu]":                   "expected labels or input",
		"loss: mse, layers: [conv2d: {out: 1, kernel: 3, paddin: 1}]": "did you mean padding?",
		"loss: mse, layers: [layer_norm: [0]]":                        "at least 1",
		"loss: mse, layers: [conv2d: {out: 1.5, kernel: 3}]":          "whole number",
		"loss: mse, layers: [relu, [relu]]":                           "a word, or a section of one key",
		"loss: mse, layers: [dropout: {p: 0.5, q: 1}]":                "unknown key",
		"loss: mse, layers: [batch_norm2d: 16]":                       "batch_norm2d takes no arguments",
		"loss: mse, layers: [conv_transpose2d: {out: 1, stride: 2}]":  "kernel: missing",
	} {
		_, err := parse(section)
		var user interface{ UserError() bool }
		if err == nil || !strings.Contains(err.Error(), want) || !errors.As(err, &user) {
			t.Errorf("%s: err = %v, want %q", section, err, want)
		}
	}
}

// A layer that does not fit is named with its input and what it expects, before
// anything is trained.
func TestWhatDoesNotFitIsOneSentence(t *testing.T) {
	image := model.Inputs{Shape: []int64{1, 28, 28}, LabelShape: []int64{}, Classes: 10}
	numbers := model.Inputs{Shape: []int64{6}, LabelShape: []int64{}}
	for section, c := range map[string]struct {
		in   model.Inputs
		want string
	}{
		"loss: mse, layers: [linear: 8, conv2d: {out: 4, kernel: 3}]":                   {numbers, "model.layers[1]: conv2d gets samples of shape [8], expected images [channels height width]; put unflatten before it"},
		"loss: mse, layers: [conv2d: {out: 4, kernel: 30}]":                             {image, "model.layers[0]: conv2d gets samples of shape [1 28 28], expected a side of at least 30 with padding"},
		"loss: mse, layers: [conv2d: {out: 4, kernel: 3, groups: 3}]":                   {image, "expected 3 groups to divide its 1 and its 4 channels"},
		"loss: mse, layers: [conv_transpose2d: {out: 4, kernel: 1, padding: 20}]":       {image, "expected less padding than 20"},
		"loss: mse, layers: [conv_transpose2d: {out: 4, kernel: 3, output_padding: 1}]": {image, "expected output_padding below stride or dilation, found 1"},
		"loss: mse, layers: [batch_norm1d]":                                             {image, "batch_norm1d gets samples of shape [1 28 28], expected [channels] or [channels length]"},
		"loss: mse, layers: [batch_norm2d]":                                             {numbers, "batch_norm2d gets samples of shape [6], expected images"},
		"loss: mse, layers: [layer_norm: 5]":                                            {numbers, "expected the last sizes to be [5], which it normalises"},
		"loss: mse, layers: [unflatten: [2, 2]]":                                        {numbers, "unflatten gets samples of shape [6], expected [4] to make [2 2] of it"},
		"loss: mse, layers: [relu, sequential: [relu, unflatten: [5]]]":                 {numbers, "model.layers[1].sequential[1]: unflatten gets samples of shape [6]"},
		"loss: mse, layers: [max_pool2d: 2]":                                            {numbers, "expected images [channels height width]"},
		"loss: mse, layers: [avg_pool2d: 30]":                                           {image, "expected a side of at least 30 with padding"},
		"loss: mse, layers: [max_pool2d: {kernel: 2, padding: 2}]":                      {image, "expected a padding of at most half of the kernel 2, found 2"},
		"loss: mse, layers: [group_norm: 4]":                                            {numbers, "expected [channels …] with channels that 4 groups divide"},
		"loss: mse, layers: [adaptive_avg_pool2d: [1, 2, 3]]":                           {image, "expected a size of one or two numbers, found [1 2 3]"},
		"loss: mse, layers: [attention: 2]":                                             {numbers, "expected sequences [length dim]; put embedding or unflatten before it"},
		"loss: mse, layers: [unflatten: [2, 3], attention: 2]":                          {numbers, "model.layers[1]: attention gets samples of shape [2 3], expected 2 heads to divide its dim 3"},
		"loss: mse, layers: [residual: [flatten]]":                                      {image, "residual gets samples of shape [1 28 28], but its layers give [784]; expected the same shape"},
		"loss: mse, layers: [residual: [upsample: 2]]":                                  {image, "but its layers give [1 56 56]"},
		"loss: mse, layers: [residual: [relu, linear: 3, attention: 1]]":                {numbers, "model.layers[0].residual[2]: attention gets"},
		"loss: gaussian_nll, layers: [linear: 1]":                                       {numbers, "the last layer gives [1], but gaussian_nll needs the means and the log variances of []: 2 numbers"},
		"loss: cross_entropy, class_weights: [1, 2], layers: [flatten, linear: 10]":     {image, "model.class_weights: found 2 numbers, expected one for each of the 10 classes"},
		"loss: cross_entropy, class_weights: balanced, layers: [flatten, linear: 10]":   {image, "model.class_weights: balanced counts the training samples of each class"},
		"loss: cross_entropy, class_weights: balanced, layers: [flatten, linear: 2]": {model.Inputs{Shape: []int64{6}, LabelShape: []int64{}, Classes: 2, ClassCounts: []int64{9, 0}},
			"model.class_weights: balanced has no weight for class 1, of which there are no training samples"},
		"loss: mse, layers: [linear: 2]":                      {numbers, "model.layers: the last layer gives [2], but a label has the shape []"},
		"loss: mse, target: input, layers: [linear: 5]":       {numbers, "model.layers: the last layer gives [5], but target: input needs the sample's shape [6]"},
		"loss: mse, layers: [linear: 1]":                      {model.Inputs{Shape: []int64{6}}, "mse compares with labels, and the data have none; give data.labels, or write target: input"},
		"loss: cross_entropy, layers: [linear: 3]":            {numbers, "cross_entropy needs one class number (0, 1, …) a sample as label, and the data's labels are of shape [] but no whole numbers"},
		"loss: cross_entropy, layers: [flatten, linear: 9]":   {image, "model.layers: the labels have 10 classes, but the last layer gives 9 numbers; make it linear: 10"},
		"loss: cross_entropy, layers: [linear: 10]":           {image, "needs one row of 10 numbers, one for each class, but the last layer gives [1 28 10]; put flatten before"},
		"loss: bce_with_logits, layers: [flatten, linear: 1]": {image, "bce_with_logits needs labels of 0 and 1, and the data's labels go up to 9; use cross_entropy"},
	} {
		t.Run(section, func(t *testing.T) {
			cfg, err := parse(section)
			if err != nil {
				t.Fatal(err)
			}
			torchtest.Run(t, func() error {
				scope := torch.NewScope("param")
				defer scope.Close()
				_, err := Custom().Build(cfg, c.in, nn.Default(scope))
				var mistake *model.Mistake
				if !errors.As(err, &mistake) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
					t.Errorf("err = %v, want %s", err, c.want)
				}
				return nil
			})
		})
	}
}

// A row of numbers [B, 1] and labels [B] are compared one by one: broadcasting would
// compare each with each.
func TestTargetsAreComparedOneByOne(t *testing.T) {
	with(t, "loss: mse, layers: [linear: 1]", model.Inputs{Shape: []int64{1}, LabelShape: []int64{}}, func(n *network) {
		x := torch.FromFloat32s([]float32{1, 2, 3}, []int64{3, 1})
		y := n.Predict(x).Flatten(0, 1)
		out := n.Loss(&model.Context{}, model.Batch{X: x, Y: y.AddScalar(2)})
		torchtest.Near(t, "loss", out.Loss, 1e-6, 4)
	})
}

// An autoencoder may end in a flat layer; its predictions have the sample's shape.
func TestAutoencoderOfImages(t *testing.T) {
	with(t, "loss: mae, target: input, layers: [flatten, linear: 4, linear: 12]", model.Inputs{Shape: []int64{1, 3, 4}}, func(n *network) {
		x := torch.Ones([]int64{5, 1, 3, 4})
		y := n.Predict(x)
		if !slices.Equal(y.Shape(), x.Shape()) {
			t.Errorf("prediction has shape %v", y.Shape())
		}
		want := y.Sub(x).Abs().Mean().Item()
		torchtest.Near(t, "loss", n.Loss(&model.Context{}, model.Batch{X: x}).Loss, 1e-6, want)
	})
}

func TestAccuracy(t *testing.T) {
	vector := func(v ...float32) *torch.Tensor { return torch.FromFloat32s(v, []int64{int64(len(v))}) }
	with(t, "loss: cross_entropy, layers: [relu]", model.Inputs{Shape: []int64{3}, LabelShape: []int64{}, Classes: 3}, func(n *network) {
		x := torch.FromFloat32s([]float32{9, 0, 0, 0, 9, 0, 0, 0, 9, 9, 0, 0}, []int64{4, 3})
		out := n.Loss(&model.Context{}, model.Batch{X: x, Y: vector(0, 1, 2, 2)})
		torchtest.Near(t, "accuracy", out.Metrics[0].Value, 1e-7, 0.75)
		torchtest.Near(t, "cross entropy", out.Loss, 1e-4, math.Log(1+2*math.Exp(-9))+9.0/4)
	})
	with(t, "loss: bce_with_logits, layers: [leaky_relu]", model.Inputs{Shape: []int64{2}, LabelShape: []int64{2}, Classes: 2}, func(n *network) {
		x := torch.FromFloat32s([]float32{5, -5, 5, -5}, []int64{2, 2})
		out := n.Loss(&model.Context{}, model.Batch{X: x, Y: torch.FromFloat32s([]float32{1, 0, 0, 0}, []int64{2, 2})})
		torchtest.Near(t, "accuracy", out.Metrics[0].Value, 1e-7, 0.75)
	})
	with(t, "loss: bce_with_logits, target: input, layers: [leaky_relu]", model.Inputs{Shape: []int64{2}}, func(n *network) {
		if out := n.Loss(&model.Context{}, model.Batch{X: torch.Ones([]int64{2, 2})}); len(out.Metrics) != 0 {
			t.Errorf("an autoencoder has metrics %v", out.Metrics)
		}
	})
}

func TestEmbeddingIsAnyLayerFlattened(t *testing.T) {
	with(t, "loss: mse, target: input, layers: [conv2d: {out: 3, kernel: 3, padding: 1}, relu, dropout, conv2d: {out: 1, kernel: 1}]",
		model.Inputs{Shape: []int64{1, 2, 2}}, func(n *network) {
			x := torch.Ones([]int64{5, 1, 2, 2})
			for what, dim := range map[string]int64{"": 4, "3": 4, "0": 12, "2": 12} {
				z, err := n.Embed(x, what, nil)
				if err != nil || !slices.Equal(z.Shape(), []int64{5, dim}) {
					t.Errorf("%q: %v, %v", what, z, err)
				}
			}
			for _, what := range []string{"4", "-1", "+1", "01", "relu", "0.5"} {
				_, err := n.Embed(x, what, nil)
				var mistake *model.Mistake
				if !errors.As(err, &mistake) || !strings.Contains(err.Error(), "expected the index of a layer, 0 to 3") {
					t.Errorf("%q: %v", what, err)
				}
			}
		})
}

// Balanced weights are those of scikit-learn, and reach the loss.
func TestBalancedWeightsAreInverseToTheClassesOfTheTrainingSplit(t *testing.T) {
	got, err := ClassWeights{Balanced: true}.of(3, []int64{6, 3, 1}, "model")
	if err != nil || !slices.Equal(got, []float64{10.0 / 18, 10.0 / 9, 10.0 / 3}) {
		t.Errorf("%v, %v", got, err)
	}
	in := model.Inputs{Shape: []int64{2}, LabelShape: []int64{}, Classes: 2, ClassCounts: []int64{3, 1}}
	with(t, "loss: cross_entropy, class_weights: balanced, layers: [linear: 2]", in, func(n *network) {
		x, y := torch.FromFloat32s([]float32{1, 2, -1, 0.5}, []int64{2, 2}), torch.FromFloat32s([]float32{0, 1}, []int64{2})
		logits := n.Predict(x).Float32s()
		each := func(i, class int) float64 {
			a, b := float64(logits[2*i]), float64(logits[2*i+1])
			return math.Log(math.Exp(a)+math.Exp(b)) - []float64{a, b}[class]
		}
		w0, w1 := 4.0/6, 4.0/2
		want := (w0*each(0, 0) + w1*each(1, 1)) / (w0 + w1)
		if got := n.Loss(&model.Context{}, model.Batch{X: x, Y: y}).Loss.Float32s()[0]; math.Abs(float64(got)-want) > 1e-5 {
			t.Errorf("loss %v, want %v", got, want)
		}
	})
}
