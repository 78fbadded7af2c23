package torch_test

import (
	"context"
	"slices"
	"testing"

	"github.com/gotrainer/trainer/pkg/internal/torchtest"
	"github.com/gotrainer/trainer/pkg/torch"
)

// layer answers y of y = max(x·wᵀ + b, 0) and the gradients of x, w and b, in dtype.
func layer(batch, in, out int64, transposed bool, dtype torch.DType) (results []*torch.Tensor) {
	x, b := torchtest.Wave(batch, in, 0, 1).To(dtype).Clone(), torchtest.Wave(1, out, 2, 1).Squeeze(0).To(dtype).Clone()
	w := torchtest.Wave(out, in, 1, 1).To(dtype).Clone()
	if transposed {
		w = w.Transpose(0, 1).Contiguous().Transpose(0, 1)
	}
	leaves := []*torch.Tensor{x, w, b}
	for _, leaf := range leaves {
		leaf.SetRequiresGrad(true)
	}
	y := x.LinearReLU(w, b)
	y.Mul(torchtest.Wave(batch, out, 3, 1).To(dtype)).Sum().Backward()
	results = append(results, y.Detach())
	for _, leaf := range leaves {
		results = append(results, leaf.Grad())
	}
	return results
}

// The kernels for small batches work on blocks of 2 and 8 rows and 16 and 48 columns:
// sizes below, at, and beyond each.
func TestProductsOfSmallBatches(t *testing.T) {
	torchtest.Run(t, func() error {
		for _, batch := range []int64{1, 2, 7, 8, 17, 64, 65} {
			for _, size := range [][2]int64{{1, 1}, {5, 9}, {16, 8}, {20, 400}, {47, 50}, {100, 97}, {400, 20}} {
				for _, transposed := range []bool{false, true} {
					torch.Scoped(func() {
						got := layer(batch, size[0], size[1], transposed, torch.Float32)
						want := layer(batch, size[0], size[1], transposed, torch.Float64)
						for i, what := range []string{"y", "the gradient of x", "of the weight", "of the bias"} {
							if gap := torchtest.Gap(got[i].Float64s(), want[i].Float64s()); !(gap <= 3e-6) {
								t.Errorf("batch %d, %v, transposed %v: %s differs by %.2g of its largest value", batch, size, transposed, what, gap)
							}
						}
					})
				}
			}
		}
		return nil
	})
}

// Threads divide the work, not the sums.
func TestThreadsDoNotChangeProducts(t *testing.T) {
	var results [][]float32
	for _, threads := range []int{1, 2, 3} {
		torchtest.Start(t).Close() // skips where there is no libtorch
		e, err := torch.Start(torch.Options{Threads: threads})
		if err != nil {
			t.Fatal(err)
		}
		err = e.Do(context.Background(), func() error {
			var all []float32
			for _, y := range layer(33, 500, 700, false, torch.Float32) {
				all = append(all, y.Float32s()...)
			}
			results = append(results, all)
			return nil
		})
		e.Close()
		if err != nil {
			t.Fatal(err)
		}
	}
	for i, r := range results[1:] {
		if !slices.Equal(r, results[0]) {
			t.Errorf("%d threads give other numbers than one", i+2)
		}
	}
}
