package sae

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gotrainer/trainer/pkg/internal/torchtest"
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/torch"
)

func TestResamplingIsDueAFewTimes(t *testing.T) {
	s := &resampler{keys: Resampling{ResampleEverySteps: 10, ResampleTimes: 2}}
	var due []int64
	for step := range int64(50) {
		if s.RenewAt(step) {
			due = append(due, step)
		}
	}
	if !slices.Equal(due, []int64{10, 20}) {
		t.Errorf("due after %v steps", due)
	}
	s.keys.ResampleEverySteps = 0
	if s.RenewAt(0) || s.RenewAt(10) {
		t.Error("due although it is off")
	}
}

func TestTheLearningRateGrowsAgainAfterResampling(t *testing.T) {
	s := &resampler{keys: Resampling{ResampleEverySteps: 10, ResampleTimes: 2, ResampleWarmupSteps: 4}}
	for step, want := range map[int64]float64{0: 1, 9: 1, 10: 0.25, 11: 0.5, 12: 0.75, 13: 1, 19: 1, 20: 0.25, 24: 1, 30: 1} {
		if got := s.Pace(step); got != want {
			t.Errorf("step %d: %v of the rate, expected %v", step, got, want)
		}
	}
	s.keys.ResampleWarmupSteps = 0
	if got := s.Pace(10); got != 1 {
		t.Errorf("without a warm-up %v of the rate", got)
	}
}

// A warm-up needs something before it and, where another resampling follows, time.
func TestWhatAWarmUpAfterResamplingNeeds(t *testing.T) {
	for _, test := range []struct {
		keys Resampling
		want string
	}{
		{Resampling{ResampleTimes: 4, ResampleWarmupSteps: 5}, "resample_warmup_steps: it needs resample_every_steps"},
		{Resampling{ResampleTimes: 4, ResampleWarmupSteps: 11, ResampleEverySteps: 10}, "resample_warmup_steps: found 11, expected at most resample_every_steps, which is 10"},
		{Resampling{ResampleTimes: 4, ResampleWarmupSteps: 10, ResampleEverySteps: 10}, ""},
		{Resampling{ResampleTimes: 1, ResampleWarmupSteps: 11, ResampleEverySteps: 10}, ""},
	} {
		relu := ReLUL1Config{Revival: Revival{Resampling: test.keys}}
		falls := PAnnealConfig{ReLUL1Config: relu, AnnealEndStep: 20, AnnealUpdates: 2}
		compat := falls
		compat.Compat = dictionaryLearning
		for _, c := range []interface{ Validate() []string }{&relu, &falls, &compat, &GatedConfig{Resampling: test.keys}, &CrosscoderConfig{Revival: relu.Revival}} {
			if got := strings.Join(c.Validate(), "\n"); (got == "") != (test.want == "") || !strings.HasPrefix(got, test.want) {
				t.Errorf("%T: %q, expected %q", c, got, test.want)
			}
		}
	}
}

// All that makes the code of a gated latent begins anew.
func TestDeadGatesAreResampled(t *testing.T) {
	c := &GatedConfig{Config: basic(6, 1), L1Coefficient: 0.1, BDecInit: "zeros"}
	run(t, Gated(), c, 4, func(m model.Model, s *Core) {
		g := m.(*gated)
		torch.NoGrad(func() {
			for _, bias := range []*torch.Tensor{g.BGate, g.BMag, g.RMag} {
				bias.Fill_(0.5)
			}
			s.Silent.Write(torch.FromInt64s([]int64{0, 7, 0, 0, 1, 0}, []int64{6}).Raw())
			g.Renew(model.Batch{X: torchtest.Wave(3, 4, 0, 9)}, func(p *torch.Tensor) []*torch.Tensor { return nil })
			for name, bias := range map[string]*torch.Tensor{"b_gate": g.BGate, "b_mag": g.BMag, "r_mag": g.RMag} {
				torchtest.Near(t, name, bias, 0, 0.5, 0, 0.5, 0.5, 0, 0.5)
			}
			norms := s.WEnc.NormDim([]int64{0}, false).Float64s()
			torchtest.Near(t, "norms of W_enc", s.WEnc.NormDim([]int64{0}, false), 1e-12, norms[0], 0.2, 1, 1, 0.2, 1)
		})
	})
}

// Dead latents get the direction of a sample, the one with a loss here; the others, and
// what the optimizer keeps of them, stay.
func TestDeadLatentsAreResampled(t *testing.T) {
	run(t, ReLUL1(), reluConfig(6), 4, func(m model.Model, s *Core) {
		golden(s)
		torch.NoGrad(func() {
			x := torch.Cat([]*torch.Tensor{s.BDec.Unsqueeze(0), torchtest.Wave(1, 4, 0, 9), s.BDec.Unsqueeze(0)}, 0)
			s.BEnc.Fill_(-0.1) // nothing is active in b_dec, which then has no loss
			s.Silent.Write(torch.FromInt64s([]int64{0, 7, 0, 0, 1, 0}, []int64{6}).Raw())
			wDec, wEnc := s.WDec.Clone(), s.WEnc.Clone()
			live := torch.Cat([]*torch.Tensor{wEnc.Narrow(1, 0, 1), wEnc.Narrow(1, 2, 2), wEnc.Narrow(1, 5, 1)}, 1)
			size := 0.2 * live.NormDim([]int64{0}, false).Mean().Item()
			kept := map[*torch.Tensor]*torch.Tensor{}
			m.(*reluL1).Renew(model.Batch{X: x}, func(p *torch.Tensor) []*torch.Tensor {
				kept[p] = torch.Ones(p.Shape(), torch.Like(p))
				return []*torch.Tensor{kept[p]}
			})
			direction := x.Narrow(0, 1, 1).Flatten(0, 1)
			direction = direction.Div(direction.NormDim([]int64{0}, false))
			for i := range int64(6) {
				row, column, moment := wDec.Narrow(0, i, 1).Flatten(0, 1), wEnc.Narrow(1, i, 1).Flatten(0, 1), 1.0
				bias, want := -0.1, 0.0
				if i == 1 || i == 4 {
					row, column, moment, bias = direction, direction.MulScalar(size), 0, 0
				}
				torchtest.Near(t, "W_dec", s.WDec.Narrow(0, i, 1).Flatten(0, 1), 1e-12, row.Float64s()...)
				torchtest.Near(t, "W_enc", s.WEnc.Narrow(1, i, 1).Flatten(0, 1), 1e-12, column.Float64s()...)
				torchtest.Near(t, "b_enc", s.BEnc.Narrow(0, i, 1), 0, bias)
				torchtest.Near(t, "counter", s.Silent.Narrow(0, i, 1), 0, want)
				torchtest.Near(t, "moments of W_dec", kept[s.WDec].Narrow(0, i, 1).Flatten(0, 1), 0, slices.Repeat([]float64{moment}, 4)...)
				torchtest.Near(t, "moments of W_enc", kept[s.WEnc].Narrow(1, i, 1).Flatten(0, 1), 0, slices.Repeat([]float64{moment}, 4)...)
				torchtest.Near(t, "moments of b_enc", kept[s.BEnc].Narrow(0, i, 1), 0, moment)
			}
		})
	})
}

// Entries are taken as often as their weights say, and any of them where all are 0.
func TestChosenFollowsTheWeights(t *testing.T) {
	torchtest.Run(t, func() error {
		torch.Seed(1)
		counts := [3]float64{}
		for _, i := range chosen([]float64{1, 0, 3}, 20000).Int64s() {
			counts[i] += 1.0 / 20000
		}
		if counts[1] != 0 || math.Abs(counts[2]-0.75) > 0.02 {
			t.Errorf("shares %v", counts)
		}
		for _, i := range chosen([]float64{math.NaN(), 1, math.Inf(1)}, 300).Int64s() {
			if i != 1 {
				t.Fatalf("entry %d is not finite", i)
			}
		}
		counts = [3]float64{}
		for _, i := range chosen([]float64{0, 0, 0}, 3000).Int64s() {
			counts[i]++
		}
		if slices.Min(counts[:]) < 800 {
			t.Errorf("counts %v of equal ones", counts)
		}
		return nil
	})
}

// Ghost gradients reach dead latents alone, and the term is as large as the loss of the
// reconstruction.
func TestGhostGradientsReachTheDead(t *testing.T) {
	c := reluConfig(6)
	c.GhostGradients, c.DeadAfterSamples = true, 1
	run(t, ReLUL1(), c, 4, func(m model.Model, s *Core) {
		x := golden(s)
		s.Silent.Write(torch.FromInt64s([]int64{0, 5, 0, 0, 5, 0}, []int64{6}).Raw())
		e := x.Sub(s.reconstruct(x))
		ghost := s.ghost(x, e, s.dead())
		torchtest.Near(t, "ghost", ghost, 1e-5, squared(e).Item())
		ghost.Backward()
		for i, g := range s.WDec.Grad().NormDim([]int64{1}, false).Float64s() {
			if dead := i == 1 || i == 4; dead != (g > 1e-3) {
				t.Errorf("gradient %v of latent %d", g, i)
			}
		}
		s.Silent.Fill_(0)
		out := m.Loss(&model.Context{}, model.Batch{X: x})
		torchtest.Near(t, "ghost without dead latents", metric(t, out, "ghost"), 0, 0)
	})
}

// The hidden values of living latents are no exponents.
func TestGhostGradientsDoNotOverflow(t *testing.T) {
	c := reluConfig(6)
	c.GhostGradients = true
	run(t, ReLUL1(), c, 4, func(m model.Model, s *Core) {
		x := golden(s)
		torch.NoGrad(func() { s.BEnc.Narrow(0, 0, 1).Fill_(1e4) })
		s.Silent.Write(torch.FromInt64s([]int64{0, 5, 0, 0, 5, 0}, []int64{6}).Raw())
		out := m.Loss(&model.Context{Train: true}, model.Batch{X: x})
		out.Loss.Backward()
		for _, p := range []*torch.Tensor{out.Loss, s.WDec.Grad(), s.WEnc.Grad(), s.BEnc.Grad()} {
			if p.NonFinite().Item() != 0 {
				t.Error("not finite")
			}
		}
	})
}
