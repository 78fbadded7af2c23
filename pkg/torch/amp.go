package torch

import "github.com/gotrainer/trainer/cgo"

// Autocast runs fn as inside torch.autocast of a device: matrix products and
// convolutions compute in dtype (float16 or bfloat16), and what needs the range or the
// digits of float32 stays in it.
func Autocast(d Device, dtype DType, fn func()) {
	h, err := cgo.Autocast(int64(d), int64(dtype))
	must("autocast", h, err)
	defer free("autocast", &h)
	fn()
}

// SetTF32 lets a GPU compute float32 products and convolutions in TF32, with 10 bits of
// mantissa instead of 23, or forbids it.
func SetTF32(on bool) {
	if err := cgo.TF32(on); err != nil {
		fail("tf32", err)
	}
}

// The settings of torch.amp.GradScaler.
const (
	InitScale      = 65536.0
	GrowthFactor   = 2.0
	BackoffFactor  = 0.5
	GrowthInterval = 2000
)

// LossScale is dynamic loss scaling as torch.amp.GradScaler does it, held on the device.
type LossScale struct {
	Scale         *Tensor // float32 scalar
	GrowthTracker *Tensor // int32 scalar: steps without overflow since the last change
}

// NewLossScale begins at InitScale; scope owns its tensors.
func NewLossScale(d Device, scope *Scope) *LossScale {
	s := &LossScale{Scalar(InitScale, On(d)), Scalar(0, On(d), As(Int32))}
	scope.Attach(s.Scale, s.GrowthTracker)
	return s
}

// Unscale divides the gradients of params by the scale and answers a float32 scalar that
// is 1 where one of them is not finite, else 0.
func (s *LossScale) Unscale(params []*Tensor) *Tensor {
	const op = "unscale"
	found := Scalar(0, On(s.Scale.Device()))
	if err := cgo.UnscaleGrads(handles(op, params), s.Scale.handle(op), found.handle(op)); err != nil {
		fail(op, err)
	}
	return found
}

// Update lowers the scale after an overflow, and raises it after GrowthInterval steps
// without one.
func (s *LossScale) Update(foundInf *Tensor) {
	const op = "update_scale"
	err := cgo.UpdateScale(s.Scale.handle(op), s.GrowthTracker.handle(op), foundInf.handle(op), GrowthFactor, BackoffFactor, GrowthInterval)
	if err != nil {
		fail(op, err)
	}
}
