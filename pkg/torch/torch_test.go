package torch_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gotrainer/trainer/pkg/internal/torchtest"
	"github.com/gotrainer/trainer/pkg/torch"
)

func TestProductAndGradient(t *testing.T) {
	torchtest.Run(t, func() error {
		x := torch.FromFloat32s([]float32{1, 2, 3, 4}, []int64{2, 2})
		w := torch.FromFloat32s([]float32{1, -1}, []int64{2, 1})
		w.SetRequiresGrad(true)
		y := x.MatMul(w).Square().Sum()
		y.Backward()
		if got := y.Item(); got != 2 {
			t.Errorf("loss = %v, want 2", got)
		}
		if g := w.Grad().Float32s(); g[0] != -8 || g[1] != -12 {
			t.Errorf("gradient = %v, want [-8 -12]", g)
		}
		return nil
	})
}

func TestShapeErrorIsOneSentenceWithLayerAndShapes(t *testing.T) {
	e := torchtest.Start(t)
	defer e.Close()
	err := e.Do(t.Context(), func() error {
		x, w := torch.Zeros([]int64{128, 64}), torch.Zeros([]int64{32, 256})
		torch.In("encoder.0", func() *torch.Tensor { return x.Linear(w, nil) })
		return nil
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"encoder.0: linear: shape mismatch, input [128 64], weight [32 256]"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q lacks %q", err, want)
		}
	}
	if strings.ContainsAny(err.Error(), "\n") || strings.Contains(err.Error(), "frame #") {
		t.Errorf("not one sentence: %q", err)
	}
}

func TestOutOfMemoryIsAnError(t *testing.T) {
	e := torchtest.Start(t)
	defer e.Close()
	for n, why := range map[int64]string{1 << 50: "4503599627370496 bytes were asked for", 1 << 62: "more bytes than can be counted were asked for"} {
		err := e.Do(t.Context(), func() error {
			torch.Empty([]int64{n})
			return nil
		})
		want := fmt.Sprintf("empty: out of memory, output [%d] (%s); a smaller model or batch_size needs less", n, why)
		if err == nil || err.Error() != want {
			t.Errorf("found %v\nwant  %s", err, want)
		}
	}
}

func TestWrongDeviceIsAnError(t *testing.T) {
	e := torchtest.Start(t)
	defer e.Close()
	if n, err := e.CUDADevices(); err != nil || n > 0 {
		t.Skipf("needs a machine without a GPU (%d devices, %v)", n, err)
	}
	err := e.Do(t.Context(), func() error {
		torch.Zeros([]int64{2}).On(torch.CUDA(0))
		return nil
	})
	if err == nil || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "wrong device") {
		t.Errorf("err = %q", err)
	}
}

func TestScopesFreeWhatIsNotReturned(t *testing.T) {
	torchtest.Run(t, func() error {
		var lost *torch.Tensor
		kept := torch.Keep(func() *torch.Tensor {
			lost = torch.Ones([]int64{3})
			return lost.MulScalar(2)
		})
		if got := kept.Sum().Item(); got != 6 {
			t.Errorf("kept sums to %v, want 6", got)
		}
		defer func() {
			if p := recover(); p == nil || !strings.Contains(p.(string), "used after its scope ended") {
				t.Errorf("panic = %v", p)
			}
		}()
		lost.Sum()
		return nil
	})
}

func TestScopesFreeOnPanic(t *testing.T) {
	e := torchtest.Start(t)
	defer e.Close()
	var leaked *torch.Tensor
	err := e.Do(t.Context(), func() error {
		return torch.Try(func() {
			torch.Scoped(func() {
				leaked = torch.Ones([]int64{2, 3})
				leaked.MatMul(leaked)
			})
		})
	})
	if err == nil {
		t.Fatal("no error")
	}
	defer func() {
		if recover() == nil {
			t.Error("the tensor outlived its scope")
		}
	}()
	leaked.Shape()
}

func TestHeldScopesOwnUntilClosed(t *testing.T) {
	torchtest.Run(t, func() error {
		s := torch.NewScope("param")
		var w *torch.Tensor
		torch.Scoped(func() {
			w = torch.Ones([]int64{4})
			s.Attach(w)
		})
		if got := torch.Live()["param"]; got.Handles != 1 || got.Bytes != 16 {
			t.Errorf("live = %+v, want 1 handle of 16 bytes", got)
		}
		if w.Sum().Item() != 4 {
			t.Error("content lost")
		}
		s.Close()
		s.Close()
		return nil
	})
}

func TestRNGStateGoesOnWhereItWas(t *testing.T) {
	torchtest.Run(t, func() error {
		torch.Seed(7)
		torch.Randn([]int64{5}, nil)
		state := torch.RNGState(torch.CPU)
		if len(state) != 5056 {
			t.Fatalf("state has %d bytes, want 5056", len(state))
		}
		first := torch.Randn([]int64{33}, nil).Float32s()
		torch.SetRNGState(torch.CPU, state)
		second := torch.Randn([]int64{33}, nil).Float32s()
		for i := range first {
			if first[i] != second[i] {
				t.Fatalf("number %d differs: %v, %v", i, first[i], second[i])
			}
		}
		return nil
	})
}

func TestGeneratorsLeaveTheDefaultAlone(t *testing.T) {
	torchtest.Run(t, func() error {
		torch.Seed(1)
		want := torch.Randn([]int64{4}, nil).Float32s()
		torch.Seed(1)
		g := torch.NewGenerator(9, torch.CPU)
		defer g.Close()
		torch.Randn([]int64{100}, g)
		got := torch.Randn([]int64{4}, nil).Float32s()
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("default stream moved: %v, want %v", got, want)
			}
		}
		return nil
	})
}

func TestNonFiniteLossSkipsTheUpdate(t *testing.T) {
	torchtest.Run(t, func() error {
		w := torch.Ones([]int64{3})
		w.SetRequiresGrad(true)
		adam := torch.Adam{Params: []*torch.Tensor{w}, M: []*torch.Tensor{torch.Zeros([]int64{3})},
			V: []*torch.Tensor{torch.Zeros([]int64{3})}, Step: torch.Scalar(0), LR: torch.Scalar(0.1, torch.As(torch.Float64)), Beta1: 0.9, Beta2: 0.999, Eps: 1e-8}
		loss := w.Sum().MulScalar(1e38).MulScalar(1e38)
		loss.Backward()
		adam.Update(loss.NonFinite())
		if w.Sum().Item() != 3 || adam.Step.Item() != 0 {
			t.Errorf("weights %v, step %v after a skipped update", w.Float32s(), adam.Step.Item())
		}
		return nil
	})
}

func TestOtherPanicsReachTheCallerWithTheirStack(t *testing.T) {
	e := torchtest.Start(t)
	defer e.Close()
	defer func() {
		p, _ := recover().(string)
		if !strings.Contains(p, "boom") || !strings.Contains(p, "torch_test.go") {
			t.Errorf("panic = %q", p)
		}
	}()
	_ = e.Do(t.Context(), func() error { panic("boom") })
}
