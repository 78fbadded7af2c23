package torch

import "github.com/gotrainer/trainer/cgo"

// Option sets what a constructor takes by keyword in PyTorch.
type Option func(*options)

type options struct {
	dtype  DType
	device Device
}

// As sets the element type; float32 by default.
func As(d DType) Option { return func(o *options) { o.dtype = d } }

// On sets the device; the CPU by default.
func On(d Device) Option { return func(o *options) { o.device = d } }

// Like takes element type and device from t.
func Like(t *Tensor) Option {
	return func(o *options) { o.dtype, o.device = t.DType(), t.Device() }
}

func gather(opts []Option) (dtype, device int64) {
	o := options{dtype: Float32, device: CPU}
	for _, set := range opts {
		set(&o)
	}
	return int64(o.dtype), int64(o.device)
}

func made(op string, shape []int64, h cgo.Tensor, err error) *Tensor {
	if err != nil {
		e := newError(op, err)
		e.Operands = []Operand{{Name: "output", Shape: shape}}
		panic(e)
	}
	return own(h)
}

// Empty has undefined elements.
func Empty(shape []int64, opts ...Option) *Tensor {
	dtype, device := gather(opts)
	h, err := cgo.Empty(shape, dtype, device)
	return made("empty", shape, h, err)
}

// Zeros is filled with 0.
func Zeros(shape []int64, opts ...Option) *Tensor { return Full(shape, 0, opts...) }

// Ones is filled with 1.
func Ones(shape []int64, opts ...Option) *Tensor { return Full(shape, 1, opts...) }

// Full is filled with value.
func Full(shape []int64, value float64, opts ...Option) *Tensor {
	dtype, device := gather(opts)
	h, err := cgo.Full(shape, value, dtype, device)
	return made("full", shape, h, err)
}

// Scalar has no dimension.
func Scalar(value float64, opts ...Option) *Tensor { return Full(nil, value, opts...) }

// Arange is 0, 1, …, n-1 as int64 unless As says otherwise.
func Arange(n int64, opts ...Option) *Tensor {
	dtype, device := gather(append([]Option{As(Int64)}, opts...))
	h, err := cgo.Arange(n, dtype, device)
	return made("arange", []int64{n}, h, err)
}

// FromBytes copies little-endian elements in C order.
func FromBytes(data []byte, dtype DType, shape []int64, opts ...Option) *Tensor {
	_, device := gather(opts)
	h, err := cgo.FromBytes(shape, int64(dtype), device, data)
	return made("from bytes", shape, h, err)
}

// FromFloat32s copies v, in C order.
func FromFloat32s(v []float32, shape []int64, opts ...Option) *Tensor {
	return FromBytes(asBytes(v), Float32, shape, opts...)
}

// FromFloat64s copies v, in C order.
func FromFloat64s(v []float64, shape []int64, opts ...Option) *Tensor {
	return FromBytes(asBytes(v), Float64, shape, opts...)
}

// FromInt64s copies v, in C order.
func FromInt64s(v []int64, shape []int64, opts ...Option) *Tensor {
	return FromBytes(asBytes(v), Int64, shape, opts...)
}
