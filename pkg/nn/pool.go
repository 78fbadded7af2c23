package nn

import "github.com/gotrainer/trainer/pkg/torch"

// MaxPool2d is torch.nn.MaxPool2d with square windows: [B, C, H, W] to [B, C, H', W'],
// H' = (H + 2·padding - kernel)/stride + 1.
func MaxPool2d(kernel, stride, padding int64) Func {
	return func(x *torch.Tensor) *torch.Tensor { return x.MaxPool2d(pair(kernel), pair(stride), pair(padding)) }
}

// AvgPool2d is torch.nn.AvgPool2d with square windows, whose padding counts as zeros.
func AvgPool2d(kernel, stride, padding int64) Func {
	return func(x *torch.Tensor) *torch.Tensor { return x.AvgPool2d(pair(kernel), pair(stride), pair(padding)) }
}

// AdaptiveAvgPool2d averages over windows that make [B, C, height, width].
func AdaptiveAvgPool2d(height, width int64) Func {
	return func(x *torch.Tensor) *torch.Tensor { return x.AdaptiveAvgPool2d([]int64{height, width}) }
}

// Upsample is torch.nn.Upsample with mode nearest: [B, C, H, W] to [B, C, scale·H, scale·W].
func Upsample(scale int64) Func {
	return func(x *torch.Tensor) *torch.Tensor {
		return x.UpsampleNearest2d([]int64{scale * x.Size(2), scale * x.Size(3)})
	}
}
