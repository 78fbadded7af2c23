package sae

import (
	"testing"

	"github.com/gotrainer/trainer/pkg/internal/torchtest"
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

// run builds a variant in float64 for samples of n numbers and hands it to fn.
func run(t *testing.T, v model.Variant, params any, n int64, fn func(m model.Model, s *Core)) {
	t.Helper()
	torchtest.Run(t, func() error {
		scope := torch.NewScope("param")
		defer scope.Close()
		torch.Seed(3)
		m, err := v.Build(params, model.Inputs{Shape: []int64{n}}, nn.Options{Device: torch.CPU, DType: torch.Float64, Scope: scope})
		if err != nil {
			return err
		}
		fn(m, core(m))
		return nil
	})
}

func core(m model.Model) *Core { return m.(interface{ core() *Core }).core() }

func (s *Core) core() *Core { return s }

// basic is what every config has here.
func basic(m, dead int64) Config {
	return Config{Latents: Latents{DSAE: m, DeadAfterSamples: dead}, ApplyBDecToInput: true}
}

func reluConfig(m int64) *ReLUL1Config {
	return &ReLUL1Config{Config: basic(m, 1), L1Coefficient: 0.1, BDecInit: "zeros"}
}

func topConfig(m, k int64) *TopKConfig {
	return &TopKConfig{Config: basic(m, 1), K: k, Auxiliary: Auxiliary{AuxCoefficient: 1.0 / 32}, BDecInit: "zeros"}
}

// golden gives the weights that the golden values belong to, and the batch.
func golden(s *Core) *torch.Tensor {
	torch.NoGrad(func() {
		s.WDec.Copy_(torchtest.Wave(6, 4, 0.3, 1))
		s.AfterStep()
		s.WEnc.Copy_(s.WDec.Transpose(0, 1))
		s.BEnc.Copy_(torchtest.Wave(1, 6, 0.7, 0.1).Flatten(0, 1))
		s.BDec.Copy_(torchtest.Wave(1, 4, 0.9, 0.1).Flatten(0, 1))
	})
	return torchtest.Wave(3, 4, 0, 1)
}

// metric answers a metric by name.
func metric(t *testing.T, out model.Output, name string) *torch.Tensor {
	t.Helper()
	for _, m := range out.Metrics {
		if m.Name == name {
			return m.Value
		}
	}
	t.Fatalf("no metric %s", name)
	return nil
}

// The values were computed from the papers' formulas in float64.
func TestReLUL1Golden(t *testing.T) {
	run(t, ReLUL1(), reluConfig(6), 4, func(m model.Model, s *Core) {
		x := golden(s)
		torchtest.Near(t, "h row 0", s.hidden(x).Narrow(0, 0, 1).Flatten(0, 1), 1e-6,
			1.371599, -0.641837, -0.540504, 1.226836, -1.187434, 0.389790)
		out := m.Loss(&model.Context{}, model.Batch{X: x})
		torchtest.Near(t, "L2", metric(t, out, "l2"), 1e-6, 1.863873)
		torchtest.Near(t, "L1", metric(t, out, "l1"), 1e-6, 2.992087)
		torchtest.Near(t, "loss", out.Loss, 1e-6, 1.863873+0.1*2.992087)
	})
}

func TestTopKGolden(t *testing.T) {
	run(t, TopK(), topConfig(6, 2), 4, func(m model.Model, s *Core) {
		x := golden(s)
		out := m.Loss(&model.Context{}, model.Batch{X: x})
		l2 := metric(t, out, "l2")
		torchtest.Near(t, "L2", l2, 1e-6, 1.540415)
		torchtest.Near(t, "FVU", l2.Div(variance(x)), 1e-6, 0.743740)
		torchtest.Near(t, "explained variance", metric(t, out, "explained_variance"), 1e-6, 0.258082)
		y := s.output(x)
		share := x.Sub(y).Square().SumDim([]int64{1}, false).Div(x.Sub(mean(x)).Square().SumDim([]int64{1}, false))
		torchtest.Near(t, "mean share of a sample that is explained", share.Mean().Neg().AddScalar(1), 1e-6, 0.270814)
		lengths := x.NormDim([]int64{1}, false).Mul(y.NormDim([]int64{1}, false))
		torchtest.Near(t, "cosine", x.Mul(y).SumDim([]int64{1}, false).Div(lengths).Mean(), 1e-6, 0.999336)
	})
}

func TestAuxKGolden(t *testing.T) {
	c := topConfig(6, 2)
	c.AuxK = new(int64)
	*c.AuxK = 2
	run(t, TopK(), c, 4, func(m model.Model, s *Core) {
		x := golden(s)
		s.Silent.Write(torch.FromInt64s([]int64{1, 0, 0, 1, 0, 1}, []int64{6}).Raw())
		out := m.Loss(&model.Context{}, model.Batch{X: x})
		aux := metric(t, out, "aux")
		torchtest.Near(t, "AuxK", aux, 1e-6, 4.626467)
		e := x.Sub(s.decode(s.codes(x)))
		torchtest.Near(t, "AuxK before normalisation", aux.Mul(variance(e)), 1e-6, 7.109229)
		torchtest.Near(t, "dead", metric(t, out, "dead"), 0, 0.5)
		torchtest.Near(t, "loss", out.Loss, 1e-6, 1.540415+4.626467/32)
	})
}

func batchConfig(m int64, k float64) *BatchTopKConfig {
	return &BatchTopKConfig{Config: basic(m, 100), K: k, Auxiliary: Auxiliary{AuxCoefficient: 1.0 / 32}, BDecInit: "zeros"}
}

func TestBatchTopKGolden(t *testing.T) {
	run(t, BatchTopK(), batchConfig(6, 1), 4, func(m model.Model, s *Core) {
		x := golden(s)
		f, smallest := m.(*batchTopK).shared(&model.Context{Train: true}, m.(*batchTopK).activations(x))
		torchtest.Near(t, "smallest kept", smallest, 1e-6, 1.371599)
		torchtest.Near(t, "L0 per row", f.Gt(0).To(torch.Float64).SumDim([]int64{1}, false), 0, 1, 2, 0)
		out := m.Loss(&model.Context{Train: true}, model.Batch{X: x})
		torchtest.Near(t, "L2", metric(t, out, "l2"), 1e-6, 1.328759)
		torchtest.Near(t, "threshold", metric(t, out, "threshold"), 1e-6, 1.371599)
	})
}

func TestMatryoshkaGolden(t *testing.T) {
	c := &MatryoshkaConfig{BatchTopKConfig: *batchConfig(6, 1), Prefixes: []int64{2, 6}}
	run(t, Matryoshka(), c, 4, func(m model.Model, s *Core) {
		x, b := golden(s), m.(*batchTopK)
		out := m.Loss(&model.Context{Train: true}, model.Batch{X: x})
		torchtest.Near(t, "mean of the prefixes", metric(t, out, "l2"), 1e-6, 0.976078)
		f, _ := b.shared(&model.Context{Train: true}, b.activations(x))
		first, _ := b.nested(x, f, []int64{2})
		all, _ := b.nested(x, f, []int64{6})
		torchtest.Near(t, "first prefix", first, 1e-6, 0.623398)
		torchtest.Near(t, "all latents", all, 1e-6, 1.328759)
	})
}

func TestGatedGolden(t *testing.T) {
	c := &GatedConfig{Config: basic(6, 100), L1Coefficient: 0.5, BDecInit: "zeros"}
	run(t, Gated(), c, 4, func(m model.Model, s *Core) {
		g := m.(*gated)
		s.BEnc = torch.Zeros([]int64{6}, torch.As(torch.Float64)) // what golden fills
		x := golden(s)
		torch.NoGrad(func() {
			g.BGate.Copy_(s.BEnc)
			g.BMag.Copy_(torchtest.Wave(1, 6, 1.1, 0.1).Flatten(0, 1))
			g.RMag.Copy_(torchtest.Wave(1, 6, 1.3, 0.1).Flatten(0, 1))
		})
		out := m.Loss(&model.Context{}, model.Batch{X: x})
		torchtest.Near(t, "L2", metric(t, out, "l2"), 1e-6, 1.919529)
		torchtest.Near(t, "L1", metric(t, out, "l1"), 1e-6, 2.992087)
		torchtest.Near(t, "auxiliary", metric(t, out, "aux"), 1e-6, 1.863873)
		torchtest.Near(t, "loss", out.Loss, 1e-6, 1.919529+0.5*2.992087+1.863873)
	})
}

func jumpConfig() *JumpReLUConfig {
	return &JumpReLUConfig{Config: basic(6, 100), Penalty: "step", L0Coefficient: 0.5, ThresholdInit: 0.3, Bandwidth: 0.5,
		TanhScale: 4, BDecInit: "zeros"}
}

func TestJumpReLUGolden(t *testing.T) {
	run(t, JumpReLU(), jumpConfig(), 4, func(m model.Model, s *Core) {
		out := m.Loss(&model.Context{}, model.Batch{X: golden(s)})
		torchtest.Near(t, "loss", out.Loss, 1e-6, 3.197206)
		torchtest.Near(t, "L0", metric(t, out, "l0"), 1e-6, 2.666667)
		out.Loss.Backward()
		torchtest.Near(t, "gradient of the thresholds", m.(*jumpReLU).Threshold.Grad(), 1e-6, -0.624725, 0, 0, 0, 0, -0.699093)
	})
	c := jumpConfig()
	c.Penalty = "tanh"
	run(t, JumpReLU(), c, 4, func(m model.Model, s *Core) {
		torchtest.Near(t, "tanh penalty", metric(t, m.Loss(&model.Context{}, model.Batch{X: golden(s)}), "penalty"), 1e-6, 2.607878)
	})
}
