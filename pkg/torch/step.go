package torch

import "github.com/gotrainer/trainer/cgo"

// Adam holds what one step of Adam or AdamW needs. M, V are the moments
// of Params; Step is a float32 scalar that the call advances. LR is a scalar of
// LearningRate's making.
type Adam struct {
	Params, M, V                   []*Tensor
	Step, LR                       *Tensor
	Decoupled                      bool // AdamW's weight decay
	Beta1, Beta2, Eps, WeightDecay float64
}

// LearningRate is the scalar that the fused optimizers read a learning rate from, 0 at
// first. It has the element type that their kernels for a device want: float64 on the
// CPU, float32 on a GPU.
func LearningRate(d Device) *Tensor {
	if d.IsCUDA() {
		return Scalar(0, On(d))
	}
	return Scalar(0, As(Float64))
}

// Defer says that nobody but the next Update, or ZeroGrads, will ask for gradients: on the
// CPU those of weights that are products over a small batch are then multiplied out where
// they are used, block by block, and never written to memory. The numbers are the same.
func (a *Adam) Defer() {
	const op = "defer_products"
	if err := cgo.DeferProducts(handles(op, a.Params)); err != nil {
		fail(op, err)
	}
}

// Update does one step in place. foundInf is a float32 scalar: 1 skips the update.
// Parameters without a gradient are passed over.
func (a *Adam) Update(foundInf *Tensor) {
	const op = "adam"
	err := cgo.AdamStep(a.Decoupled, handles(op, a.Params), handles(op, a.M), handles(op, a.V), a.Step.handle(op),
		a.LR.handle(op), a.Beta1, a.Beta2, a.Eps, a.WeightDecay, foundInf.handle(op))
	if err != nil {
		fail(op, err)
	}
}

// SGD holds what one call of ATen's fused SGD needs. Momenta is empty where Momentum
// is 0; First says that they hold nothing yet. LR is a scalar of LearningRate's making.
type SGD struct {
	Params, Momenta                  []*Tensor
	LR                               *Tensor
	Momentum, Dampening, WeightDecay float64
	Nesterov, First                  bool
}

// Update does one step in place; see Adam.Update.
func (s *SGD) Update(foundInf *Tensor) {
	const op = "sgd"
	err := cgo.SGDStep(handles(op, s.Params), handles(op, s.Momenta), s.LR.handle(op), s.Momentum, s.Dampening, s.WeightDecay,
		s.Nesterov, s.First, foundInf.handle(op))
	if err != nil {
		fail(op, err)
	}
}

// ClipGradNorm scales the gradients of params together to a 2-norm of at most
// maxNorm and answers the norm before, as torch.nn.utils.clip_grad_norm_ does.
func ClipGradNorm(params []*Tensor, maxNorm float64) *Tensor {
	h, err := cgo.ClipGradNorm(handles("clip_grad_norm", params), maxNorm)
	return own(must("clip_grad_norm", h, err))
}

// MeterAdd adds the scalars of one step to sums, float64 [values + 2]: the values and
// the number of steps that count, and last how many were skipped in a row. skip is a
// float32 scalar, 1 where the step was skipped.
func MeterAdd(sums *Tensor, values []*Tensor, skip *Tensor) {
	const op = "meter_add"
	if err := cgo.MeterAdd(sums.handle(op), handles(op, values), skip.handle(op)); err != nil {
		fail(op, err, operandsOf(values)...)
	}
}
