package torch

import (
	"fmt"
	"unsafe"

	"github.com/gotrainer/trainer/cgo"
)

// Tensor is a handle to an n-dimensional array in libtorch, owned by one scope.
type Tensor struct {
	h     cgo.Tensor
	scope *Scope
	slot  int // index in the scope's list
}

// own puts a fresh handle into the running function scope.
func own(h cgo.Tensor) *Tensor {
	if current == nil {
		cgo.FreeTensors([]cgo.Tensor{h})
		panic("torch: tensor made outside Engine.Do")
	}
	t := &Tensor{h: h}
	current.add(t)
	return t
}

// handle answers the raw handle, or panics by name after the tensor's scope ended.
func (t *Tensor) handle(op string) cgo.Tensor {
	onEngine()
	if t == nil {
		panic(fmt.Sprintf("torch: %s: nil tensor", op))
	}
	if t.h == nil {
		panic(fmt.Sprintf("torch: %s: tensor of scope %q used after its scope ended", op, t.scope.purpose))
	}
	return t.h
}

func (t *Tensor) optional(op string) cgo.Tensor {
	if t == nil {
		return nil
	}
	return t.handle(op)
}

func handles(op string, ts []*Tensor) []cgo.Tensor {
	list := make([]cgo.Tensor, len(ts))
	for i, t := range ts {
		list[i] = t.handle(op)
	}
	return list
}

// must is for queries that fail only when the binding is broken.
func must[T any](op string, v T, err error) T {
	if err != nil {
		fail(op, err)
	}
	return v
}

// Dim is the number of dimensions.
func (t *Tensor) Dim() int {
	n, err := cgo.Dim(t.handle("dim"))
	return int(must("dim", n, err))
}

// Shape is the size of each dimension; empty for a scalar.
func (t *Tensor) Shape() []int64 {
	shape := make([]int64, t.Dim())
	if err := cgo.Sizes(t.handle("shape"), shape); err != nil {
		fail("shape", err)
	}
	return shape
}

// Size is the size of dimension d; negative d counts from the end.
func (t *Tensor) Size(d int) int64 {
	shape := t.Shape()
	if d < 0 {
		d += len(shape)
	}
	return shape[d]
}

// Numel is the number of elements.
func (t *Tensor) Numel() int64 { return numel(t.Shape()) }

func numel(shape []int64) int64 {
	n := int64(1)
	for _, s := range shape {
		n *= s
	}
	return n
}

// DType is the element type.
func (t *Tensor) DType() DType {
	d, err := cgo.DType(t.handle("dtype"))
	return DType(must("dtype", d, err))
}

// Device is where the elements are.
func (t *Tensor) Device() Device {
	d, err := cgo.Device(t.handle("device"))
	return Device(must("device", d, err))
}

// Bytes is the size of the elements in bytes.
func (t *Tensor) Bytes() int64 {
	n, err := cgo.Bytes(t.handle("bytes"))
	return must("bytes", n, err)
}

// Item is the value of a tensor of one element. On CUDA it waits for the device.
func (t *Tensor) Item() float64 {
	v, err := cgo.Item(t.handle("item"))
	if err != nil {
		fail("item", err, operand{"input", t})
	}
	return v
}

// Raw copies the elements out as little-endian bytes in C order.
func (t *Tensor) Raw() []byte {
	out := make([]byte, t.Bytes())
	t.ReadRaw(out)
	return out
}

// ReadRaw is Raw into dst, whose length is Bytes.
func (t *Tensor) ReadRaw(dst []byte) { t.read("raw", dst) }

// Float32s copies the elements out in C order, converted to float32 where needed.
func (t *Tensor) Float32s() []float32 {
	out := make([]float32, t.Numel())
	t.ReadFloat32s(out)
	return out
}

// ReadFloat32s is Float32s into dst, whose length is the number of elements.
func (t *Tensor) ReadFloat32s(dst []float32) {
	Scoped(func() { t.To(Float32).read("float32s", asBytes(dst)) })
}

// Float64s copies the elements out in C order, converted to float64 where needed.
func (t *Tensor) Float64s() []float64 {
	out := make([]float64, t.Numel())
	Scoped(func() { t.To(Float64).read("float64s", asBytes(out)) })
	return out
}

// Int64s copies the elements out in C order, converted to int64 where needed.
func (t *Tensor) Int64s() []int64 {
	out := make([]int64, t.Numel())
	Scoped(func() { t.To(Int64).read("int64s", asBytes(out)) })
	return out
}

func (t *Tensor) read(op string, dst []byte) {
	if err := cgo.CopyOut(t.handle(op), dst); err != nil {
		fail(op, err, operand{"input", t})
	}
}

// Write overwrites the elements with little-endian bytes in C order, without history.
func (t *Tensor) Write(src []byte) {
	if err := cgo.CopyIn(t.handle("write"), src); err != nil {
		fail("write", err, operand{"input", t})
	}
}

// WriteFloat32s overwrites a float32 tensor with v in C order, without history.
func (t *Tensor) WriteFloat32s(v []float32) { t.Write(asBytes(v)) }

// To converts the element type.
func (t *Tensor) To(d DType) *Tensor { return t.convert(d, t.Device()) }

// On moves the tensor to a device.
func (t *Tensor) On(d Device) *Tensor { return t.convert(t.DType(), d) }

func (t *Tensor) convert(dtype DType, device Device) *Tensor {
	h, err := cgo.To(t.handle("to"), int64(dtype), int64(device))
	if err != nil {
		fail("to", err, operand{"input", t})
	}
	return own(h)
}

// asBytes views a slice of numbers as bytes; the machine is little endian.
func asBytes[T float32 | float64 | int64 | int32 | uint8](v []T) []byte {
	var zero T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), len(v)*int(unsafe.Sizeof(zero)))
}
