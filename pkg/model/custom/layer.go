package custom

import (
	"errors"
	"fmt"

	"github.com/gotrainer/trainer/pkg/config"
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
)

// Layer is one item of model.layers: a word (relu), or a section of one key with the
// layer's arguments (linear: {out: 128, bias: false}) or its main one (linear: 128).
type Layer struct {
	name string
	spec spec
}

// spec is the arguments of a layer.
type spec interface {
	// build makes the layer and answers the shape that it gives a sample. An error
	// completes "linear gets samples of shape [3 3], ".
	build(at site) (nn.Layer, []int64, error)
}

// site is where a layer is built.
type site struct {
	in   []int64 // the shape of a sample there
	opts nn.Options
	path string // its place in the config, for messages
	data *read  // the data's own numbers come in; nil behind a layer
}

// read is which numbers of a sample come into a layer, and the list of what reads them as
// indices.
type read struct {
	span
	indices *[]model.Index
}

// kind is a layer that can be written in a config.
type kind struct {
	name string
	// fresh has the defaults that a short form leaves as they are.
	fresh func() spec
	// main reads a short form, such as 128 in linear: 128; nil where there is none.
	main func(s spec, v config.Value)
	// short is the JSON Schema of a short form; layer is that of an item of the list.
	short func(layer map[string]any) map[string]any
}

// kinds lists every layer, in the order of messages.
func kinds() []kind {
	list := []kind{
		{"linear", func() spec { return &linear{Bias: true} }, func(s spec, v config.Value) { v.Decode(&s.(*linear).Out, "min=1") }, sizeSchema},
		{"conv2d", func() spec { return &conv2d{} }, nil, nil},
		{"conv_transpose2d", func() spec { return &convTranspose2d{} }, nil, nil},
		{"max_pool2d", func() spec { return &pool{made: nn.MaxPool2d} }, func(s spec, v config.Value) { v.Decode(&s.(*pool).Kernel, "min=1") }, sizeSchema},
		{"avg_pool2d", func() spec { return &pool{made: nn.AvgPool2d} }, func(s spec, v config.Value) { v.Decode(&s.(*pool).Kernel, "min=1") }, sizeSchema},
		{"adaptive_avg_pool2d", func() spec { return &adaptivePool{} }, func(s spec, v config.Value) { decodeSizes(v, &s.(*adaptivePool).Size) }, sizesSchema},
		{"upsample", func() spec { return &upsample{} }, func(s spec, v config.Value) { v.Decode(&s.(*upsample).Scale, "min=1") }, sizeSchema},
		{"batch_norm1d", func() spec { return batchNorm1d{} }, nil, nil},
		{"batch_norm2d", func() spec { return batchNorm2d{} }, nil, nil},
		{"layer_norm", func() spec { return &layerNorm{} }, func(s spec, v config.Value) { decodeSizes(v, &s.(*layerNorm).Shape) }, sizesSchema},
		{"group_norm", func() spec { return &groupNorm{} }, func(s spec, v config.Value) { v.Decode(&s.(*groupNorm).Groups, "min=1") }, sizeSchema},
		{"embedding", func() spec { return &embedding{} }, nil, nil},
		{"attention", func() spec { return &attention{} }, func(s spec, v config.Value) { v.Decode(&s.(*attention).Heads, "min=1") }, sizeSchema},
		{"dropout", func() spec { return &dropout{} }, func(s spec, v config.Value) { v.Decode(&s.(*dropout).P, "min=0,lt=1") }, shareSchema},
		{"flatten", func() spec { return flatten{} }, nil, nil},
		{"unflatten", func() spec { return &unflatten{} }, func(s spec, v config.Value) { decodeSizes(v, &s.(*unflatten).Shape) }, sizesSchema},
		{"sequential", func() spec { return &sequential{} }, func(s spec, v config.Value) { v.Decode(&s.(*sequential).Layers, "minlen=1") }, listSchema},
		{"residual", func() spec { return &residual{} }, func(s spec, v config.Value) { v.Decode(&s.(*residual).Layers, "minlen=1") }, listSchema},
	}
	for _, name := range nn.Activations {
		list = append(list, kind{name, func() spec { return activation(name) }, nil, nil})
	}
	return list
}

// UnmarshalConfig reads one item.
func (l *Layer) UnmarshalConfig(v config.Value) {
	word, under, ok := v.Tagged()
	if !ok {
		return
	}
	var names []string
	for _, k := range kinds() {
		if k.name == word {
			l.name, l.spec = word, k.fresh()
			k.read(l.spec, under)
			return
		}
		names = append(names, k.name)
	}
	v.WrongWord(word, names)
}

// read fills s from what stands under the layer's name.
func (k kind) read(s spec, v config.Value) {
	shape := v.Shape()
	switch {
	case k.main != nil && (shape == config.Scalar || shape == config.List):
		k.main(s, v)
	case takesArguments(s):
		v.Decode(s)
	case shape != config.Nothing:
		v.Reject(k.name + " takes no arguments; write it as a word")
	}
}

// reshapes says that the layer leaves the numbers as they are.
func (l Layer) reshapes() bool { return l.name == "flatten" || l.name == "unflatten" }

func takesArguments(s spec) bool {
	switch s.(type) {
	case activation, flatten, batchNorm1d, batchNorm2d:
		return false
	}
	return true
}

// decodeSizes reads one size or a list of them.
func decodeSizes(v config.Value, into *[]int64) {
	if v.Shape() == config.List {
		v.Decode(into, "min=1,minlen=1")
		return
	}
	var one int64
	if v.Decode(&one, "min=1") {
		*into = []int64{one}
	}
}

// buildLayers makes the layers in order, each for the shape that the one before gives.
func buildLayers(list []Layer, at site) (layers []nn.Layer, out []int64, err error) {
	for i, l := range list {
		here := at
		here.path = fmt.Sprintf("%s[%d]", at.path, i)
		layer, out, err := l.spec.build(here)
		var known *model.Mistake
		switch {
		case errors.As(err, &known):
			return nil, nil, err
		case err != nil:
			return nil, nil, model.Mistakef("%s: %s gets samples of shape %v, %v", here.path, l.name, at.in, err)
		}
		layers, at.in = append(layers, layer), out
		if !l.reshapes() {
			at.data = nil
		}
	}
	return layers, at.in, nil
}
