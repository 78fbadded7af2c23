package custom

import (
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

// held is a network of one output and what that is held against.
type held struct {
	net       nn.Layer
	objective *objective
}

// Loss is torch's own loss with its default reduction, a mean over all elements of the
// batch and not a sum over a sample. Mixed precision ends at the last layer.
func (h *held) Loss(c *model.Context, b model.Batch) model.Output {
	return h.objective.compute(h.output(b.X, c.Train), b)
}

func (h *held) output(x *torch.Tensor, training bool) *torch.Tensor {
	return h.net.Forward(x, training).To(x.DType())
}

// Predict is what the output says of the target: of the input or a number in their own
// units, of classes the logits.
func (h *held) Predict(x *torch.Tensor) *torch.Tensor {
	return h.objective.predict(h.output(x, false))
}

// Classifies says that predictions are logits.
func (h *held) Classifies() bool { return h.objective.classifies() }

// Reconstructs says that predictions are in the data's units and shape: the target is
// the input.
func (h *held) Reconstructs() bool { return h.objective.reconstructs() }
