// Package cgo is the raw binding to libtorch: one Go function per line of the op
// table, opaque handles, errors as return values. It has no policy: lifetimes,
// devices and panics are package torch's business, and no other package imports "C".
//
// libtorch is loaded late: the program links libc alone, and Load opens the C++
// shim (lib/libtrainer_cpu.so or lib/libtrainer_cuda.so) with dlopen.
package cgo

//go:generate go run ./gen
