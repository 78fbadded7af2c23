// Package torch is the tensor library: tensors with owners, one engine thread,
// autograd switches, random numbers and typed errors, over libtorch.
//
// Its contract:
//
//   - All tensor work runs inside Engine.Do, on one goroutine that is locked to one
//     OS thread. libtorch's thread-local state has its home there.
//   - Every tensor belongs to exactly one scope. A function scope (Scoped, Keep, and
//     each Do) frees what was made in it when the function returns, also on panic;
//     a tensor leaves only by being returned from Keep. A held scope (NewScope)
//     owns what is attached to it until it is closed: parameters, optimizer state,
//     resident data. Nothing is freed by a finalizer. Handles may be freed before
//     Backward: autograd keeps what it needs.
//   - Maths panics with *Error; Engine.Do turns exactly that into an error.
//     Everything else returns errors.
//
// Names are PyTorch's: x.MatMul(w), torch.Zeros, t.Backward().
package torch
