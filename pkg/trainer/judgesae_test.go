package trainer

import (
	"context"
	"testing"

	"github.com/gotrainer/trainer/pkg/internal/torchtest"
	"github.com/gotrainer/trainer/pkg/metrics"
	"github.com/gotrainer/trainer/pkg/torch"
)

// The directions are found in outputs, whatever a constant adds, over several batches.
func TestEffectsAreTheDirectionsOfTheOutput(t *testing.T) {
	torchtest.Run(t, func() error {
		torch.Seed(1)
		const m, dim = 6, 12
		directions := torch.Randn([]int64{m, dim}, nil, torch.As(torch.Float32))
		e := new(effects)
		for range 10 {
			codes := torch.Empty([]int64{500, m}, torch.As(torch.Float32))
			codes.Uniform_(-1, 1)
			codes = codes.ClampMin(0)
			e.add(codes, codes.MatMul(directions).AddScalar(7))
		}
		if v, err := metrics.Recovery(context.Background(), directions.Float32s(), e.sums, dim); err != nil || v[0].Value != 1 || v[1].Value < 0.99 {
			t.Errorf("recovered %v, mean cosine %v", v[0].Value, v[1].Value)
		}
		return nil
	})
}
