package torch_test

import (
	"bytes"
	"math"
	"testing"

	"github.com/gotrainer/trainer/pkg/internal/torchtest"
	"github.com/gotrainer/trainer/pkg/torch"
)

// torch.autocast computes products from casts of its operands, keeps float32 where sums
// need it, and gives gradients in the dtype of the weights.
func TestAutocastIsPyTorchs(t *testing.T) {
	torchtest.Run(t, func() error {
		x, w := torchtest.Wave(4, 6, 0, 1).To(torch.Float32), torchtest.Wave(3, 6, 7, 1).To(torch.Float32)
		w.SetRequiresGrad(true)
		want := x.To(torch.BFloat16).Linear(w.To(torch.BFloat16), nil)
		torch.Autocast(torch.CPU, torch.BFloat16, func() {
			y := x.Linear(w, nil)
			if y.DType() != torch.BFloat16 || !bytes.Equal(y.Raw(), want.Raw()) {
				t.Errorf("linear gives %v %v, want %v", y.DType(), y.Float32s(), want.Float32s())
			}
			if d := y.Sub(x.Narrow(1, 0, 3)).DType(); d != torch.Float32 {
				t.Errorf("bfloat16 - float32 is %v", d)
			}
			y.To(torch.Float32).Square().Sum().Backward()
		})
		if g := w.Grad(); g == nil || g.DType() != torch.Float32 {
			t.Error("the gradient of a float32 weight is not float32")
		}
		if d := x.Linear(w, nil).DType(); d != torch.Float32 {
			t.Errorf("after it, linear gives %v", d)
		}
		return nil
	})
}

// A weight that changed between two uses is cast anew.
func TestAutocastKeepsNoOldWeights(t *testing.T) {
	torchtest.Run(t, func() error {
		x, w := torch.Ones([]int64{1, 2}), torch.Ones([]int64{1, 2})
		w.SetRequiresGrad(true)
		for step := 1.0; step <= 3; step++ {
			torch.NoGrad(func() { w.Fill_(step) })
			torch.Autocast(torch.CPU, torch.BFloat16, func() {
				if got := x.Linear(w, nil).Item(); got != 2*step {
					t.Errorf("weight %v gives %v", step, got)
				}
			})
		}
		return nil
	})
}

func TestAutocastEndsWithAPanic(t *testing.T) {
	torchtest.Run(t, func() error {
		x := torch.Ones([]int64{2, 2})
		err := torch.Try(func() {
			torch.Autocast(torch.CPU, torch.BFloat16, func() { x.MatMul(torch.Ones([]int64{3, 3})) })
		})
		if err == nil || x.MatMul(x).DType() != torch.Float32 {
			t.Errorf("err %v, then products of %v", err, x.MatMul(x).DType())
		}
		return nil
	})
}

// torch.amp.GradScaler: 65536 at first, halved by an overflow, doubled after 2000 steps
// in a row without one.
func TestTheLossScaleIsGradScalers(t *testing.T) {
	torchtest.Run(t, func() error {
		scope := torch.NewScope("loss scale")
		defer scope.Close()
		s := torch.NewLossScale(torch.CPU, scope)
		scale, tracker := 65536.0, 0
		for step := range 4300 {
			found := 0.0
			if step < 3 || step == 2100 {
				found = 1
			}
			torch.Scoped(func() { s.Update(torch.Scalar(found)) })
			if tracker++; found == 1 {
				scale, tracker = scale/2, 0
			} else if tracker == 2000 {
				scale, tracker = scale*2, 0
			}
			if s.Scale.Item() != scale || int(s.GrowthTracker.Item()) != tracker {
				t.Fatalf("after step %d the scale is %v (%v), want %v (%d)", step, s.Scale.Item(), s.GrowthTracker.Item(), scale, tracker)
			}
		}
		if scale != 65536/8*2/2*2 {
			t.Errorf("the steps of this test lead to %v", scale)
		}
		return nil
	})
}

func TestUnscalingFindsWhatIsNotFinite(t *testing.T) {
	torchtest.Run(t, func() error {
		scope := torch.NewScope("loss scale")
		defer scope.Close()
		s := torch.NewLossScale(torch.CPU, scope)
		a, b := torch.Ones([]int64{3}), torch.Ones([]int64{2})
		params := []*torch.Tensor{a, b, torch.Ones([]int64{1})}
		for _, factor := range []float64{3, math.Inf(1), math.NaN()} {
			torch.ZeroGrads(params)
			for _, p := range params[:2] {
				p.SetRequiresGrad(true)
			}
			a.Sum().MulScalar(2).Add(b.Sum().MulScalar(factor)).Mul(s.Scale).Backward()
			found := s.Unscale(params).Item()
			if want := factor != 3; (found == 1) != want {
				t.Errorf("factor %v: found %v", factor, found)
			}
			torchtest.Near(t, "gradient", a.Grad(), 0, 2, 2, 2)
		}
		return nil
	})
}
