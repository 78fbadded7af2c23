package custom

import (
	"fmt"
	"slices"

	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

// Objective is what an output is compared with, and how.
type Objective struct {
	Loss           string       `yaml:"loss" check:"required,oneof=mse|mae|huber|cross_entropy|bce_with_logits|gaussian_nll|poisson_nll" doc:"the loss, a mean over all elements, as torch.nn.functional has it; for gaussian_nll the last layer gives the means and then the log variances, for poisson_nll the log of the rate"`
	Target         string       `yaml:"target" default:"labels" check:"oneof=labels|input" doc:"what the output is compared with: labels, or input for an autoencoder"`
	Delta          float64      `yaml:"delta" default:"1.0" check:"gt=0" when:"loss=huber" doc:"the difference from which huber is linear"`
	LabelSmoothing float64      `yaml:"label_smoothing" default:"0.0" check:"min=0,lt=1" when:"loss=cross_entropy" doc:"the share of each target that is spread over all classes"`
	ClassWeights   ClassWeights `yaml:"class_weights" when:"loss=cross_entropy" doc:"the weight of each class, a list of numbers, or balanced: in inverse proportion to the class's training samples; all the same by default"`
}

// Validate holds that a classifier has labels.
func (o *Objective) Validate() []string {
	if o.Loss == "cross_entropy" && o.Target == "input" {
		return []string{"target: found input, but cross_entropy compares with class labels; write target: labels, or another loss"}
	}
	return nil
}

// objective is an Objective that outputs are held against.
type objective struct {
	Objective
	loss
	key     string        // of the config, for messages: "model", "model.heads[1]"
	weights *torch.Tensor // of the classes; nil without
	take    span          // of the labels' numbers; empty for all
	shape   []int64       // of one target
	classes int           // 0 where they are not known
	// unclassed says that the labels are known to number no classes.
	unclassed bool
}

// newObjective prepares o for outputs of the given shape; a Mistake where they do not fit.
func newObjective(o Objective, key string, take Take, in model.Inputs, out []int64, opts nn.Options) (*objective, error) {
	i := slices.IndexFunc(losses, func(l loss) bool { return l.name == o.Loss })
	if i < 0 {
		return nil, model.Mistakef("%s.loss: found %q, expected one of %v", key, o.Loss, lossNames())
	}
	ob := &objective{Objective: o, loss: losses[i], key: key}
	if err := ob.aim(take, in); err != nil {
		return nil, err
	}
	if err := ob.check(in, out); err != nil {
		return nil, err
	}
	weights, err := o.ClassWeights.of(int(out[0]), in.ClassCounts, key)
	if err != nil {
		return nil, err
	}
	if n := int64(len(weights)); n > 0 {
		ob.weights = opts.Buffer([]int64{n}, opts.DType, func(t *torch.Tensor) { t.Copy_(torch.FromFloat64s(weights, []int64{n})) })
	}
	return ob, nil
}

// aim finds what the output is compared with.
func (o *objective) aim(take Take, in model.Inputs) error {
	switch {
	case o.reconstructs():
		return o.aimAtSample(take, in)
	case in.LabelShape != nil:
		return o.aimAtLabels(take, in)
	case o.name == "cross_entropy":
		return model.Mistakef("%s.target: cross_entropy compares with labels, and the data have none; give data.labels, data.label_array or data.label_column", o.key)
	}
	return model.Mistakef("%s.target: %s compares with labels, and the data have none; give data.labels, or write target: input", o.key, o.name)
}

func (o *objective) aimAtSample(take Take, in model.Inputs) (err error) {
	o.take, o.shape, err = take.of(in.Dim(), in.Parts, o.key+".take", "a sample", "data.arrays")
	switch {
	case o.take.empty():
		o.shape = slices.Clone(in.Shape)
	case o.shape == nil:
		o.shape = []int64{o.take.size()}
	}
	return err
}

func (o *objective) aimAtLabels(take Take, in model.Inputs) (err error) {
	all := model.Inputs{Shape: in.LabelShape}.Dim()
	o.take, o.shape, err = take.of(all, in.LabelParts, o.key+".take", "a label", "data.label_column or data.label_array")
	switch {
	case err != nil:
		return err
	case o.take.empty():
		o.shape, o.classes = in.LabelShape, in.Classes
		return nil
	case o.take.size() == 1 && in.LabelClasses != nil:
		o.classes = in.LabelClasses[o.take[0]]
		o.unclassed = o.classes == 0
	}
	if o.take.size() == 1 && o.name == "cross_entropy" {
		o.shape = []int64{}
	} else if o.shape == nil {
		o.shape = []int64{o.take.size()}
	}
	return nil
}

// reconstructs says that the output has the shape of the input.
func (o *objective) reconstructs() bool { return o.Target == "input" }

// classifies says that predictions are logits.
func (o *objective) classifies() bool { return o.raw && !o.reconstructs() }

// compute is the loss of a batch and, for labels, what else is told of it.
func (o *objective) compute(out *torch.Tensor, b model.Batch) model.Output {
	y := o.target(out, b)
	if o.per > 1 {
		out = out.Flatten(1, -1)
	}
	result := model.Output{Loss: o.value(o, out, y)}
	if !o.reconstructs() {
		torch.NoGrad(func() { result.Metrics = o.metrics(out, y) })
	}
	return result
}

// target gives y the output's shape, so that [B, 1] and [B] are compared one by one
// and not each with each.
func (o *objective) target(out *torch.Tensor, b model.Batch) *torch.Tensor {
	y := b.X
	if !o.reconstructs() {
		y = b.Y
	}
	if !o.take.empty() {
		y = o.take.of(y)
	}
	switch {
	case o.name == "cross_entropy":
		return y.Reshape([]int64{-1}).To(torch.Int64)
	case o.per > 1:
		return y.Reshape([]int64{out.Size(0), -1})
	}
	return y.Reshape(out.Shape())
}

// predict is what the output says of its target: in its units and shape, but for the
// logits of classes, which are the output as it is.
func (o *objective) predict(out *torch.Tensor) *torch.Tensor {
	if o.classifies() {
		return out
	}
	if o.per > 1 {
		out = out.Flatten(1, -1)
	}
	if o.mean != nil {
		out = o.mean(out)
	}
	if o.reconstructs() || o.per > 1 && len(o.shape) > 0 {
		return out.Reshape(append([]int64{out.Size(0)}, o.shape...))
	}
	return out
}

// check says before training what does not fit: out is the shape of one output.
func (o *objective) check(in model.Inputs, out []int64) error {
	count := model.Inputs{Shape: out}.Dim()
	want := o.per * model.Inputs{Shape: o.shape}.Dim()
	switch {
	case o.name == "cross_entropy":
		return o.checkClasses(in, out)
	case o.name == "bce_with_logits" && o.classes > 2:
		return model.Mistakef("%s.loss: bce_with_logits needs labels of 0 and 1, and the data's labels go up to %d; use cross_entropy", o.key, o.classes-1)
	case count == want:
		return nil
	case o.per > 1:
		return model.Mistakef("%s.layers: the last layer gives %v, but %s needs the means and the log variances of %v: %d numbers", o.key, out, o.name, o.shape, want)
	case o.reconstructs():
		return model.Mistakef("%s.layers: the last layer gives %v, but target: input needs the sample's shape %v", o.key, out, o.shape)
	}
	return model.Mistakef("%s.layers: the last layer gives %v, but a label has the shape %v%s", o.key, out, o.shape, o.choose(in))
}

func (o *objective) checkClasses(in model.Inputs, out []int64) error {
	unknown := o.classes == 0 && o.take.empty()
	switch {
	case o.unclassed:
		return model.Mistakef("%s.take: cross_entropy needs class numbers 0, 1, …, and the numbers %v of the labels are not whole ones from 0; take others, or write loss: mse", o.key, []int64(o.take))
	case unknown || len(o.shape) != 0:
		return model.Mistakef("%s.loss: cross_entropy needs one class number (0, 1, …) a sample as label, and the data's labels are of shape %v%s", o.key, o.shape, o.choose(in))
	case len(out) != 1:
		return model.Mistakef("%s.layers: cross_entropy needs one row of %s, one for each class, but the last layer gives %v; put flatten before the last linear", o.key, numbers(o.classes), out)
	case o.classes > 0 && out[0] != int64(o.classes):
		return model.Mistakef("%s.layers: the labels have %d classes, but the last layer gives %d numbers; make it linear: %d", o.key, o.classes, out[0], o.classes)
	}
	return nil
}

func numbers(n int) string {
	if n == 0 {
		return "numbers"
	}
	return fmt.Sprintf("%d numbers", n)
}

// choose completes a message about labels that do not fit the loss.
func (o *objective) choose(in model.Inputs) string {
	switch {
	case len(in.LabelShape) > 0 && o.take.empty():
		return "; take one of its numbers by data.label or data.label_column, or by take: in a head of variant multi_head"
	case o.name == "cross_entropy" && in.Classes == 0 && len(in.LabelShape) == 0:
		return " but no whole numbers from 0"
	}
	return ""
}
