package sae

import (
	"testing"

	"github.com/gotrainer/trainer/pkg/internal/torchtest"
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/torch"
)

// reconstruction is that of the golden weights and batch.
func reconstruction(t *testing.T, v model.Variant, params any) []float64 {
	t.Helper()
	var y []float64
	run(t, v, params, 4, func(m model.Model, s *Core) {
		y = m.(interface {
			Predict(*torch.Tensor) *torch.Tensor
		}).Predict(golden(s)).Float64s()
	})
	return y
}

func TestJumpReLUWithThresholdsOfZeroIsReLU(t *testing.T) {
	c := jumpConfig()
	c.ThresholdInit = 0
	jump, relu := reconstruction(t, JumpReLU(), c), reconstruction(t, ReLUL1(), reluConfig(6))
	if gap := torchtest.Gap(jump, relu); !(gap < 1e-15) {
		t.Errorf("jump_relu gives %v, relu %v", jump, relu)
	}
}

func TestBatchTopKOfOneSampleIsTopK(t *testing.T) {
	var shared, top []float64
	run(t, BatchTopK(), batchConfig(6, 2), 4, func(m model.Model, s *Core) {
		f, _ := m.(*batchTopK).shared(&model.Context{Train: true}, m.(*batchTopK).activations(golden(s).Narrow(0, 0, 1)))
		shared = f.Float64s()
	})
	run(t, TopK(), topConfig(6, 2), 4, func(m model.Model, s *Core) { top = s.codes(golden(s).Narrow(0, 0, 1)).Float64s() })
	if gap := torchtest.Gap(shared, top); !(gap < 1e-15) {
		t.Errorf("batch_topk gives %v, topk %v", shared, top)
	}
}

func TestMatryoshkaOfOnePrefixIsBatchTopK(t *testing.T) {
	var nested, plain []float64
	loss := func(m model.Model, s *Core) []float64 {
		return m.Loss(&model.Context{Train: true}, model.Batch{X: golden(s)}).Loss.Float64s()
	}
	run(t, Matryoshka(), &MatryoshkaConfig{BatchTopKConfig: *batchConfig(6, 1.5), Prefixes: []int64{6}}, 4, func(m model.Model, s *Core) { nested = loss(m, s) })
	run(t, BatchTopK(), batchConfig(6, 1.5), 4, func(m model.Model, s *Core) { plain = loss(m, s) })
	if gap := torchtest.Gap(nested, plain); !(gap < 1e-15) {
		t.Errorf("matryoshka gives %v, batch_topk %v", nested, plain)
	}
}

// θ is the mean of the smallest activations of the first steps, and stays where a batch
// keeps none.
func TestTheThresholdFollowsTheBatches(t *testing.T) {
	run(t, BatchTopK(), batchConfig(6, 1), 4, func(m model.Model, _ *Core) {
		b := m.(*batchTopK)
		for step, v := range []float64{3, 1, 5} {
			b.follow(&model.Context{Train: true, Scalars: model.AtStep(step)}, torch.Scalar(v, torch.As(torch.Float64)))
		}
		torchtest.Near(t, "threshold", b.Threshold, 1e-12, 3)
		_, none := b.shared(&model.Context{Train: true}, torch.Zeros([]int64{2, 6}, torch.As(torch.Float64)))
		b.follow(&model.Context{Train: true, Scalars: model.AtStep(9)}, none)
		torchtest.Near(t, "threshold after a batch without activations", b.Threshold, 1e-12, 3)
		b.follow(&model.Context{Train: true, Scalars: model.AtStep(1 << 20)}, torch.Scalar(13, torch.As(torch.Float64)))
		torchtest.Near(t, "threshold late in training", b.Threshold, 1e-12, 3.01)
	})
}

func TestThresholdsOfJumpReLUStayAtZeroOrAbove(t *testing.T) {
	run(t, JumpReLU(), jumpConfig(), 4, func(m model.Model, _ *Core) {
		j := m.(*jumpReLU)
		torch.NoGrad(func() {
			j.Threshold.Fill_(-1)
			j.AfterStep()
		})
		torchtest.Near(t, "thresholds", j.Threshold, 0, 0, 0, 0, 0, 0, 0)
	})
}

func TestPrefixesRiseToAllLatents(t *testing.T) {
	for _, c := range []struct {
		prefixes []int64
		problems int
	}{{nil, 0}, {[]int64{2, 6}, 0}, {[]int64{2, 2, 6}, 1}, {[]int64{2, 4}, 1}} {
		config := &MatryoshkaConfig{BatchTopKConfig: *batchConfig(6, 1), Prefixes: c.prefixes}
		if got := config.Validate(); len(got) != c.problems {
			t.Errorf("prefixes %v: %q, want %d problems", c.prefixes, got, c.problems)
		}
	}
}
