package custom

import (
	"strconv"

	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

// Config is the model section of a custom model.
type Config struct {
	TorchScript string  `yaml:"torchscript" doc:"in place of layers: a file of torch.jit.script(module).save, which is trained with the weights that it has"`
	Layers      []Layer `yaml:"layers" check:"required,minlen=1" when:"torchscript=" doc:"the list of layers, such as [linear: 128, relu, linear: 10]"`
	Objective   `yaml:",inline"`

	kept []byte // the TorchScript file's content, as a checkpoint has it
}

// Custom is the registry line.
func Custom() model.Variant {
	return model.Variant{Type: "custom_model", Name: "custom", Params: func() any { return new(Config) }, Build: build}
}

func build(params any, in model.Inputs, o nn.Options) (model.Model, error) {
	c := params.(*Config)
	if c.TorchScript != "" {
		return buildScript(c, in, o)
	}
	var indices []model.Index
	layers, out, err := buildLayers(c.Layers, site{in.Shape, o, "model.layers", &read{span{0, in.Dim()}, &indices}})
	if err != nil {
		return nil, err
	}
	obj, err := newObjective(c.Objective, "model", Take{}, in, out, o)
	if err != nil {
		return nil, err
	}
	n := nn.NewSequential("", layers...)
	return &network{held{n, obj}, n, indices}, nil
}

// network is the nn.Sequential of the layers.
type network struct {
	held
	Layers *nn.Sequential `torch:""`

	indices []model.Index
}

// Indices are the numbers of a sample that embeddings read.
func (n *network) Indices() []model.Index { return n.indices }

// Embed is the output of the last layer (""), or of the layer with the given index,
// with each sample's output flattened: [B, D].
func (n *network) Embed(x *torch.Tensor, what string, _ model.Noise) (*torch.Tensor, error) {
	last := len(n.Layers.Layers) - 1
	index := last
	if what != "" {
		i, err := strconv.Atoi(what)
		if err != nil || i < 0 || i > last || strconv.Itoa(i) != what {
			return nil, model.Mistakef("output.what: found %q, expected the index of a layer, 0 to %d", what, last)
		}
		index = i
	}
	return n.Layers.ForwardTo(index, x, false).Reshape([]int64{x.Size(0), -1}), nil
}
