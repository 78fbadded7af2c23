package custom

import (
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/torch"
)

// objective is a loss and what it compares the output with.
type objective struct {
	name   string
	labels bool // else the input
	// value is the loss; the target y has the output's shape, but for cross_entropy,
	// where it is [B] of class numbers.
	value func(out, y *torch.Tensor) *torch.Tensor
	// right is, for a classifier, which elements of y are met; nil for others.
	right func(out, y *torch.Tensor) *torch.Tensor
}

func newObjective(loss, target string) (objective, error) {
	o := objective{name: loss, labels: target == "labels"}
	switch loss {
	case "mse":
		o.value = func(out, y *torch.Tensor) *torch.Tensor { return out.Sub(y).Square().Mean() }
	case "mae":
		o.value = func(out, y *torch.Tensor) *torch.Tensor { return out.Sub(y).Abs().Mean() }
	case "cross_entropy":
		o.value = (*torch.Tensor).CrossEntropy
		o.right = func(out, y *torch.Tensor) *torch.Tensor { return out.Argmax(1).Eq(y) }
	case "bce_with_logits":
		o.value = func(out, y *torch.Tensor) *torch.Tensor { return out.BCEWithLogits(y).Mean() }
		if o.labels {
			o.right = func(out, y *torch.Tensor) *torch.Tensor { return out.Gt(0).Eq(y.Gt(0.5)) }
		}
	default:
		return o, model.Mistakef("model.loss: found %q, expected mse, mae, cross_entropy or bce_with_logits", loss)
	}
	return o, nil
}

// reconstructs says that the output has the shape of the input.
func (o objective) reconstructs() bool { return !o.labels }

// loss computes value and, for a classifier, accuracy.
func (o objective) loss(out *torch.Tensor, b model.Batch) model.Output {
	y := o.target(out, b)
	result := model.Output{Loss: o.value(out, y)}
	if o.right != nil {
		torch.NoGrad(func() {
			accuracy := o.right(out, y).To(out.DType()).Mean()
			result.Metrics = []model.Metric{{Name: "accuracy", Value: accuracy}}
		})
	}
	return result
}

// target gives y the output's shape, so that [B, 1] and [B] are compared one by one
// and not each with each.
func (o objective) target(out *torch.Tensor, b model.Batch) *torch.Tensor {
	switch {
	case !o.labels:
		return b.X.Reshape(out.Shape())
	case o.name == "cross_entropy":
		return b.Y.To(torch.Int64)
	}
	return b.Y.Reshape(out.Shape())
}

// check says before training what does not fit: out is the shape of one output.
func (o objective) check(in model.Inputs, out []int64) error {
	count := model.Inputs{Shape: out}.Dim()
	switch {
	case !o.labels && count != in.Dim():
		return model.Mistakef("model.layers: the last layer gives %v, but target: input needs the sample's shape %v", out, in.Shape)
	case !o.labels:
		return nil
	case in.LabelShape == nil:
		return model.Mistakef("model.target: %s compares with labels, and the data have none; give data.labels, or write target: input", o.name)
	case o.name == "cross_entropy":
		return checkClasses(in, out)
	case o.name == "bce_with_logits" && in.Classes > 2:
		return model.Mistakef("model.loss: bce_with_logits needs labels of 0 and 1, and the data's labels go up to %d; use cross_entropy", in.Classes-1)
	case count != (model.Inputs{Shape: in.LabelShape}).Dim():
		return model.Mistakef("model.layers: the last layer gives %v, but a label has the shape %v", out, in.LabelShape)
	}
	return nil
}

func checkClasses(in model.Inputs, out []int64) error {
	switch {
	case in.Classes == 0 || len(in.LabelShape) != 0:
		return model.Mistakef("model.loss: cross_entropy needs one class number (0, 1, …) a sample as label, and the data's labels are of shape %v%s", in.LabelShape, fractions(in))
	case len(out) != 1:
		return model.Mistakef("model.layers: cross_entropy needs one row of %d numbers, one for each class, but the last layer gives %v; put flatten before the last linear", in.Classes, out)
	case out[0] != int64(in.Classes):
		return model.Mistakef("model.layers: the labels have %d classes, but the last layer gives %d numbers; make it linear: %d", in.Classes, out[0], in.Classes)
	}
	return nil
}

func fractions(in model.Inputs) string {
	if in.Classes == 0 && len(in.LabelShape) == 0 {
		return " but no whole numbers from 0"
	}
	return ""
}
