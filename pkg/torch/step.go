package torch

import "github.com/gotrainer/trainer/cgo"

// Adam holds what one call of ATen's fused Adam or AdamW needs. M, V are the moments
// of Params; Step is a float32 scalar that the call advances.
type Adam struct {
	Params, M, V                       []*Tensor
	Step                               *Tensor
	Decoupled                          bool // AdamW's weight decay
	LR, Beta1, Beta2, Eps, WeightDecay float64
}

// Update does one step in place. foundInf is a float32 scalar: 1 skips the update.
// Parameters without a gradient are passed over.
func (a *Adam) Update(foundInf *Tensor) {
	const op = "adam"
	err := cgo.AdamStep(a.Decoupled, handles(op, a.Params), handles(op, a.M), handles(op, a.V), a.Step.handle(op),
		a.LR, a.Beta1, a.Beta2, a.Eps, a.WeightDecay, foundInf.handle(op))
	if err != nil {
		fail(op, err)
	}
}

// SGD holds what one call of ATen's fused SGD needs. Momenta is empty where Momentum
// is 0; First says that they hold nothing yet.
type SGD struct {
	Params, Momenta                      []*Tensor
	LR, Momentum, Dampening, WeightDecay float64
	Nesterov, First                      bool
}

// Update does one step in place; see Adam.Update.
func (s *SGD) Update(foundInf *Tensor) {
	const op = "sgd"
	err := cgo.SGDStep(handles(op, s.Params), handles(op, s.Momenta), s.LR, s.Momentum, s.Dampening, s.WeightDecay,
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
