package vae

import (
	"math"
	"testing"

	"github.com/gotrainer/trainer/pkg/internal/torchtest"
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/torch"
)

func TestSchedulesOfTheKLWeight(t *testing.T) {
	linear := KL{Schedule: "linear", Steps: 10}
	cyclical := KL{Schedule: "cyclical", Steps: 30, Cycles: 3, Ratio: 0.5}
	for _, c := range []struct {
		kl   KL
		step int64
		want float64
	}{
		{KL{}, 0, 1}, {KL{Schedule: "none", Steps: 10}, 0, 1},
		{linear, 0, 0}, {linear, 4, 0.4}, {linear, 10, 1}, {linear, 11, 1},
		{cyclical, 0, 0}, {cyclical, 1, 0.2}, {cyclical, 5, 1}, {cyclical, 9, 1}, {cyclical, 10, 0}, {cyclical, 12, 0.4}, {cyclical, 29, 1}, {cyclical, 30, 1}, {cyclical, 41, 1},
	} {
		if got := c.kl.at(c.step); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%+v at step %d: %v, want %v", c.kl, c.step, got, c.want)
		}
	}
}

// The best checkpoint would else be an early one, whose KL weighs little.
func TestEvaluationHasTheFinalWeight(t *testing.T) {
	annealed, plain := mlpConfig(), mlpConfig()
	annealed.KL = KL{Schedule: "linear", Steps: 1000}
	loss := func(c Config, train bool) (l float64) {
		with(t, VAE(), &PlainConfig{Config: c}, []int64{5}, func(m model.Model) {
			ctx := &model.Context{Train: train, Scalars: model.AtStep(100), Noise: torchtest.Eps{Value: torchtest.Wave(4, 3, 2, 1)}}
			out := m.Loss(ctx, model.Batch{X: torchtest.Wave(4, 5, 0, 0.5).AddScalar(0.5)})
			if l = out.Loss.Item(); train && len(out.Metrics) == 3 {
				recon, kl, w := out.Metrics[0].Value.Item(), out.Metrics[1].Value.Item(), out.Metrics[2].Value.Item()
				if w != 0.1 || math.Abs(recon+0.1*kl-l) > 1e-12 {
					t.Errorf("recon %v, kl %v and weight %v do not give the loss %v", recon, kl, w, l)
				}
			}
		})
		return l
	}
	if got, want := loss(annealed, false), loss(plain, false); got != want {
		t.Errorf("evaluation gives %v, without a schedule %v", got, want)
	}
	if got, want := loss(annealed, true), loss(plain, true); got >= want {
		t.Errorf("a tenth of the weight gives %v, all of it %v", got, want)
	}
}

// The dimensions below λ cost λ and have no gradient: 0.308981, 0.500619, 0.072187 nats
// with λ = 0.2.
func TestFreeBitsGolden(t *testing.T) {
	torchtest.Run(t, func() error {
		mu, s := torchtest.Wave(4, 3, 0, 1), torchtest.Wave(4, 3, 0.5, 0.5)
		mu.SetRequiresGrad(true)
		term := KL{FreeBits: 0.2}.divergence(pass{mu: mu, logvar: s})
		torchtest.Near(t, "the KL term", term, 2e-6, 0.308981+0.500619+0.2)
		term.Backward()
		want := mu.Detach().MulScalar(0.25).Float64s()
		for i := 2; i < len(want); i += 3 {
			want[i] = 0
		}
		torchtest.Near(t, "its gradient", mu.Grad(), 1e-12, want...)
		none := KL{}.divergence(pass{kl: klOfDims(torchtest.Wave(4, 3, 0, 1), s).SumDim([]int64{1}, false)})
		torchtest.Near(t, "without free bits", none, 1e-6, 0.881787)
		torchtest.Near(t, "of 0.0001 nats", KL{FreeBits: 1e-4}.divergence(pass{mu: mu, logvar: s}), 1e-12, none.Item())
		return nil
	})
}

func TestLikelihoodsOfEachKind(t *testing.T) {
	torchtest.Run(t, func() error {
		x := torch.FromFloat64s([]float64{0, 1, 128.0 / 255, 0.2}, []int64{2, 2})
		out := torch.FromFloat64s([]float64{1, 1, 0, 0.7}, []int64{2, 2})
		torchtest.Near(t, "gaussian of sigma 0.5", gaussian{0.5}.nll(out, x), 1e-9,
			2+2*math.Log(0.5), 2*(128.0*128/255/255+0.25)+2*math.Log(0.5))
		torchtest.Near(t, "laplace", laplace{}.nll(out, x), 1e-12, 1, 128.0/255+0.5)
		logits := torch.Zeros([]int64{2, 2, levels}, torch.As(torch.Float64))
		torchtest.Near(t, "categorical without knowledge is 8 bits", categorical{}.nll(logits, x), 1e-12, 2*math.Log(256), 2*math.Log(256))
		sure := make([]float64, 4*levels)
		for i, level := range []int{0, 255, 128, 51} {
			sure[i*levels+level] = 100
		}
		certain := torch.FromFloat64s(sure, []int64{2, 2, levels})
		torchtest.Near(t, "categorical of the right levels", categorical{}.nll(certain, x), 1e-9, 0, 0)
		torchtest.Near(t, "its mean", categorical{}.mean(certain), 1e-9, x.Float64s()...)
		return nil
	})
}
