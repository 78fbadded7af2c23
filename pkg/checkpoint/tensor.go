package checkpoint

import (
	"fmt"
	"math/bits"
)

// DType is the type of a tensor's elements.
type DType uint8

// The element types that a checkpoint may hold. The zero DType is none of them.
const (
	Float32 DType = iota + 1
	Float64
	Float16
	BFloat16
	Int64
	Int32
	Int16
	Int8
	Uint8
	Bool
)

// dtypes is the one table of names and sizes, by DType.
var dtypes = [...]struct {
	name    string // as in torch.<name>
	storage string // as in torch.<storage>
	size    int
}{
	Float32:  {"float32", "FloatStorage", 4},
	Float64:  {"float64", "DoubleStorage", 8},
	Float16:  {"float16", "HalfStorage", 2},
	BFloat16: {"bfloat16", "BFloat16Storage", 2},
	Int64:    {"int64", "LongStorage", 8},
	Int32:    {"int32", "IntStorage", 4},
	Int16:    {"int16", "ShortStorage", 2},
	Int8:     {"int8", "CharStorage", 1},
	Uint8:    {"uint8", "ByteStorage", 1},
	Bool:     {"bool", "BoolStorage", 1},
}

// Size is the number of bytes of one element, 0 for an unknown type.
func (d DType) Size() int {
	if int(d) >= len(dtypes) {
		return 0
	}
	return dtypes[d].size
}

// String is PyTorch's name, for example "float32".
func (d DType) String() string {
	if d.Size() == 0 {
		return "unknown"
	}
	return dtypes[d].name
}

// ParseDType finds the type with PyTorch's name s, for example "float32".
func ParseDType(s string) (DType, bool) {
	for d := Float32; d <= Bool; d++ {
		if dtypes[d].name == s {
			return d, true
		}
	}
	return 0, false
}

func storageDType(class string) (DType, bool) {
	for d := Float32; d <= Bool; d++ {
		if dtypes[d].storage == class {
			return d, true
		}
	}
	return 0, false
}

// Tensor is an array in C order without gaps, little endian. A Shape of no
// dimensions is one number. The Data of tensors that were read may share memory
// where they shared it when they were saved (tied weights, views): copy before
// changing it.
type Tensor struct {
	DType DType
	Shape []int64
	Data  []byte
}

// NumElements is the product of the shape, 1 for no dimensions.
func (t *Tensor) NumElements() int64 {
	n, ok := product(t.Shape)
	if !ok {
		return -1
	}
	return n
}

// check tells whether shape, type and data agree.
func (t *Tensor) check() error {
	if t.DType.Size() == 0 {
		return fmt.Errorf("tensor has unknown dtype %d", uint8(t.DType))
	}
	n, ok := product(t.Shape)
	if !ok {
		return fmt.Errorf("tensor has the impossible shape %v", t.Shape)
	}
	want, ok := mul(n, int64(t.DType.Size()))
	if !ok || want != int64(len(t.Data)) {
		return fmt.Errorf("tensor of shape %v and dtype %v has %d bytes of data", t.Shape, t.DType, len(t.Data))
	}
	return nil
}

// strides are those of a contiguous tensor as PyTorch counts them, in elements.
func (t *Tensor) strides() []int64 {
	s := make([]int64, len(t.Shape))
	step := int64(1)
	for i := len(s) - 1; i >= 0; i-- {
		s[i] = step
		step *= max(t.Shape[i], 1)
	}
	return s
}

// product multiplies sizes; false for a negative one or more than an int64 holds.
// A zero anywhere makes it 0, but the other sizes must still be sane.
func product(sizes []int64) (int64, bool) {
	n, empty := int64(1), false
	for _, s := range sizes {
		if s < 0 {
			return 0, false
		}
		if s == 0 {
			empty = true
			continue
		}
		var ok bool
		if n, ok = mul(n, s); !ok {
			return 0, false
		}
	}
	if empty {
		return 0, true
	}
	return n, true
}

// mul multiplies two non-negative numbers; false when the result is no int64.
func mul(a, b int64) (int64, bool) {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	if hi != 0 || lo > 1<<63-1 {
		return 0, false
	}
	return int64(lo), true
}
