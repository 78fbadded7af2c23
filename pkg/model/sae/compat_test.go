package sae

import (
	"math"
	"testing"

	"github.com/gotrainer/trainer/pkg/internal/torchtest"
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

// What the threshold of batch_topk makes of a batch that keeps nothing.
func TestThresholdOfABatchThatKeepsNothing(t *testing.T) {
	for library, want := range map[string]float64{saeLens: 0.5, dictionaryLearning: 0.5 * 0.999} {
		torchtest.Run(t, func() error {
			scope := torch.NewScope("param")
			defer scope.Close()
			o := nn.Options{Device: torch.CPU, DType: torch.Float64, Scope: scope}
			c := &BatchTopKConfig{Compat: library, Config: Config{Latents: Latents{DSAE: 8, DeadAfterSamples: 10}}, K: 2}
			s := c.library("batch_topk", model.Inputs{Shape: []int64{4}}, o)
			torch.NoGrad(func() {
				s.BEnc.Fill_(-100)
				s.Threshold.Fill_(0.5)
			})
			s.Loss(&model.Context{Train: true, Scalars: model.AtStep(2000)}, model.Batch{X: torchtest.Wave(3, 4, 0, 1)})
			if got := s.Threshold.Item(); math.Abs(got-want) > 1e-12 {
				t.Errorf("%s: %v, expected %v", library, got, want)
			}
			return nil
		})
	}
}

// Each library's start: norms of decoder rows, and whether the encoder is the transpose.
func TestInitialisationsOfLibraries(t *testing.T) {
	for name, c := range map[string]struct {
		library, variant, constraint string
		norm                         float64
		transposed                   bool
	}{
		"SAELens topk":                 {saeLens, "topk", "none", 0.1, true},
		"dictionary_learning standard": {dictionaryLearning, "relu_l1", "unit_norm", 0.1, true},
		"dictionary_learning topk":     {dictionaryLearning, "topk", "unit_norm", 1, true},
		"sparsify topk":                {sparsify, "topk", "unit_norm", 1, false},
	} {
		torchtest.Run(t, func() error {
			scope := torch.NewScope("param")
			defer scope.Close()
			config := Config{Latents: Latents{DSAE: 8}, DecoderConstraint: c.constraint}
			if c.constraint == "none" {
				config.DecoderInitNorm = 0.1
			}
			s := newCore(config.As(c.library, c.variant), "zeros", model.Inputs{Shape: []int64{4}}, nn.Options{Device: torch.CPU, DType: torch.Float64, Scope: scope})
			torchtest.Near(t, name+": norms", s.norms(), 1e-12, c.norm, c.norm, c.norm, c.norm, c.norm, c.norm, c.norm, c.norm)
			apart := s.WEnc.Sub(s.WDec.Transpose(0, 1)).Abs().Sum().Item()
			if (apart == 0) != c.transposed {
				t.Errorf("%s: the encoder is %v away from the decoder's transpose", name, apart)
			}
			along := s.WEnc.Transpose(0, 1).Mul(s.WDec).SumDim([]int64{1}, false).Div(s.WEnc.NormDim([]int64{0}, false).MulScalar(c.norm))
			torchtest.Near(t, name+": cosines", along, 1e-9, 1, 1, 1, 1, 1, 1, 1, 1)
			return nil
		})
	}
}
