package torch_test

import (
	"context"
	"testing"

	"github.com/gotrainer/trainer/pkg/internal/torchtest"
	"github.com/gotrainer/trainer/pkg/torch"
)

// BenchmarkOp is one op on single numbers: what a call costs beside its arithmetic, with
// the handle that is made and freed.
func BenchmarkOp(b *testing.B) {
	x, y := float32(1), float32(2)
	for _, c := range []struct {
		name string
		op   func(x, y *torch.Tensor)
	}{
		{"add", func(x, y *torch.Tensor) { x.Add(y) }},
		{"add_", func(x, y *torch.Tensor) { x.Add_(y) }},
		{"matmul", func(x, y *torch.Tensor) { x.MatMul(y) }},
		{"shape", func(x, _ *torch.Tensor) { x.Shape() }},
		{"item", func(x, _ *torch.Tensor) { x.Item() }},
	} {
		b.Run(c.name, func(b *testing.B) {
			measured(b, func() {
				x := torch.FromFloat32s([]float32{x}, []int64{1, 1})
				y := torch.FromFloat32s([]float32{y}, []int64{1, 1})
				for b.Loop() {
					torch.Scoped(func() { c.op(x, y) })
				}
			})
		})
	}
}

// BenchmarkBackward is the recording and the backward pass of three ops on single numbers.
func BenchmarkBackward(b *testing.B) {
	measured(b, func() {
		x := torch.FromFloat32s([]float32{1}, []int64{1})
		x.SetRequiresGrad(true)
		for b.Loop() {
			torch.Scoped(func() {
				torch.ZeroGrads([]*torch.Tensor{x})
				x.Square().Add(x).Sum().Backward()
			})
		}
	})
}

// BenchmarkDo is the way to the engine's thread and back.
func BenchmarkDo(b *testing.B) {
	e := torchtest.Start(b)
	defer e.Close()
	b.ReportAllocs()
	for b.Loop() {
		if err := e.Do(context.Background(), func() error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}

// measured runs fn as tensor work on one thread.
func measured(b *testing.B, fn func()) {
	e := torchtest.Start(b)
	defer e.Close()
	b.ReportAllocs()
	if err := e.Do(context.Background(), func() error { fn(); return nil }); err != nil {
		b.Fatal(err)
	}
}
