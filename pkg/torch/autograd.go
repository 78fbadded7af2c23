package torch

import "github.com/gotrainer/trainer/cgo"

// Backward computes the gradients of a scalar with respect to the leaves that
// require them.
func (t *Tensor) Backward() {
	if err := cgo.Backward(t.handle("backward")); err != nil {
		fail("backward", err, operand{"loss", t})
	}
}

// Grad is the gradient of a leaf, sharing its memory; nil where there is none.
func (t *Tensor) Grad() *Tensor {
	has, err := cgo.HasGrad(t.handle("grad"))
	if must("grad", has, err) == 0 {
		return nil
	}
	h, err := cgo.Grad(t.handle("grad"))
	return own(must("grad", h, err))
}

// SetRequiresGrad marks a leaf as trainable or not.
func (t *Tensor) SetRequiresGrad(on bool) {
	if err := cgo.RequiresGrad(t.handle("requires_grad"), on); err != nil {
		fail("requires_grad", err, operand{"input", t})
	}
}

// ZeroGrads forgets the gradients, so that the next Backward writes fresh ones.
func ZeroGrads(ts []*Tensor) {
	if err := cgo.ZeroGrads(handles("zero_grads", ts)); err != nil {
		fail("zero_grads", err)
	}
}

// NoGrad runs fn without recording history, also inside another NoGrad.
func NoGrad(fn func()) {
	before, err := cgo.GradMode(false)
	must("no_grad", before, err)
	defer func() {
		_, err := cgo.GradMode(before == 1)
		must("no_grad", 0, err)
	}()
	fn()
}
