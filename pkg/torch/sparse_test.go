package torch_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gotrainer/trainer/pkg/internal/torchtest"
	"github.com/gotrainer/trainer/pkg/torch"
)

// sparseCase is a batch of x [B, n] for m latents, of which k and kAux are chosen; edit
// changes x and the biases before.
type sparseCase struct {
	name             string
	B, n, m, k, kAux int64
	edit             func(x, bEnc *torch.Tensor)
	strided          bool
	codesOnly        bool // dense products spread NaN over what the sparse ones do not touch
}

var sparseCases = []sparseCase{
	{name: "usual", B: 37, n: 20, m: 300, k: 5},
	{name: "wide", B: 5, n: 389, m: 2100, k: 32},
	{name: "with the dead", B: 19, n: 24, m: 130, k: 4, kAux: 7},
	{name: "all latents", B: 6, n: 8, m: 17, k: 17},
	{name: "one latent", B: 6, n: 8, m: 64, k: 1},
	{name: "one sample", B: 1, n: 33, m: 70, k: 3, kAux: 2},
	{name: "not contiguous", B: 9, n: 12, m: 40, k: 4, strided: true},
	{name: "all negative", B: 4, n: 8, m: 30, k: 3, kAux: 2, edit: func(_, bEnc *torch.Tensor) { bEnc.Fill_(-1e6) }},
	{name: "few positive", B: 4, n: 8, m: 200, k: 30, edit: func(_, bEnc *torch.Tensor) { bEnc.Narrow(0, 9, 180).Fill_(-1e6) }},
	{name: "all equal", B: 3, n: 8, m: 150, k: 9, edit: func(x, bEnc *torch.Tensor) { x.Fill_(0); bEnc.Fill_(2) }},
	{name: "equal in groups", B: 3, n: 8, m: 90, k: 8, edit: func(x, bEnc *torch.Tensor) {
		x.Fill_(0)
		bEnc.Fill_(1)
		bEnc.Narrow(0, 40, 5).Fill_(3)
	}},
	{name: "not a number", B: 4, n: 8, m: 100, k: 6, codesOnly: true, edit: func(x, bEnc *torch.Tensor) {
		x.Narrow(0, 1, 1).Fill_(math.NaN())
		bEnc.Narrow(0, 50, 2).Fill_(math.Inf(1))
	}},
}

// sparseRun is what a case computes: codes, reconstructions, gradients, counters.
func (c sparseCase) run(d torch.Device, dtype torch.DType) (names []string, values []*torch.Tensor) {
	keep := func(name string, t *torch.Tensor) { names, values = append(names, name), append(values, t.Detach()) }
	wave := func(rows, cols int64, phase float64) *torch.Tensor {
		return torchtest.Wave(rows, cols, phase, 1).Mul(torchtest.Wave(rows, cols, 3*phase+1, 1.7)).To(dtype).On(d)
	}
	x, wEnc, wDec := wave(c.B, c.n, 0.2), wave(c.n, c.m, 0.5), wave(c.m, c.n, 0.9)
	bEnc, bDec := wave(1, c.m, 1.3).Flatten(0, 1).Clone(), wave(1, c.n, 1.9).Flatten(0, 1).Clone()
	if c.strided {
		x = x.Transpose(0, 1).Contiguous().Transpose(0, 1)
	}
	if c.edit != nil {
		c.edit(x, bEnc)
	}
	var dead *torch.Tensor
	if c.kAux > 0 {
		dead = wave(1, c.m, 2.2).Flatten(0, 1).Gt(0.3)
	}
	leaves := []*torch.Tensor{x, bDec, wEnc, bEnc, wDec}
	for _, l := range leaves {
		l.SetRequiresGrad(true)
	}
	codes, latents := x.SparseEncode(bDec, wEnc, bEnc, c.k, dead, c.kAux)
	first := codes.Narrow(1, 0, c.k)
	loss := first.SparseDecode(latents.Narrow(1, 0, c.k), wDec, bDec).Sub(x).Square().Sum()
	if c.kAux > 0 {
		loss = loss.Add(codes.Narrow(1, c.k, c.kAux).SparseDecode(latents.Narrow(1, c.k, c.kAux), wDec, nil).Square().Sum())
	}
	loss.Backward()
	keep("codes", codes)
	keep("latents", latents)
	keep("loss", loss)
	for i, l := range leaves {
		keep("gradient of "+[]string{"x", "b_dec", "W_enc", "b_enc", "W_dec"}[i], l.Grad())
	}
	torch.NoGrad(func() {
		silent := torch.Full([]int64{c.m}, 5, torch.As(torch.Int64), torch.On(d))
		silent.CountSilent_(first, latents.Narrow(1, 0, c.k))
		keep("silent", silent)
		g := wDec.Grad().Clone()
		g.ProjectRows_(wDec)
		keep("projected", g)
		unit := wDec.Clone()
		unit.Narrow(0, 1, 1).Fill_(0)
		unit.UnitRows_(1e-7)
		keep("unit rows", unit)
	})
	return names, values
}

func checkSparse(t *testing.T, k torch.SparseKernels, d torch.Device, dtype torch.DType, tolerance float64) {
	for _, c := range sparseCases {
		t.Run(fmt.Sprint(c.name, " ", dtype), func(t *testing.T) {
			torchtest.Run(t, func() error {
				var names []string
				var got, again []*torch.Tensor
				torch.WithSparseKernels(k, func() {
					names, got = c.run(d, dtype)
					_, again = c.run(d, dtype)
				})
				torch.WithSparseKernels(torch.PlainKernels, func() {
					_, want := c.run(d, dtype)
					for i, name := range names {
						if c.codesOnly && i > 2 {
							break
						}
						torchtest.SameBits(t, name+" again", again[i], got[i])
						if gap := gapWithNaN(got[i].Float64s(), want[i].Float64s()); !(gap <= tolerance) || name == "latents" && gap != 0 {
							t.Errorf("%s differs by %.2g of its largest value", name, gap)
						}
					}
				})
				return nil
			})
		})
	}
}

// gapWithNaN is the gap of what is finite; what is not must be so on both sides.
func gapWithNaN(got, want []float64) float64 {
	var a, b []float64
	for i := range want {
		switch finite := !math.IsNaN(want[i] - want[i]); {
		case finite != !math.IsNaN(got[i]-got[i]):
			return math.Inf(1)
		case finite:
			a, b = append(a, got[i]), append(b, want[i])
		}
	}
	if len(a) == 0 {
		return 0
	}
	return torchtest.Gap(a, b)
}

func TestSparseOpsEqualPlainOnes(t *testing.T) {
	checkSparse(t, torch.OwnKernels, torch.CPU, torch.Float64, 1e-12)
	checkSparse(t, torch.OwnKernels, torch.CPU, torch.Float32, 2e-5)
}

// The kernels of the GPU, as far as a machine without one can run them.
func TestTextOfTheCUDAKernelsEqualsPlainOps(t *testing.T) {
	checkSparse(t, torch.TextKernels, torch.CPU, torch.Float32, 2e-5)
}

func TestSparseResultsDoNotDependOnThreads(t *testing.T) {
	var want []byte
	for threads := range 4 {
		e, err := torch.Start(torch.Options{Threads: threads + 1})
		if err != nil {
			t.Skip(err)
		}
		err = e.Do(t.Context(), func() error {
			const B, k, n, m = 300, 6, 40, 500
			latents := make([]int64, B*k)
			for i := range latents {
				latents[i] = int64(i*i*7+i) % m
			}
			codes, w := torchtest.Wave(B, k, 0.1, 1).To(torch.Float32), torchtest.Wave(m, n, 0.4, 1).To(torch.Float32)
			codes.SetRequiresGrad(true)
			w.SetRequiresGrad(true)
			y := codes.SparseDecode(torch.FromInt64s(latents, []int64{B, k}), w, nil)
			y.Square().Mul(torchtest.Wave(B, n, 0.7, 1).To(torch.Float32)).Sum().Backward()
			got := slices.Concat(y.Detach().Raw(), codes.Grad().Raw(), w.Grad().Raw())
			if want == nil {
				want = got
			}
			if !slices.Equal(got, want) {
				t.Errorf("%d threads give other bits than one", threads+1)
			}
			return nil
		})
		e.Close()
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestTopKOfMoreThanThereAreFails(t *testing.T) {
	e := torchtest.Start(t)
	defer e.Close()
	err := e.Do(t.Context(), func() error {
		c := sparseCase{B: 2, n: 3, m: 4, k: 5}
		c.run(torch.CPU, torch.Float32)
		return nil
	})
	if err == nil {
		t.Error("k = 5 of 4 latents was accepted")
	}
}

// NVRTC needs no GPU.
func TestCUDAKernelsCompileForEveryArchitecture(t *testing.T) {
	var failed error
	torchtest.Run(t, func() error {
		for _, architecture := range []int{80, 90, 100} {
			if err := torch.CompileKernels(architecture); err != nil {
				failed = fmt.Errorf("sm_%d: %w", architecture, err)
			}
		}
		return nil
	})
	switch {
	case failed != nil && strings.Contains(failed.Error(), "built without CUDA"):
		t.Skip(failed)
	case failed != nil:
		t.Error(failed)
	}
}
