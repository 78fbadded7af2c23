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
