package builtin_test

import (
	"math"
	"testing"

	"github.com/gotrainer/trainer/pkg/dataset"
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/torch"
)

// Of the latents of a β-VAE the two with the largest KL are the position: moving one of them from
// -1.5 to 1.5 moves the shape that is drawn along one axis, by three times what it moves it
// along the other, and the other latent does so the other way. The prior has no axes, so that
// a seed may turn them: one of four has to find them.
func TestTraversalsOfABetaVAESeparateThePosition(t *testing.T) {
	l := lesson{
		model: "{type: vae, variant: beta_vae, beta: 12, latent_dim: 10, encoder: {hidden_dims: [256, 128]}}",
		data:  dataset.Spec{Source: "shapes", Seed: 42, Count: 16384}, batch: 256, epochs: 12, lr: 3e-3,
	}
	separated := false
	for l.seed = 1; l.seed <= 4 && !separated; l.seed++ {
		l.learn(t, func(m model.Model, data *dataset.Data) {
			first, second := largestKL(t, m, all(t, data.Test, data.Shape))
			x1, y1 := centroidMoves(m.(outputs), first)
			x2, y2 := centroidMoves(m.(outputs), second)
			t.Logf("seed %d: latent %d moves the shape by %.1f, %.1f pixels, latent %d by %.1f, %.1f", l.seed, first, x1, y1, second, x2, y2)
			if math.Abs(x1) < math.Abs(y1) {
				x1, y1, x2, y2 = x2, y2, x1, y1
			}
			separated = math.Abs(x1) > max(5, 3*math.Abs(y1)) && math.Abs(y2) > max(5, 3*math.Abs(x2))
		})
	}
	if !separated {
		t.Error("no latent moves it from left to right alone, or none up and down")
	}
}

// largestKL are the two latents whose posterior differs most from the prior.
func largestKL(t *testing.T, m model.Model, x *torch.Tensor) (first, second int64) {
	posterior, err := m.(outputs).Embed(x, "mean_logvar", nil) // [n, 2K]
	if err != nil {
		t.Fatal(err)
	}
	k := posterior.Size(1) / 2
	mu, s := posterior.Narrow(1, 0, k), posterior.Narrow(1, k, k)
	kl := mu.Square().Add(s.Exp()).Sub(s).MeanDim([]int64{0}, false)
	_, at := kl.TopK(2, 0)
	both := at.Int64s()
	return both[0], both[1]
}

// centroidMoves says by how many pixels the weight of the image moves when one latent goes
// from -1.5 to 1.5 and all others are 0.
func centroidMoves(m outputs, latent int64) (dx, dy float64) {
	z := torch.Zeros([]int64{2, 10}, torch.As(torch.Float32))
	z.Narrow(0, 0, 1).Narrow(1, latent, 1).Fill_(-1.5)
	z.Narrow(0, 1, 1).Narrow(1, latent, 1).Fill_(1.5)
	pictures := m.(interface {
		Generate(z *torch.Tensor) *torch.Tensor
	}).Generate(z).Reshape([]int64{2, 32, 32})
	at := torch.Arange(32, torch.As(torch.Float32))
	along := func(dim int64) float64 {
		sums := pictures.SumDim([]int64{dim}, false) // [2, 32]
		centres := sums.MatMul(at.Unsqueeze(1)).Squeeze(1).Div(sums.SumDim([]int64{1}, false)).Float64s()
		return centres[1] - centres[0]
	}
	return along(1), along(2)
}
