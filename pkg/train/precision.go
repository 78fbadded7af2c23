package train

import (
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/torch"
)

// Precision is the arithmetic of the training step: its products and convolutions. What
// needs more digits or range (losses, sums, the optimizer, the weights themselves) is
// float32 in all of them; so is evaluation, whose products a GPU computes in TF32 unless
// the precision is FP32.
type Precision string

// The precisions; the zero value is FP32. FP16 scales the loss, so that small gradients
// do not vanish. TF32 and FP16 need a GPU.
const (
	FP32 Precision = "fp32"
	TF32 Precision = "tf32"
	BF16 Precision = "bf16"
	FP16 Precision = "fp16"
)

// loss is the model's loss in the run's precision.
func (r *run) loss(c *model.Context, b model.Batch) (out model.Output) {
	r.autocast(func() { out = r.Model.Loss(c, b) })
	return out
}

// autocast computes in the run's precision.
func (r *run) autocast(compute func()) {
	switch r.Precision {
	case BF16:
		torch.Autocast(r.Device, torch.BFloat16, compute)
	case FP16:
		torch.Autocast(r.Device, torch.Float16, compute)
	default:
		compute()
	}
}

// scaling is the loss scale of FP16; nil in other precisions.
type scaling struct {
	scope *torch.Scope
	*torch.LossScale
}

func newScaling(p Precision, d torch.Device) *scaling {
	if p != FP16 {
		return nil
	}
	scope := torch.NewScope("loss scale")
	return &scaling{scope, torch.NewLossScale(d, scope)}
}

// scale multiplies a loss.
func (s *scaling) scale(loss *torch.Tensor) *torch.Tensor {
	if s == nil {
		return loss
	}
	return loss.Mul(s.Scale)
}

// unscale brings gradients back and adapts the scale; the answer is a float32 scalar, 1
// where a gradient is not finite, or nil where nothing is scaled.
func (s *scaling) unscale(params []*torch.Tensor) *torch.Tensor {
	if s == nil {
		return nil
	}
	overflow := s.divide(params)
	s.Update(overflow)
	return overflow
}

// divide is unscale without adapting the scale.
func (s *scaling) divide(params []*torch.Tensor) *torch.Tensor {
	if s == nil {
		return nil
	}
	return s.Unscale(params)
}

// ScaleState is what a run needs to go on with its loss scale.
type ScaleState struct {
	Scale         float64
	GrowthTracker int64
}

func (s *scaling) state() *ScaleState {
	if s == nil {
		return nil
	}
	return &ScaleState{s.Scale.Item(), int64(s.GrowthTracker.Item())}
}

// restore takes a state; a checkpoint of another precision has none.
func (s *scaling) restore(from *ScaleState) {
	if s != nil && from != nil {
		s.Scale.Fill_(from.Scale)
		s.GrowthTracker.Fill_(float64(from.GrowthTracker))
	}
}

func (s *scaling) close() {
	if s != nil {
		s.scope.Close()
	}
}
