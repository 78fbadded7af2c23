package cgo

import "unsafe"

// Tensor is a handle to an at::Tensor that the receiver owns and frees; nil is none.
type Tensor = unsafe.Pointer

// Generator is a handle to an at::Generator; nil is the default generator.
type Generator = unsafe.Pointer

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
