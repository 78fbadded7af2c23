package custom

import (
	"slices"
	"strconv"

	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

// Config is the model section of a custom model.
type Config struct {
	Layers []Layer `yaml:"layers" check:"required,minlen=1" doc:"the list of layers, such as [linear: 128, relu, linear: 10]"`
	Loss   string  `yaml:"loss" check:"required,oneof=mse|mae|cross_entropy|bce_with_logits" doc:"the loss: mse, mae, cross_entropy or bce_with_logits"`
	Target string  `yaml:"target" default:"labels" check:"oneof=labels|input" doc:"what the output is compared with: labels, or input for an autoencoder"`
}

// Validate holds that a classifier has labels.
func (c *Config) Validate() []string {
	if c.Loss == "cross_entropy" && c.Target == "input" {
		return []string{"target: found input, but cross_entropy compares with class labels; write target: labels, or another loss"}
	}
	return nil
}

// Custom is the registry line.
func Custom() model.Variant {
	return model.Variant{Type: "custom_model", Name: "custom", Params: func() any { return new(Config) }, Build: build}
}

func build(params any, in model.Inputs, o nn.Options) (model.Model, error) {
	c := params.(*Config)
	obj, err := newObjective(c.Loss, c.Target)
	if err != nil {
		return nil, err
	}
	layers, out, err := buildLayers(c.Layers, site{in.Shape, o, "model.layers"})
	if err != nil {
		return nil, err
	}
	if err := obj.check(in, out); err != nil {
		return nil, err
	}
	n := &network{Layers: nn.NewSequential("", layers...), objective: obj, out: out}
	if obj.reconstructs() {
		n.out = slices.Clone(in.Shape)
	}
	return n, nil
}

// network is the nn.Sequential of the layers and its loss.
type network struct {
	Layers    *nn.Sequential `torch:""`
	objective objective
	out       []int64 // one prediction
}

// Loss is torch's own loss with its default reduction: mse, mae and bce_with_logits
// are means over all elements of the batch, not sums over a sample, and cross_entropy
// is the mean over samples. Metrics: accuracy, for a classifier. Mixed precision ends at
// the last layer.
func (n *network) Loss(c *model.Context, b model.Batch) model.Output {
	return n.objective.loss(n.Layers.Forward(b.X, c.Train).To(b.X.DType()), b)
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

// Predict is the last layer's output as it is (logits of a classifier), in the shape
// of a sample where the target is the input.
func (n *network) Predict(x *torch.Tensor) *torch.Tensor {
	return n.Layers.Forward(x, false).Reshape(append([]int64{x.Size(0)}, n.out...))
}

// Classifies says that predictions are logits.
func (n *network) Classifies() bool { return n.objective.right != nil }

// Reconstructs says that predictions are in the data's units and shape: the target is
// the input.
func (n *network) Reconstructs() bool { return n.objective.reconstructs() }
