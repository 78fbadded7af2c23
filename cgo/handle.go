package cgo

import "unsafe"

// Tensor is a handle to an at::Tensor that the receiver owns and frees; nil is none.
type Tensor = unsafe.Pointer

// Generator is a handle to an at::Generator; nil is the default generator.
type Generator = unsafe.Pointer

// Handle is a graph, a lane, a script or a guard, freed by FreeHandle.
type Handle = unsafe.Pointer

// Kind says what sort of error libtorch reported.
type Kind int

// The kinds, as in shim.h.
const (
	KindOther Kind = iota
	KindShape
	KindDevice
	KindMemory
	KindDType
)

// Error is a C++ exception that was caught at the border, without its backtrace.
type Error struct {
	Kind    Kind
	Message string
}

func (e *Error) Error() string { return e.Message }

// Driver is what the NVIDIA driver of this machine answered.
type Driver struct {
	Found   bool   // libcuda.so.1 is there
	Version int    // the newest CUDA that it supports: 13020 is 13.2
	Status  int    // CUresult of the first call that failed; 0 where all went well
	Devices int    // visible ones
	Message string // what went wrong, in the loader's or the driver's words
}
