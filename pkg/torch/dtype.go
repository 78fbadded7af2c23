package torch

import (
	"fmt"
	"strconv"
	"strings"
)

// DType is an element type; its numbers are at::ScalarType's.
type DType int

// The element types that trainer uses.
const (
	Uint8    DType = 0
	Int8     DType = 1
	Int16    DType = 2
	Int32    DType = 3
	Int64    DType = 4
	Float16  DType = 5
	Float32  DType = 6
	Float64  DType = 7
	Bool     DType = 11
	BFloat16 DType = 15
)

// Size is the bytes of one element.
func (d DType) Size() int {
	switch d {
	case Uint8, Int8, Bool:
		return 1
	case Int16, Float16, BFloat16:
		return 2
	case Int32, Float32:
		return 4
	}
	return 8
}

var dtypeNames = map[DType]string{
	Uint8: "uint8", Int8: "int8", Int16: "int16", Int32: "int32", Int64: "int64",
	Float16: "float16", Float32: "float32", Float64: "float64", Bool: "bool", BFloat16: "bfloat16",
}

// String is PyTorch's name, without the "torch.".
func (d DType) String() string {
	if name, ok := dtypeNames[d]; ok {
		return name
	}
	return fmt.Sprintf("dtype(%d)", int(d))
}

// Device is where a tensor lives: a plain comparable value.
type Device int

// CPU is the host; CUDA(n) is the n-th visible GPU.
const CPU Device = -1

// CUDA is the n-th visible GPU.
func CUDA(n int) Device { return Device(n) }

// IsCUDA says whether d is a GPU.
func (d Device) IsCUDA() bool { return d >= 0 }

// String is "cpu" or "cuda:N".
func (d Device) String() string {
	if d.IsCUDA() {
		return "cuda:" + strconv.Itoa(int(d))
	}
	return "cpu"
}

// ParseDevice reads cpu, cuda or cuda:N.
func ParseDevice(s string) (Device, error) {
	switch {
	case s == "cpu":
		return CPU, nil
	case s == "cuda":
		return CUDA(0), nil
	case strings.HasPrefix(s, "cuda:"):
		if n, err := strconv.Atoi(s[5:]); err == nil && n >= 0 {
			return CUDA(n), nil
		}
	}
	return CPU, fmt.Errorf("device %q: expected cpu, cuda or cuda:N", s)
}

// ParseDType finds the type with the given name, e.g. "float32".
func ParseDType(name string) (DType, bool) {
	for d, n := range dtypeNames {
		if n == name {
			return d, true
		}
	}
	return 0, false
}
