package trainer

import (
	"testing"

	"github.com/gotrainer/trainer/pkg/internal/torchtest"
	"github.com/gotrainer/trainer/pkg/torch"
)

// skipping is what a skip transcoder's state dict has of its map.
type skipping struct {
	WEnc  *torch.Tensor `torch:"W_enc"`
	WDec  *torch.Tensor `torch:"W_dec"`
	WSkip *torch.Tensor `torch:"W_skip"`
}

// Rows that make up for another W_skip are the same map, and have the same effects: those
// of the decoder without one.
func TestEffectsDoNotDependOnWhatTheSkipTakes(t *testing.T) {
	torchtest.Run(t, func() error {
		u := torchtest.Wave(5, 3, 0, 1) // directions of 5 latents in 3 dimensions, of norm 1
		u = u.Div(u.NormDim([]int64{1}, true))
		effects, skip := torchtest.Wave(5, 4, 1, 1), torchtest.Wave(3, 4, 2, 1)
		gain := torch.FromFloat32s([]float32{0.5, 1, 2, 3, 0.1}, []int64{5, 1}).To(u.DType())
		rows := effects.Sub(u.MatMul(skip)).Div(gain)
		m := &skipping{WEnc: u.Mul(gain).Transpose(0, 1), WDec: rows, WSkip: skip}
		got := torch.FromFloat32s(effectsOf(m, rows.Float32s()), []int64{5, 4})
		torchtest.Near(t, "effects", got, 1e-6, effects.Float64s()...)
		plain := struct {
			WDec *torch.Tensor `torch:"W_dec"`
		}{rows}
		torchtest.Near(t, "rows", torch.FromFloat32s(effectsOf(&plain, rows.Float32s()), []int64{5, 4}), 1e-6, rows.Float64s()...)
		return nil
	})
}
