package custom

import (
	"strconv"

	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

// Config is the model section of a custom model.
type Config struct {
	Layers    []Layer `yaml:"layers" check:"required,minlen=1" doc:"the list of layers, such as [linear: 128, relu, linear: 10]"`
	Objective `yaml:",inline"`
}

// Custom is the registry line.
func Custom() model.Variant {
	return model.Variant{Type: "custom_model", Name: "custom", Params: func() any { return new(Config) }, Build: build}
}

func build(params any, in model.Inputs, o nn.Options) (model.Model, error) {
	c := params.(*Config)
	layers, out, err := buildLayers(c.Layers, site{in.Shape, o, "model.layers"})
	if err != nil {
		return nil, err
	}
	obj, err := newObjective(c.Objective, "model", nil, in, out, o)
	if err != nil {
		return nil, err
	}
	return &network{nn.NewSequential("", layers...), obj}, nil
}

// network is the nn.Sequential of the layers and its loss.
type network struct {
	Layers    *nn.Sequential `torch:""`
	objective *objective
}

// Loss is torch's own loss with its default reduction, a mean over all elements of the
// batch and not a sum over a sample. Mixed precision ends at the last layer.
func (n *network) Loss(c *model.Context, b model.Batch) model.Output {
	return n.objective.compute(n.output(b.X, c.Train), b)
}

// CheckData says whether an embedding at the front can read the samples; it waits for the
// device.
func (n *network) CheckData(x *torch.Tensor) error {
	return checkNumbers(n.Layers.Layers[0], x, "model.layers[0]")
}

func (n *network) output(x *torch.Tensor, training bool) *torch.Tensor {
	return n.Layers.Forward(x, training).To(x.DType())
}

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

// Predict is what the last layer's output says of the target: of the input or a number in
// their own units, of classes the logits.
func (n *network) Predict(x *torch.Tensor) *torch.Tensor {
	return n.objective.predict(n.output(x, false))
}

// Classifies says that predictions are logits.
func (n *network) Classifies() bool { return n.objective.classifies() }

// Reconstructs says that predictions are in the data's units and shape: the target is
// the input.
func (n *network) Reconstructs() bool { return n.objective.reconstructs() }
