package custom

import (
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/torch"
)

// metrics are what is told beside the loss where there are labels: accuracy (and
// top5_accuracy from six classes on) of classes, else mse and mae, but the one that is the
// loss. They are means over the batch, without history.
func (o *objective) metrics(out, y *torch.Tensor) []model.Metric {
	switch o.name {
	case "cross_entropy":
		list := []model.Metric{{Name: "accuracy", Value: share(out.Argmax(1).Eq(y), out)}}
		if out.Size(1) > 5 {
			_, best := out.TopK(5, 1)
			list = append(list, model.Metric{Name: "top5_accuracy", Value: share(best.Eq(y.Unsqueeze(1)).AnyDim(1), out)})
		}
		return list
	case "bce_with_logits":
		return []model.Metric{{Name: "accuracy", Value: share(out.Gt(0).Eq(y.Gt(0.5)), out)}}
	}
	if o.mean != nil {
		out = o.mean(out)
	}
	difference := out.Sub(y)
	var list []model.Metric
	if o.name != "mse" {
		list = append(list, model.Metric{Name: "mse", Value: difference.Square().Mean()})
	}
	if o.name != "mae" {
		list = append(list, model.Metric{Name: "mae", Value: difference.Abs().Mean()})
	}
	return list
}

// share is how many of the elements are true, as a number like those of out.
func share(right, out *torch.Tensor) *torch.Tensor { return right.To(out.DType()).Mean() }
