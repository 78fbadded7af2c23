package sae

import (
	"math"
	"slices"
	"testing"

	"github.com/gotrainer/trainer/pkg/internal/torchtest"
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/torch"
)

func TestInitialisationOptions(t *testing.T) {
	c := reluConfig(32)
	c.DecoderConstraint, c.DecoderInit, c.DecoderInitNorm, c.EncoderInit, c.BEncInit = "none", "normal", 0.1, "independent", "uniform"
	run(t, ReLUL1(), c, 8, func(_ model.Model, s *Core) {
		torchtest.Near(t, "norms of W_dec", s.WDec.NormDim([]int64{1}, false), 1e-12, slices.Repeat([]float64{0.1}, 32)...)
		bound := 1 / math.Sqrt(8)
		for name, w := range map[string]*torch.Tensor{"W_enc": s.WEnc, "b_enc": s.BEnc} {
			if largest := w.Abs().Amax([]int64{-1}, false).Amax([]int64{0}, false).Item(); largest > bound || largest < bound/2 {
				t.Errorf("the largest of %s is %v, of numbers within ±%v", name, largest, bound)
			}
		}
		if w := s.WDec.Transpose(0, 1); torchtest.Gap(s.WEnc.Float64s(), w.Float64s()) < 0.1 {
			t.Error("the encoder is the decoder's transpose")
		}
	})
}

// Free rows keep their gradient, and what an update makes of them.
func TestFreeDecoderRowsAreLeftAlone(t *testing.T) {
	c := reluConfig(6)
	c.DecoderConstraint, c.DecoderInitNorm = "none", 0.1
	run(t, ReLUL1(), c, 4, func(m model.Model, s *Core) {
		m.Loss(&model.Context{}, model.Batch{X: golden(s)}).Loss.Backward()
		torch.NoGrad(func() {
			s.WDec.MulScalar_(3)
			w, g := s.WDec.Float64s(), s.WDec.Grad().Float64s()
			s.AfterBackward()
			s.AfterStep()
			torchtest.Near(t, "W_dec", s.WDec, 0, w...)
			torchtest.Near(t, "its gradient", s.WDec.Grad(), 0, g...)
		})
	})
}

// Rows twice as long, and an encoder of half the size, are the same autoencoder: the
// penalty of free rows does not change.
func TestThePenaltyOfFreeRowsDoesNotDependOnTheirNorms(t *testing.T) {
	jump := jumpConfig()
	jump.Penalty, jump.PreActCoefficient = "tanh", 0.1
	relu, gates := reluConfig(6), &GatedConfig{Config: basic(6, 100), L1Coefficient: 0.5, BDecInit: "zeros"}
	for _, c := range []*Config{&jump.Config, &relu.Config, &gates.Config} {
		c.DecoderConstraint, c.DecoderInitNorm = "none", 0.1
	}
	for _, v := range []struct {
		variant model.Variant
		params  any
	}{{ReLUL1(), relu}, {Gated(), gates}, {JumpReLU(), jump}} {
		t.Run(v.variant.Name, func(t *testing.T) {
			run(t, v.variant, v.params, 4, func(m model.Model, s *Core) {
				x := torchtest.Wave(3, 4, 0, 1)
				loss := func() float64 { return m.Loss(&model.Context{}, model.Batch{X: x}).Loss.Item() }
				before := loss()
				torch.NoGrad(func() {
					s.WDec.MulScalar_(2)
					s.WEnc.MulScalar_(0.5)
					if j, ok := m.(*jumpReLU); ok {
						j.Threshold.MulScalar_(0.5)
					}
				})
				if after := loss(); math.Abs(after-before) > 1e-12 {
					t.Errorf("loss %v, then %v", before, after)
				}
			})
		})
	}
}

// What is encoded has the size that a normalisation promises, and predictions that are
// perfect in its units are the data.
func TestNormalisations(t *testing.T) {
	for name, check := range map[string]func(t *testing.T, z *torch.Tensor){
		"none": func(t *testing.T, z *torch.Tensor) {
			torchtest.Near(t, "z", z, 0, torchtest.Wave(3, 4, 0, 5).Float64s()...)
		},
		averageIn: func(t *testing.T, z *torch.Tensor) {
			torchtest.Near(t, "mean norm", z.NormDim([]int64{1}, false).Mean(), 1e-12, 2)
		},
		"constant_norm_rescale": func(t *testing.T, z *torch.Tensor) {
			torchtest.Near(t, "norms", z.NormDim([]int64{1}, false), 1e-12, 2, 2, 2)
		},
		"layer_norm": func(t *testing.T, z *torch.Tensor) {
			torchtest.Near(t, "means", z.MeanDim([]int64{1}, false), 1e-12, 0, 0, 0)
			torchtest.Near(t, "variances", z.Square().SumDim([]int64{1}, false).MulScalar(1.0/3), 1e-4, 1, 1, 1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := topConfig(6, 2)
			c.NormalizeActivations, c.BDecInit = name, "mean"
			run(t, TopK(), c, 4, func(m model.Model, s *Core) {
				x := torchtest.Wave(3, 4, 0, 5)
				torch.NoGrad(func() {
					m.(*topK).Survey(slices.Values([]model.Batch{{X: x.Narrow(0, 0, 1)}, {X: x.Narrow(0, 1, 2)}}))
					m.(*topK).DataInit(model.Batch{X: x})
					check(t, s.input(x))
					torchtest.Near(t, "b_dec", s.BDec, 1e-12, mean(s.input(x)).Float64s()...)
					torchtest.Near(t, "V", m.(*topK).Variance, 1e-12, variance(s.input(x)).Item())
					s.reconstruct = func(z *torch.Tensor) *torch.Tensor { return z }
					torchtest.Near(t, "prediction", m.(*topK).Predict(x), 1e-12, x.Float64s()...)
				})
			})
		})
	}
}

// A sample of zeros, and data of zeros, are encoded to numbers.
func TestNormalisationsOfNothing(t *testing.T) {
	for _, name := range []string{averageIn, "constant_norm_rescale", "layer_norm"} {
		c := reluConfig(6)
		c.NormalizeActivations = name
		run(t, ReLUL1(), c, 4, func(m model.Model, s *Core) {
			x := torch.Zeros([]int64{2, 4}, torch.As(torch.Float64))
			torch.NoGrad(func() {
				s.Survey(slices.Values([]model.Batch{{X: x}}))
				s.DataInit(model.Batch{X: x})
				torchtest.Near(t, name, m.(*reluL1).Predict(x), 0, make([]float64, 8)...)
			})
		})
	}
}

// A sample that is no number, or infinite, leaves the scale as that of the others.
func TestTheScaleIsThatOfFiniteSamples(t *testing.T) {
	c := reluConfig(6)
	c.NormalizeActivations = averageIn
	run(t, ReLUL1(), c, 4, func(m model.Model, s *Core) {
		torch.NoGrad(func() {
			x := torchtest.Wave(4, 4, 0, 5)
			s.Survey(slices.Values([]model.Batch{{X: x.Narrow(0, 0, 3)}}))
			want := s.Scale.Item()
			for _, v := range []float64{math.NaN(), math.Inf(1)} {
				s.Scale.Fill_(1)
				x.Narrow(0, 3, 1).Fill_(v)
				s.Survey(slices.Values([]model.Batch{{X: x}}))
				torchtest.Near(t, "scale", s.Scale, 0, want)
			}
		})
	})
}

// The scale is in the state dict: a checkpoint computes what the run computed.
func TestTheScaleIsABuffer(t *testing.T) {
	c := reluConfig(6)
	c.NormalizeActivations = averageIn
	run(t, ReLUL1(), c, 4, func(m model.Model, s *Core) {
		torch.NoGrad(func() { s.Survey(slices.Values([]model.Batch{{X: torchtest.Wave(3, 4, 0, 5)}})) })
		if s.Scale.Item() == 1 {
			t.Error("the scale was not set")
		}
		if list := stateDict(m); !slices.Contains(list, "activation_scale") {
			t.Errorf("state dict %v", list)
		}
	})
}
