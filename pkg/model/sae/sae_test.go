package sae

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gotrainer/trainer/pkg/internal/torchtest"
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

func TestTopKOfAllIsReLUWithoutPenalty(t *testing.T) {
	var all, relu []float64
	run(t, TopK(), topConfig(6, 6), 4, func(m model.Model, s *Core) {
		all = m.(*topK).Predict(golden(s)).Float64s()
	})
	run(t, ReLUL1(), reluConfig(6), 4, func(m model.Model, s *Core) {
		relu = m.(*reluL1).Predict(golden(s)).Float64s()
	})
	if gap := torchtest.Gap(all, relu); !(gap < 1e-15) {
		t.Errorf("k = d_sae gives %v, relu %v", all, relu)
	}
}

// Fewer than k positives stay fewer.
func TestTopKNeverKeepsNegatives(t *testing.T) {
	run(t, TopK(), topConfig(6, 5), 4, func(m model.Model, s *Core) {
		x := golden(s)
		if f := s.codes(x); f.Lt(0).Any().Item() != 0 {
			t.Errorf("codes %v", f.Float64s())
		}
		out := m.Loss(&model.Context{}, model.Batch{X: x})
		if l0 := metric(t, out, "l0").Item(); l0 >= 5 || l0 <= 0 {
			t.Errorf("l0 = %v of k = 5 with negative pre-activations", l0)
		}
	})
}

func TestInitialisation(t *testing.T) {
	run(t, ReLUL1(), reluConfig(32), 8, func(_ model.Model, s *Core) {
		torchtest.Near(t, "W_enc", s.WEnc, 0, s.WDec.Transpose(0, 1).Float64s()...)
		ones := slices.Repeat([]float64{1}, 32)
		torchtest.Near(t, "norms of W_dec", s.WDec.NormDim([]int64{1}, false), 1e-6, ones...)
		torchtest.Near(t, "b_enc", s.BEnc, 0, make([]float64, 32)...)
		torchtest.Near(t, "b_dec", s.BDec, 0, make([]float64, 8)...)
		if !slices.Equal(names(nn.Params(s)), []string{"W_enc", "b_enc", "W_dec", "b_dec"}) {
			t.Errorf("parameters %v", names(nn.Params(s)))
		}
		if len(nn.StateDict(s)) != 4 {
			t.Errorf("state dict %v", names(nn.StateDict(s)))
		}
	})
}

func stateDict(m model.Model) []string { return names(nn.StateDict(m)) }

func names(params []nn.Param) (list []string) {
	for _, p := range params {
		list = append(list, p.Name)
	}
	return list
}

// After every update rows have norm 1, and the projected gradient is orthogonal to
// them.
func TestDecoderRowsKeepTheirNorm(t *testing.T) {
	libraryTop, libraryBatch := topConfig(6, 2), batchConfig(6, 2)
	libraryTop.Compat, libraryBatch.Compat = dictionaryLearning, dictionaryLearning
	for name, v := range map[string]struct {
		variant model.Variant
		params  any
	}{
		"relu_l1": {ReLUL1(), reluConfig(6)}, "topk": {TopK(), topConfig(6, 2)}, "batch_topk": {BatchTopK(), batchConfig(6, 2)},
		"matryoshka": {Matryoshka(), &MatryoshkaConfig{BatchTopKConfig: *batchConfig(6, 2), Prefixes: []int64{2, 6}}},
		"gated":      {Gated(), &GatedConfig{Config: basic(6, 100), L1Coefficient: 0.5, BDecInit: "zeros"}},
		"jump_relu":  {JumpReLU(), jumpConfig()}, "p_anneal": {PAnneal(), annealConfig(6)},
		"dictionary_learning's topk": {TopK(), libraryTop}, "its batch_topk": {BatchTopK(), libraryBatch},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, v.variant, v.params, 4, func(m model.Model, s *Core) {
				x := torchtest.Wave(3, 4, 0, 1)
				m.Loss(&model.Context{Train: true, Scalars: model.AtStep(9)}, model.Batch{X: x}).Loss.Backward()
				torch.NoGrad(func() {
					m.(interface{ AfterBackward() }).AfterBackward()
					torchtest.Near(t, "g·d", s.WDec.Grad().Mul(s.WDec).SumDim([]int64{1}, false), 1e-12, make([]float64, 6)...)
					s.WDec.Sub_(s.WDec.Grad().MulScalar(0.1))
					if s.WDec.NormDim([]int64{1}, false).AddScalar(-1).Abs().Gt(1e-4).Any().Item() == 0 {
						t.Error("the update changed no norm: nothing is tested")
					}
					m.(interface{ AfterStep() }).AfterStep()
				})
				torchtest.Near(t, "norms", s.WDec.NormDim([]int64{1}, false), 1e-6, slices.Repeat([]float64{1}, 6)...)
			})
		})
	}
}

// A step without a gradient, and a row of zeros, leave numbers behind.
func TestNormConstraintSurvivesZeros(t *testing.T) {
	run(t, TopK(), topConfig(6, 2), 4, func(_ model.Model, s *Core) {
		torch.NoGrad(func() {
			s.AfterBackward()
			s.WDec.Fill_(0)
			s.AfterStep()
		})
		torchtest.Near(t, "W_dec", s.WDec, 0, make([]float64, 24)...)
	})
}

func TestGeometricMedian(t *testing.T) {
	torchtest.Run(t, func() error {
		at := func(v ...float64) *torch.Tensor { return torch.FromFloat64s(v, []int64{int64(len(v)) / 2, 2}) }
		// Of the corners of a triangle with an angle of 120° or more it is that corner;
		// an outlier moves the mean, not the median.
		torchtest.Near(t, "obtuse triangle", geometricMedian(at(0, 0, 10, 1, -10, 1)), 0.05, 0, 0)
		torchtest.Near(t, "square", geometricMedian(at(0, 0, 2, 0, 0, 2, 2, 2)), 1e-5, 1, 1)
		torchtest.Near(t, "outlier", geometricMedian(at(1, 1, 1, 1, 1, 1, 900, 0)), 1e-3, 1, 1)
		torchtest.Near(t, "one sample", geometricMedian(at(3, 4)), 1e-12, 3, 4)
		torchtest.Near(t, "equal samples", geometricMedian(at(3, 4, 3, 4, 3, 4)), 1e-9, 3, 4)
		return nil
	})
}

func TestDataInit(t *testing.T) {
	for init, want := range map[string][]float64{"zeros": {0, 0}, "mean": {2, 1.5}, "geometric_median": {1, 2}} {
		t.Run(init, func(t *testing.T) {
			c := topConfig(4, 1)
			c.BDecInit = init
			run(t, TopK(), c, 2, func(m model.Model, s *Core) {
				x := torch.FromFloat64s([]float64{1, 2, 1, 2, 1, 2, 5, 0}, []int64{4, 2})
				torch.NoGrad(func() { m.(*topK).DataInit(model.Batch{X: x}) })
				torchtest.Near(t, "b_dec", s.BDec, 1e-3, want...)
				torchtest.Near(t, "V", m.(*topK).Variance, 1e-12, 3.75)
				torch.NoGrad(func() { m.(*topK).DataInit(model.Batch{X: torch.Ones([]int64{3, 2}, torch.As(torch.Float64))}) })
				torchtest.Near(t, "V of constant data", m.(*topK).Variance, 0, 1)
			})
		})
	}
}

// Without dead latents, or with one sample (no variance), AuxK is 0 and no gradient is
// NaN.
func TestAuxKIsZeroWhereItIsUndefined(t *testing.T) {
	for name, c := range map[string]struct{ samples, silent int64 }{"nothing is dead": {3, 0}, "one sample": {1, 5}} {
		t.Run(name, func(t *testing.T) {
			run(t, TopK(), topConfig(6, 2), 4, func(m model.Model, s *Core) {
				x := golden(s).Narrow(0, 0, c.samples)
				s.Silent.Fill_(float64(c.silent))
				out := m.Loss(&model.Context{Train: true}, model.Batch{X: x})
				torchtest.Near(t, "aux", metric(t, out, "aux"), 0, 0)
				out.Loss.Backward()
				for _, p := range nn.Params(m) {
					if p.Tensor.Grad().NonFinite().Item() != 0 {
						t.Errorf("gradient of %s is not finite", p.Name)
					}
				}
				if c.samples == 1 {
					torchtest.Near(t, "explained variance of one sample", metric(t, out, "explained_variance"), 0, 0)
				}
			})
		})
	}
}

// Only training moves the counters, and they are exact beyond the integers of float32.
func TestSilentLatentsAreCountedInSamples(t *testing.T) {
	const far = 1<<24 + 1
	c := topConfig(6, 2)
	c.DeadAfterSamples = far + 4
	run(t, TopK(), c, 4, func(m model.Model, s *Core) {
		one := golden(s).Narrow(0, 0, 1)
		x := torch.Cat([]*torch.Tensor{one, one, one}, 0)
		active := s.codes(x).Gt(0).AnyDim(0).Float64s()
		s.Silent.Fill_(far)
		m.Loss(&model.Context{}, model.Batch{X: x})
		torchtest.Near(t, "counters after evaluation", s.Silent, 0, slices.Repeat([]float64{far}, 6)...)
		step := func() float64 {
			return metric(t, m.Loss(&model.Context{Train: true}, model.Batch{X: x}), "dead").Item()
		}
		before := step()
		want := make([]float64, 6)
		silent := 0.0
		for i, on := range active {
			if on == 0 {
				want[i] = far + 3
				silent++
			}
		}
		torchtest.Near(t, "counters after a batch of 3", s.Silent, 0, want...)
		between, after := step(), step()
		if silent == 0 || before != 0 || between != 0 || math.Abs(after-silent/6) > 1e-12 {
			t.Errorf("share of dead latents %v, %v, %v, with %v silent ones", before, between, after, silent)
		}
	})
}

func TestPenaltyIsWarmedUpInTrainingOnly(t *testing.T) {
	c := reluConfig(6)
	c.SparsityWarmupSteps = 20
	run(t, ReLUL1(), c, 4, func(m model.Model, s *Core) {
		x := golden(s)
		for name, w := range map[string]struct {
			context model.Context
			weight  float64
		}{
			"first step":      {model.Context{Train: true}, 0},
			"half way":        {model.Context{Train: true, Scalars: model.AtStep(10)}, 0.5},
			"after warm-up":   {model.Context{Train: true, Scalars: model.AtStep(500)}, 1},
			"evaluation at 0": {model.Context{}, 1},
		} {
			out := m.Loss(&w.context, model.Batch{X: x})
			torchtest.Near(t, name, out.Loss, 1e-6, 1.863873+w.weight*0.1*2.992087)
		}
	})
}

func TestEmbeddings(t *testing.T) {
	run(t, TopK(), topConfig(6, 2), 4, func(m model.Model, s *Core) {
		x, e := golden(s), m.(*topK)
		codes, err := e.Embed(x, "", nil)
		if err != nil || !slices.Equal(codes.Shape(), []int64{3, 6}) {
			t.Fatalf("codes %v, %v", codes.Shape(), err)
		}
		again, _ := e.Embed(x, "codes", nil)
		torchtest.Near(t, "codes", again, 0, codes.Float64s()...)
		back, err := e.Embed(x, "reconstruction", nil)
		if err != nil {
			t.Fatal(err)
		}
		torchtest.Near(t, "reconstruction", back, 0, e.Predict(x).Float64s()...)
		var mistake *model.Mistake
		if _, err := e.Embed(x, "mean", nil); !errors.As(err, &mistake) || !strings.Contains(err.Error(), "codes and reconstruction") {
			t.Errorf("unknown what: %v", err)
		}
	})
}

func TestImagesAreFlattenedAndGivenBackInShape(t *testing.T) {
	torchtest.Run(t, func() error {
		scope := torch.NewScope("param")
		defer scope.Close()
		m, err := TopK().Build(topConfig(6, 2), model.Inputs{Shape: []int64{1, 2, 2}}, nn.Default(scope))
		if err != nil {
			return err
		}
		x := torch.Ones([]int64{5, 1, 2, 2})
		m.Loss(&model.Context{Train: true}, model.Batch{X: x})
		if y := m.(*topK).Predict(x); !slices.Equal(y.Shape(), x.Shape()) {
			t.Errorf("prediction has shape %v", y.Shape())
		}
		return nil
	})
}

func TestMoreChosenThanThereAreIsTheUsersMistake(t *testing.T) {
	c := topConfig(6, 7)
	c.AuxK = &c.DSAE
	if got := c.Validate(); len(got) != 1 || got[0] != "k: found 7, expected at most d_sae, which is 6" {
		t.Errorf("problems %q", got)
	}
	big := int64(9)
	c.K, c.AuxK = 6, &big
	if got := c.Validate(); len(got) != 1 || !strings.HasPrefix(got[0], "aux_k: found 9") {
		t.Errorf("problems %q", got)
	}
}
