// Package nn has layers with PyTorch's defaults, their initialisation, and the walk
// that names parameters as torch.nn does.
//
// A module is a struct whose tensor fields and sub-modules carry a tag:
//
//	type Block struct {
//		In   *Linear       `torch:"in"`
//		Seen *torch.Tensor `torch:"seen,buffer"`
//	}
//
// Walk lists its tensors in field order, joined by dots: "in.weight", "in.bias",
// "seen". A buffer is part of the state dict but not trained; a field tagged
// `torch:"x,state"` is neither: it is training state that a checkpoint keeps apart.
package nn
