package train

import (
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

// beside is what a model keeps beside its parameters and moves in its loss: buffers, such as
// the averages of batch norm, and training state. A batch that is not finite would spoil
// them for good.
type beside struct{ now, before []*torch.Tensor }

// newBeside finds it on the device. Bytes are a file's, which no step moves.
func newBeside(m any, d torch.Device) *beside {
	b := &beside{}
	for _, t := range nn.Tensors(append(nn.Buffers(m), nn.States(m)...)) {
		if t.Device() == d && t.DType() != torch.Uint8 {
			b.now = append(b.now, t)
		}
	}
	return b
}

// remember copies it, before the first batch of a step.
func (b *beside) remember() {
	b.before = nil
	for _, t := range b.now {
		b.before = append(b.before, t.Clone())
	}
}

// putBack leaves it as it was where skip is 1.
func (b *beside) putBack(skip *torch.Tensor) {
	skipped := skip.Gt(0)
	for i, t := range b.now {
		t.Copy_(skipped.Where(b.before[i], t))
	}
	b.before = nil
}
