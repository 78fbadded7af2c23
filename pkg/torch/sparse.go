package torch

import "github.com/gotrainer/trainer/cgo"

// SparseKernels is what SparseEncode, SparseDecode and the ops beside them run on.
type SparseKernels int64

// The choices; anything but OwnKernels is for comparing with.
const (
	PlainKernels SparseKernels = 0 // ATen's ops, on any device
	OwnKernels   SparseKernels = 1 // the device's own kernels
	TextKernels  SparseKernels = 2 // on the CPU in float32 the text of the CUDA kernels, else as OwnKernels
)

// WithSparseKernels runs fn, in which the sparse ops run on k.
func WithSparseKernels(k SparseKernels, fn func()) {
	before, err := cgo.SparseKernels(int64(k))
	must("sparse_kernels", before, err)
	defer func() {
		_, err := cgo.SparseKernels(before)
		must("sparse_kernels", 0, err)
	}()
	fn()
}

// CompileKernels compiles the CUDA kernels for an architecture, as 90 for sm_90, and keeps
// the result where a run finds it. It needs a build with CUDA, but no GPU.
func CompileKernels(architecture int) error {
	_, err := cgo.CompileKernels(int64(architecture))
	return err
}
