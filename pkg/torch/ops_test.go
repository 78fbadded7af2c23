package torch_test

import (
	"math"
	"testing"

	"github.com/gotrainer/trainer/pkg/internal/torchtest"
	"github.com/gotrainer/trainer/pkg/torch"
)

func TestLogSigmoid(t *testing.T) {
	torchtest.Run(t, func() error {
		x := torch.FromFloat32s([]float32{0, 2}, []int64{2})
		x.SetRequiresGrad(true)
		y := x.LogSigmoid()
		y.Sum().Backward()
		for i, v := range []float64{0, 2} {
			if want := -math.Log1p(math.Exp(-v)); math.Abs(float64(y.Float32s()[i])-want) > 1e-6 {
				t.Errorf("log sigmoid of %v is %v, want %v", v, y.Float32s()[i], want)
			}
			if want := 1 / (1 + math.Exp(v)); math.Abs(float64(x.Grad().Float32s()[i])-want) > 1e-6 {
				t.Errorf("its gradient is %v, want %v", x.Grad().Float32s()[i], want)
			}
		}
		return nil
	})
}

func TestScalarsKeepTheDTypeOfIntegers(t *testing.T) {
	torchtest.Run(t, func() error {
		n := torch.Arange(3)
		n.AddScalar_(2)
		if got := n.MulScalar(3); got.DType() != torch.Int64 || got.Sum().Item() != 27 {
			t.Errorf("got %v of %v", got.Int64s(), got.DType())
		}
		if got := n.MulScalar(0.5); got.DType() != torch.Float32 {
			t.Errorf("half of an int64 is %v, want float32", got.DType())
		}
		return nil
	})
}

// Near rows are told apart inside autocast too, where a product in bfloat16 would not.
func TestNearestRows(t *testing.T) {
	torchtest.Run(t, func() error {
		b := torch.FromFloat32s([]float32{100, 1, 100.01, 1, -3, 2}, []int64{3, 2})
		a := torch.FromFloat32s([]float32{100.01, 1, -2, 2, 99, 1}, []int64{3, 2})
		check := func() {
			if got := a.NearestRows(b).Int64s(); got[0] != 1 || got[1] != 2 || got[2] != 0 {
				t.Errorf("nearest rows %v, want [1 2 0]", got)
			}
		}
		check()
		torch.Autocast(torch.CPU, torch.BFloat16, check)
		return nil
	})
}

func TestIndexAdd(t *testing.T) {
	torchtest.Run(t, func() error {
		src := torch.FromFloat32s([]float32{1, 2, 3, 4, 5, 6}, []int64{3, 2})
		src.SetRequiresGrad(true)
		sums := torch.Zeros([]int64{4, 2}).IndexAdd(0, torch.FromInt64s([]int64{2, 0, 2}, []int64{3}), src)
		torchtest.Near(t, "sums", sums, 0, 3, 4, 0, 0, 6, 8, 0, 0)
		sums.Mul(sums).Sum().Backward()
		torchtest.Near(t, "gradient", src.Grad(), 0, 12, 16, 6, 8, 12, 16)
		return nil
	})
}
