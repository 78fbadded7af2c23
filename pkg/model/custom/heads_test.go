package custom

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/gotrainer/trainer/pkg/config"
	"github.com/gotrainer/trainer/pkg/internal/torchtest"
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

// withHeads builds a model from its section, given in one line, and hands it to fn.
func withHeads(t *testing.T, section string, in model.Inputs, fn func(*multiHead, error)) {
	t.Helper()
	text := "experiment: {name: a, output_dir: b}\ndata: {source: shapes}\nmodel: {type: custom_model, variant: multi_head, " + section + "}\n"
	c, _, err := config.ParseTrain("test.yaml", []byte(text), config.Options{Models: model.Registry{Custom(), MultiHead()}})
	if err != nil {
		fn(nil, err)
		return
	}
	torchtest.Run(t, func() error {
		scope := torch.NewScope("param")
		defer scope.Close()
		m, err := MultiHead().Build(c.Model.Params, in, nn.Default(scope))
		h, _ := m.(*multiHead)
		fn(h, err)
		return nil
	})
}

const twoHeads = "layers: [linear: 4, relu], heads: [{name: kind, loss: cross_entropy, take: [0, 1], layers: [linear: 3]}, {name: place, loss: mse, take: [1, 3], weight: 0.25, layers: [linear: 2]}]"

func TestLossOfHeadsIsTheirWeightedSum(t *testing.T) {
	withHeads(t, twoHeads, model.Inputs{Shape: []int64{5}, LabelShape: []int64{3}}, func(m *multiHead, err error) {
		if err != nil {
			t.Fatal(err)
		}
		x := torchtest.Wave(6, 5, 0, 1).To(torch.Float32)
		y := torch.Cat([]*torch.Tensor{torch.Ones([]int64{6, 1}), torchtest.Wave(6, 2, 1, 1).To(torch.Float32)}, 1)
		out := m.Loss(&model.Context{}, model.Batch{X: x, Y: y})
		var names []string
		value := map[string]float64{}
		for _, metric := range out.Metrics {
			names = append(names, metric.Name)
			value[metric.Name] = metric.Value.Item()
		}
		if want := []string{"kind_loss", "kind_accuracy", "place_loss", "place_mae"}; !slices.Equal(names, want) {
			t.Errorf("metrics %v, want %v", names, want)
		}
		torchtest.Near(t, "loss", out.Loss, 1e-6, value["kind_loss"]+0.25*value["place_loss"])
		place, err := m.Embed(x, "place", nil)
		if err != nil {
			t.Fatal(err)
		}
		torchtest.Near(t, "the loss of place", place.Sub(y.Narrow(1, 1, 2)).Square().Mean(), 1e-6, value["place_loss"])
		if shared, err := m.Embed(x, "", nil); err != nil || !slices.Equal(shared.Shape(), []int64{6, 4}) {
			t.Errorf("embedding %v, %v", shared, err)
		}
		if y := m.Predict(x); !slices.Equal(y.Shape(), []int64{6, 3}) || !m.Classifies() || m.Reconstructs() {
			t.Errorf("predictions have the shape %v", y.Shape())
		}
		if from, to := m.LabelRange(); from != 0 || to != 1 {
			t.Errorf("predictions are of labels %d to %d", from, to)
		}
		if _, err := m.Embed(x, "size", nil); err == nil || !strings.Contains(err.Error(), "one of [kind place]") {
			t.Errorf("err = %v", err)
		}
	})
}

func TestStateDictHasTheNamesOfInputsAndHeads(t *testing.T) {
	section := "inputs: [{name: left, take: [0, 4], shape: [1, 2, 2], layers: [conv2d: {out: 2, kernel: 1}]}, {name: right, take: [4, 6]}], " +
		"heads: [{name: all, loss: mse, target: input, layers: [linear: 6]}]"
	withHeads(t, section, model.Inputs{Shape: []int64{6}}, func(m *multiHead, err error) {
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, p := range nn.StateDict(m) {
			names = append(names, p.Name)
		}
		if want := []string{"inputs.left.0.weight", "inputs.left.0.bias", "heads.all.0.weight", "heads.all.0.bias"}; !slices.Equal(names, want) {
			t.Errorf("state dict %v, want %v", names, want)
		}
		if y := m.Predict(torch.Ones([]int64{3, 6})); !slices.Equal(y.Shape(), []int64{3, 6}) || !m.Reconstructs() {
			t.Errorf("predictions have the shape %v", y.Shape())
		}
	})
}

func TestHeadsThatDoNotFitAreOneSentence(t *testing.T) {
	in := model.Inputs{Shape: []int64{5}, LabelShape: []int64{3}}
	head := "heads: [{name: a, loss: mse, layers: [linear: 3]}]"
	for section, want := range map[string]string{
		"layers: [relu]":                     "heads: missing",
		"heads: []":                          "found an empty list",
		"heads: [{name: a, loss: mse}]":      "heads[0].layers: missing",
		"heads: [{name: a, layers: [relu]}]": "heads[0].loss: missing",
		"heads: [{name: a b, loss: mse, layers: [linear: 3]}]":                                          `model.heads[0].name: found "a b", expected a word`,
		"heads: [{name: a, loss: mse, layers: [linear: 3]}, {name: a, loss: mse, layers: [linear: 3]}]": "model.heads[1].name: found a, which another one has already",
		"heads: [{name: a, loss: mse, layers: [linear: 2]}]":                                            "model.heads[0].layers: the last layer gives [2], but a label has the shape [3]",
		"heads: [{name: a, loss: mse, take: [1, 4], layers: [linear: 3]}]":                              "model.heads[0].take: found [1 4], expected [from, to] with 0 ≤ from < to ≤ 3, the numbers of a label",
		"heads: [{name: a, loss: cross_entropy, layers: [linear: 3]}]":                                  "model.heads[0].loss: cross_entropy needs one class number",
		"heads: [{name: a, loss: cross_entropy, target: input, layers: [linear: 3]}]":                   "cross_entropy compares with class labels",
		"heads: [{name: a, loss: mse, layers: [conv2d: {out: 1, kernel: 1}]}]":                          "model.heads[0].layers[0]: conv2d gets samples of shape [5]",
		"inputs: [{name: x, take: [3, 9]}], " + head:                                                    "model.inputs[0].take: found [3 9]",
		"inputs: [{name: x, take: [3]}], " + head:                                                       "model.inputs[0].take: found [3], expected [from, to]",
		"inputs: [{name: x, take: [0, 4], shape: [3]}], " + head:                                        "model.inputs[0].shape: found [3], which are 3 numbers, but 4 are taken",
		"inputs: [{name: x}, {name: x}], " + head:                                                       "model.inputs[1].name: found x",
		"inputs: [{name: x, layers: [attention: 2]}], " + head:                                          "model.inputs[0].layers[0]: attention gets",
		"heads: [{name: a, loss: mse, weight: -1, layers: [linear: 3]}]":                                "at least 0",
	} {
		withHeads(t, section, in, func(_ *multiHead, err error) {
			var user interface{ UserError() bool }
			if err == nil || !strings.Contains(err.Error(), want) || !errors.As(err, &user) {
				t.Errorf("%s: err = %v, want %q", section, err, want)
			}
		})
	}
}

// What an embedding reads is told to those who read the data.
func TestAnEmbeddingReadsTheDataAlone(t *testing.T) {
	in := model.Inputs{Shape: []int64{4}, LabelShape: []int64{}, Parts: []model.Span{{Name: "word", From: 1, To: 3, Shape: []int64{1, 2}}}}
	head := "], heads: [{name: a, loss: mse, layers: [linear: 1]}]"
	withHeads(t, "inputs: [{name: all}, {name: w, take: word, layers: [flatten, sequential: [embedding: {num: 4, dim: 2}]]}"+head, in, func(m *multiHead, err error) {
		if err != nil {
			t.Fatal(err)
		}
		want := []model.Index{{From: 1, To: 3, Below: 4, By: "model.inputs[1].layers[1].sequential[0]: embedding"}}
		if !slices.Equal(m.Indices(), want) {
			t.Errorf("reads %v, want %v", m.Indices(), want)
		}
	})
	withHeads(t, "layers: [unflatten: [2, 2], embedding: {num: 4, dim: 2}, flatten"+head, in, func(m *multiHead, err error) {
		if err != nil || len(m.Indices()) != 1 || m.Indices()[0].To != 4 {
			t.Errorf("err = %v", err)
		}
	})
	for _, section := range []string{
		"inputs: [{name: all}], layers: [embedding: {num: 4, dim: 2}, flatten" + head,
		"layers: [relu, embedding: {num: 4, dim: 2}, flatten" + head,
		"heads: [{name: a, loss: mse, layers: [embedding: {num: 4, dim: 2}, flatten, linear: 1]}]",
	} {
		withHeads(t, section, in, func(_ *multiHead, err error) {
			if err == nil || !strings.Contains(err.Error(), "embedding gets samples of shape [4], but it reads the data's own whole numbers; put it first") {
				t.Errorf("%s: err = %v", section, err)
			}
		})
	}
}

// A part is taken by its name, in its own shape.
func TestInputsAndHeadsTakePartsByName(t *testing.T) {
	in := model.Inputs{
		Shape: []int64{6}, Parts: []model.Span{{Name: "image", From: 0, To: 4, Shape: []int64{1, 2, 2}}, {Name: "place", From: 4, To: 6, Shape: []int64{2}}},
		LabelShape: []int64{3}, LabelParts: []model.Span{{Name: "kind", From: 0, To: 1, Shape: []int64{}}, {Name: "box", From: 1, To: 3, Shape: []int64{2}}}, LabelClasses: []int{3, 0, 2},
	}
	inputs := "inputs: [{name: image, take: image, layers: [conv2d: {out: 2, kernel: 2}]}, {name: p, take: place}], "
	withHeads(t, inputs+"heads: [{name: box, loss: mse, take: box, layers: [linear: 2]}, {name: kind, loss: cross_entropy, take: kind, layers: [linear: 3]}, {name: yes, loss: bce_with_logits, take: [2, 3], layers: [linear: 1]}, {name: image, loss: mse, target: input, take: image, layers: [linear: 4]}]", in, func(m *multiHead, err error) {
		if err != nil {
			t.Fatal(err)
		}
		x, y := torchtest.Wave(5, 6, 0, 1).To(torch.Float32), torch.Cat([]*torch.Tensor{torch.Ones([]int64{5, 1}), torchtest.Wave(5, 2, 1, 1).To(torch.Float32)}, 1)
		out := m.Loss(&model.Context{}, model.Batch{X: x, Y: y})
		box, err := m.Embed(x, "box", nil)
		if err != nil {
			t.Fatal(err)
		}
		torchtest.Near(t, "the loss of box", box.Sub(y.Narrow(1, 1, 2)).Square().Mean(), 1e-6, out.Metrics[0].Value.Item())
		image, err := m.Embed(x, "image", nil)
		if err != nil {
			t.Fatal(err)
		}
		last := out.Metrics[len(out.Metrics)-1]
		torchtest.Near(t, last.Name, image.Sub(x.Narrow(1, 0, 4)).Square().Mean(), 1e-6, last.Value.Item())
		if shared, err := m.Embed(x, "", nil); err != nil || !slices.Equal(shared.Shape(), []int64{5, 4}) {
			t.Errorf("shared %v, %v", shared, err)
		}
	})
	head := "heads: [{name: a, loss: mse, take: kind, layers: [linear: 1]}]"
	for section, want := range map[string]string{
		"inputs: [{name: x, take: picture}], " + head:                                                                                "model.inputs[0].take: found picture, expected the name of a part of a sample, one of [image [1 2 2] place [2]]",
		"inputs: [{name: x, take: {a: 1}}], " + head:                                                                                 "expected a range of numbers as [from, to], or the name of a part",
		"heads: [{name: a, loss: mse, target: input, take: image, layers: [linear: 4]}]":                                             "model.heads[0].take: predict writes what the first head gives",
		"heads: [{name: b, loss: mse, layers: [linear: 3]}, {name: a, loss: mse, target: input, take: box, layers: [linear: 4]}]":    "model.heads[1].take: found box, expected the name of a part of a sample",
		"heads: [{name: b, loss: mse, layers: [linear: 3]}, {name: a, loss: mse, target: input, take: image, layers: [linear: 6]}]":  "target: input needs the sample's shape [1 2 2]",
		"heads: [{name: a, loss: mse, take: size, layers: [linear: 1]}]":                                                             "model.heads[0].take: found size, expected the name of a part of a label, one of [kind [] box [2]]",
		"heads: [{name: a, loss: cross_entropy, take: [1, 2], layers: [linear: 3]}]":                                                 "model.heads[0].take: cross_entropy needs class numbers 0, 1, …, and the numbers [1 2] of the labels are not",
		"heads: [{name: a, loss: cross_entropy, take: kind, layers: [linear: 2]}]":                                                   "model.heads[0].layers: the labels have 3 classes, but the last layer gives 2 numbers",
		"heads: [{name: a, loss: cross_entropy, take: box, layers: [linear: 2]}]":                                                    "cross_entropy needs one class number",
		"heads: [{name: a, loss: bce_with_logits, take: kind, layers: [linear: 1]}]":                                                 "bce_with_logits needs labels of 0 and 1",
		"inputs: [{name: x, take: image, layers: [embedding: {num: 2, dim: 1}, relu]}, {name: y, take: image, shape: [3]}], " + head: "model.inputs[1].shape: found [3], which are 3 numbers, but 4 are taken",
	} {
		withHeads(t, section, in, func(_ *multiHead, err error) {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: err = %v, want %q", section, err, want)
			}
		})
	}
	in.Parts = nil
	withHeads(t, "inputs: [{name: x, take: image}], "+head, in, func(_ *multiHead, err error) {
		if err == nil || !strings.Contains(err.Error(), "no part of a sample has a name; give data.arrays, or a range") {
			t.Errorf("err = %v", err)
		}
	})
}
