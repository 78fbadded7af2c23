package nn

import "github.com/gotrainer/trainer/pkg/torch"

// BatchNorm normalises each channel over the batch: [B, C] for BatchNorm1d and
// [B, C, H, W] for BatchNorm2d, with eps 1e-5 and momentum 0.1 (Ioffe and Szegedy
// 2015, arXiv 1502.03167).
type BatchNorm struct {
	Weight      *torch.Tensor `torch:"weight"`                     // [C]
	Bias        *torch.Tensor `torch:"bias"`                       // [C]
	RunningMean *torch.Tensor `torch:"running_mean,buffer"`        // [C]
	RunningVar  *torch.Tensor `torch:"running_var,buffer"`         // [C]
	Batches     *torch.Tensor `torch:"num_batches_tracked,buffer"` // int64
	dims        int
}

// NewBatchNorm1d is for [B, C] or [B, C, L].
func NewBatchNorm1d(channels int64, o Options) *BatchNorm { return newBatchNorm(channels, 2, o) }

// NewBatchNorm2d is for [B, C, H, W].
func NewBatchNorm2d(channels int64, o Options) *BatchNorm { return newBatchNorm(channels, 4, o) }

func newBatchNorm(channels int64, dims int, o Options) *BatchNorm {
	shape := []int64{channels}
	return &BatchNorm{
		Weight: o.Param(shape, ones), Bias: o.Param(shape, zeros),
		RunningMean: o.Buffer(shape, o.DType, zeros), RunningVar: o.Buffer(shape, o.DType, ones),
		Batches: o.Buffer(nil, torch.Int64, zeros), dims: dims,
	}
}

// Forward normalises with the batch's statistics in training and with the running
// ones otherwise. Training needs more than one value a channel.
func (l *BatchNorm) Forward(x *torch.Tensor, training bool) *torch.Tensor {
	if training {
		shape := x.Shape()
		per := int64(1)
		for d, s := range shape {
			if d != 1 {
				per *= s
			}
		}
		torch.Check(per > 1, "batch_norm", "training needs more than one value a channel, the batch has shape %v; use a batch_size that leaves no rest of one sample, or drop_last", shape)
		l.Batches.AddScalar_(1)
	}
	return x.BatchNorm(l.Weight, l.Bias, l.RunningMean, l.RunningVar, training, 0.1, 1e-5)
}

// LayerNorm normalises over the last dimensions, with eps 1e-5 (Ba et al. 2016,
// arXiv 1607.06450).
type LayerNorm struct {
	Weight *torch.Tensor `torch:"weight"` // shape
	Bias   *torch.Tensor `torch:"bias"`   // shape
	shape  []int64
}

// NewLayerNorm normalises over dimensions of the given sizes.
func NewLayerNorm(shape []int64, o Options) *LayerNorm {
	return &LayerNorm{o.Param(shape, ones), o.Param(shape, zeros), shape}
}

// Forward computes the layer.
func (l *LayerNorm) Forward(x *torch.Tensor, _ bool) *torch.Tensor {
	return x.LayerNorm(l.shape, l.Weight, l.Bias, 1e-5)
}

// GroupNorm normalises [B, C, …] over groups of channels and their positions, with eps
// 1e-5 (Wu and He 2018, arXiv 1803.08494).
type GroupNorm struct {
	Weight *torch.Tensor `torch:"weight"` // [C]
	Bias   *torch.Tensor `torch:"bias"`   // [C]
	groups int64
}

// NewGroupNorm makes groups of channels/groups channels each.
func NewGroupNorm(groups, channels int64, o Options) *GroupNorm {
	return &GroupNorm{o.Param([]int64{channels}, ones), o.Param([]int64{channels}, zeros), groups}
}

// Forward computes the layer.
func (l *GroupNorm) Forward(x *torch.Tensor, _ bool) *torch.Tensor {
	return x.GroupNorm(l.groups, l.Weight, l.Bias, 1e-5)
}
