package trainer

import (
	"math"
	"testing"

	"github.com/gotrainer/trainer/pkg/internal/torchtest"
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/torch"
)

// linear is probabilistic PCA with one component: x = w z + N(0, I). Its posterior is known.
type linear struct{ w *torch.Tensor } // [D]

func (l linear) Embed(x *torch.Tensor, _ string, _ model.Noise) (*torch.Tensor, error) {
	precision := 1 + l.w.Square().Sum().Item()
	mu := x.MatMul(l.w.Unsqueeze(1)).MulScalar(1 / precision)
	return torch.Cat([]*torch.Tensor{mu, torch.Full(mu.Shape(), -math.Log(precision), torch.Like(mu))}, 1), nil
}

func (l linear) LogJoint(x, z *torch.Tensor) *torch.Tensor {
	e := x.Sub(z.MatMul(l.w.Unsqueeze(0)))
	square := e.Square().SumDim([]int64{1}, false).Add(z.Square().SumDim([]int64{1}, false))
	return square.AddScalar(float64(x.Size(1)+1) * math.Log(2*math.Pi)).MulScalar(-0.5)
}

func (linear) Measures() string { return "density" }

// With the true posterior every weight is the likelihood itself: N(0, I + w wᵀ).
func TestEveryWeightOfTheTruePosteriorIsTheLikelihood(t *testing.T) {
	torchtest.Run(t, func() error {
		m := linear{torchtest.Wave(1, 5, 0, 1).Reshape([]int64{5})}
		x := torchtest.Wave(3, 5, 2, 1)
		gen := torch.NewGenerator(1, torch.CPU)
		defer gen.Close()
		mu, logvar, err := posterior(m, x)
		if err != nil {
			return err
		}
		got := logWeights(m, gen, x, mu, logvar, 4)
		w, values := m.w.Float64s(), x.Float64s()
		norm := 1.0
		for _, v := range w {
			norm += v * v
		}
		for i := range 3 {
			square, dot := 0.0, 0.0
			for d, v := range values[i*5 : i*5+5] {
				square += v * v
				dot += v * w[d]
			}
			want := -0.5 * (5*math.Log(2*math.Pi) + math.Log(norm) + square - dot*dot/norm)
			for s := range 4 {
				if v := float64(got[i*4+s]); math.Abs(v-want) > 1e-5 {
					t.Errorf("weight %d of sample %d is %v, the likelihood %v", s, i, v, want)
				}
			}
		}
		return nil
	})
}
