package torch

import "github.com/gotrainer/trainer/cgo"

// WithoutSparseKernels runs fn with the plain ATen form of SparseEncode, SparseDecode
// and what belongs to them: what their own kernels are compared with.
func WithoutSparseKernels(fn func()) {
	before, err := cgo.SparseKernels(false)
	must("sparse_kernels", before, err)
	defer func() {
		_, err := cgo.SparseKernels(before == 1)
		must("sparse_kernels", 0, err)
	}()
	fn()
}
