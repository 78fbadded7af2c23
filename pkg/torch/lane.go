package torch

import (
	"unsafe"

	"github.com/gotrainer/trainer/cgo"
)

// HostFloat32s is a tensor in host memory and that memory as a slice, which any
// goroutine may fill. The slice is good for as long as the tensor. With pinned, which
// needs a GPU, the memory never moves, so that a device copies it by itself.
func HostFloat32s(shape []int64, pinned bool) (*Tensor, []float32) {
	t := hostEmpty(shape, Float32, pinned)
	return t, memoryOf[float32](t)
}

// HostInt64s is HostFloat32s for int64.
func HostInt64s(shape []int64, pinned bool) (*Tensor, []int64) {
	t := hostEmpty(shape, Int64, pinned)
	return t, memoryOf[int64](t)
}

func hostEmpty(shape []int64, dtype DType, pinned bool) *Tensor {
	h, err := cgo.HostEmpty(shape, int64(dtype), pinned)
	return made("host memory", shape, h, err)
}

// memoryOf is the memory of a host tensor; libtorch owns it, the collector does not see it.
func memoryOf[T float32 | int64](t *Tensor) []T {
	at, err := cgo.Address(t.handle("address"))
	address := uintptr(must("address", at, err))
	return unsafe.Slice(*(**T)(unsafe.Pointer(&address)), t.Numel())
}

// Lane orders the way of one host buffer to its copy on a GPU. Send, Arrive and Used are
// called in turn: copies run on a stream of their own beside the computation, and neither
// stream waits for the host. Only the engine's thread touches it.
type Lane struct{ h cgo.Handle }

// NewLane makes a lane to a GPU.
func NewLane(d Device) *Lane {
	h, err := cgo.NewLane(int64(d))
	return &Lane{must("lane", h, err)}
}

// Send begins to copy src to dst, once the last use of dst is over.
func (l *Lane) Send(dst, src *Tensor) {
	if err := cgo.Send(l.h, dst.handle("send"), src.handle("send")); err != nil {
		fail("send", err, operand{"to", dst}, operand{"from", src})
	}
}

// Arrive lets what is computed next wait for what was sent.
func (l *Lane) Arrive() {
	if err := cgo.AwaitArrival(l.h); err != nil {
		fail("arrive", err)
	}
}

// Used says that what was computed up to now is all that reads the copy, and waits until
// the host buffer may be filled again.
func (l *Lane) Used() {
	if err := cgo.MarkUsed(l.h); err != nil {
		fail("used", err)
	}
}

// Close waits for the last copy; the tensors may be freed then. Closing nil or twice does
// nothing.
func (l *Lane) Close() {
	if l != nil {
		free("lane", &l.h)
	}
}
