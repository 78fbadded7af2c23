package sae

import (
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/gotrainer/trainer/pkg/internal/torchtest"
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

// lossOf is that of the golden weights and batch at a step of training.
func lossOf(t *testing.T, v model.Variant, params any, step int64) (loss float64) {
	t.Helper()
	run(t, v, params, 4, func(m model.Model, s *Core) {
		loss = m.Loss(&model.Context{Train: true, Scalars: model.AtStep(step)}, model.Batch{X: golden(s)}).Loss.Item()
	})
	return loss
}

func annealConfig(m int64) *PAnnealConfig {
	return &PAnnealConfig{ReLUL1Config: *reluConfig(m), PEnd: 0.2, AnnealStartStep: 10, AnnealEndStep: 30, AnnealUpdates: 5}
}

func TestPAnnealBeforeItsFirstFallIsReLUL1(t *testing.T) {
	if a, b := lossOf(t, PAnneal(), annealConfig(6), 9), lossOf(t, ReLUL1(), reluConfig(6), 9); math.Abs(a-b) > 1e-6 {
		t.Errorf("p_anneal has the loss %v, relu_l1 %v", a, b)
	}
}

// p falls in equal steps from the first to the last update, and a penalty of the same
// batch is as large after each as it was before.
func TestPFallsAndThePenaltyKeepsItsSize(t *testing.T) {
	run(t, PAnneal(), annealConfig(6), 4, func(m model.Model, s *Core) {
		x, p := golden(s), m.(*pAnneal)
		var before float64
		for step := range int64(40) {
			out := m.Loss(&model.Context{Train: true, Scalars: model.AtStep(step)}, model.Batch{X: x})
			l1 := metric(t, out, "l1").Item()
			if step > 0 && math.Abs(l1-before) > 1e-9 {
				t.Errorf("step %d: penalty %v after %v", step, l1, before)
			}
			before = l1
			want := map[int64]float64{0: 1, 9: 1, 10: 0.84, 14: 0.84, 15: 0.68, 25: 0.36, 29: 0.36, 30: 0.2, 39: 0.2}
			if v, ok := want[step]; ok {
				torchtest.Near(t, "p", torch.Scalar(p.c.exponent(p.c.falls(step))), 1e-6, v)
			}
		}
		f := s.codes(x)
		last := summed(f.AddScalar(1e-8).Pow(0.2).Mul(f.Gt(0).To(torch.Float64))).Item()
		torchtest.Near(t, "evaluation", metric(t, m.Loss(&model.Context{}, model.Batch{X: x}), "l1"), 1e-9, last)
		torchtest.Near(t, "ratio", p.Ratio, 1e-9, before/last)
	})
}

func TestPAnnealNeedsAStepForEachFall(t *testing.T) {
	c := annealConfig(6)
	if got := c.Validate(); len(got) != 0 {
		t.Errorf("problems %q", got)
	}
	c.AnnealEndStep = 13
	if got := c.Validate(); len(got) != 1 {
		t.Errorf("problems %q", got)
	}
}

// A crosscoder of one layer is reluL1 with free rows; with rows split in two layers the
// norms of the parts count.
func TestCrosscoderOfOneLayerIsReLUL1(t *testing.T) {
	free := reluConfig(6)
	free.DecoderConstraint, free.DecoderInitNorm, free.ApplyBDecToInput = "none", 0.1, false
	cross := func(shape ...int64) (loss, l1 float64) {
		torchtest.Run(t, func() error {
			scope := torch.NewScope("param")
			defer scope.Close()
			c := &CrosscoderConfig{Latents: free.Latents, DecoderInitNorm: 0.1, L1Coefficient: 0.1, BDecInit: "zeros"}
			m, err := Crosscoder().Build(c, model.Inputs{Shape: shape}, nn.Options{Device: torch.CPU, DType: torch.Float64, Scope: scope})
			if err != nil {
				return err
			}
			s := core(m)
			x := golden(s).Reshape(append([]int64{3}, shape...))
			torch.NoGrad(func() { s.unitRows(s.WDec) })
			out := m.Loss(&model.Context{}, model.Batch{X: x})
			if y := m.(*reluL1).Predict(x); !slices.Equal(y.Shape(), x.Shape()) {
				t.Errorf("predictions %v of samples %v", y.Shape(), x.Shape())
			}
			loss, l1 = out.Loss.Item(), metric(t, out, "l1").Item()
			return nil
		})
		return loss, l1
	}
	var want, split float64
	run(t, ReLUL1(), free, 4, func(m model.Model, s *Core) {
		x := golden(s)
		torch.NoGrad(func() { s.unitRows(s.WDec) })
		want = m.Loss(&model.Context{}, model.Batch{X: x}).Loss.Item()
		parts := s.WDec.Reshape([]int64{6, 2, 2}).NormDim([]int64{2}, false).SumDim([]int64{1}, false)
		split = summed(s.codes(x).Mul(parts)).Item()
	})
	if one, _ := cross(1, 4); math.Abs(one-want) > 1e-12 {
		t.Errorf("one layer: loss %v, relu_l1 has %v", one, want)
	}
	if _, l1 := cross(2, 2); math.Abs(l1-split) > 1e-12 || split < 1 {
		t.Errorf("two layers: penalty %v, want %v", l1, split)
	}
}

func TestCrosscoderNeedsLayers(t *testing.T) {
	_, err := Crosscoder().Build(&CrosscoderConfig{}, model.Inputs{Shape: []int64{4}}, nn.Options{})
	if mistake := (*model.Mistake)(nil); !errors.As(err, &mistake) {
		t.Errorf("err = %v", err)
	}
}

// mapped builds a transcoder from 4 numbers to 3 and hands it to fn with a batch.
func mapped(t *testing.T, v model.Variant, c *TranscoderConfig, fn func(m model.Model, s *Core, b model.Batch)) {
	t.Helper()
	torchtest.Run(t, func() error {
		scope := torch.NewScope("param")
		defer scope.Close()
		torch.Seed(3)
		in := model.Inputs{Shape: []int64{4}, LabelShape: []int64{3}}
		m, err := v.Build(c, in, nn.Options{Device: torch.CPU, DType: torch.Float64, Scope: scope})
		if err != nil {
			return err
		}
		fn(m, core(m), model.Batch{X: torchtest.Wave(5, 4, 0, 1), Y: torchtest.Wave(5, 3, 2, 1)})
		return nil
	})
}

// It begins at the mean of y, with the mean of x hidden as zeros, and V is that of y.
func TestTranscodersBeginAtTheMeanOfTheLabels(t *testing.T) {
	for _, activation := range []string{"topk", "relu"} {
		c := &TranscoderConfig{Latents: Latents{6, 100}, Activation: activation, K: 2, BDecInit: "mean"}
		mapped(t, SkipTranscoder(), c, func(m model.Model, s *Core, b model.Batch) {
			torch.NoGrad(func() { m.(interface{ DataInit(model.Batch) }).DataInit(b) })
			torchtest.Near(t, "h of the mean", s.hidden(mean(b.X).Unsqueeze(0)).Flatten(0, 1), 1e-12, make([]float64, 6)...)
			y := mean(b.Y).Float64s()
			torchtest.Near(t, "prediction", core(m).Predict(b.X).Narrow(0, 3, 1).Flatten(0, 1), 1e-12, y...)
			out := m.Loss(&model.Context{}, b)
			torchtest.Near(t, "l2", metric(t, out, "l2"), 1e-12, variance(b.Y).Item())
			torchtest.Near(t, "explained variance", metric(t, out, "explained_variance"), 1e-12, 0)
			if activation == "topk" {
				torchtest.Near(t, "loss", out.Loss, 1e-12, 1)
			}
		})
	}
}

// W_skip alone makes a linear map; the codes see none of it.
func TestASkipTranscoderAddsALinearMap(t *testing.T) {
	c := &TranscoderConfig{Latents: Latents{6, 100}, Activation: "topk", K: 2, BDecInit: "zeros"}
	mapped(t, SkipTranscoder(), c, func(m model.Model, s *Core, b model.Batch) {
		w := torchtest.Wave(4, 3, 0.4, 1)
		torch.NoGrad(func() { s.WSkip.Copy_(w) })
		torchtest.Near(t, "prediction", s.Predict(b.X), 1e-12, b.X.MatMul(w).Float64s()...)
		if s.Reconstructs() || len(nn.StateDict(m)) != 5 {
			t.Errorf("reconstructs %v, state dict %v", s.Reconstructs(), stateDict(m))
		}
	})
	mapped(t, Transcoder(), c, func(m model.Model, s *Core, b model.Batch) {
		if slices.Contains(stateDict(m), "W_skip") {
			t.Error("a transcoder has W_skip")
		}
	})
}

func TestATranscoderNeedsLabels(t *testing.T) {
	_, err := Transcoder().Build(&TranscoderConfig{}, model.Inputs{Shape: []int64{4}}, nn.Options{})
	if mistake := (*model.Mistake)(nil); !errors.As(err, &mistake) {
		t.Errorf("err = %v", err)
	}
}

// Multi-TopK with 4k of all latents adds 1/8 of what the code of all has.
func TestMultiTopKAddsTheWiderCode(t *testing.T) {
	c, all := topConfig(6, 2), topConfig(6, 6)
	c.AuxCoefficient, all.AuxCoefficient = 0, 0
	plain, wide := lossOf(t, TopK(), c, 0), lossOf(t, TopK(), all, 0)
	c.MultiTopK = true
	if got := lossOf(t, TopK(), c, 0); math.Abs(got-plain-wide/8) > 1e-12 || wide == plain {
		t.Errorf("loss %v, of k %v, of all %v", got, plain, wide)
	}
}
