package vae

import (
	"math"
	"testing"

	"github.com/gotrainer/trainer/pkg/internal/torchtest"
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/torch"
)

func TestDIPGolden(t *testing.T) {
	torchtest.Run(t, func() error {
		p := pass{mu: torchtest.Wave(4, 3, 0, 1), logvar: torchtest.Wave(4, 3, 0.5, 0.5)}
		torchtest.Near(t, "DIP-I", (&dip{offDiag: 1, diagonal: 10}).penalty(p), 1e-6, 11.268675)
		torchtest.Near(t, "DIP-II", (&dip{offDiag: 1, diagonal: 1, noise: true}).penalty(p), 1e-6, 2.587569)
		return nil
	})
}

func TestIWAEBoundGolden(t *testing.T) {
	torchtest.Run(t, func() error {
		logw := torch.FromFloat64s([]float64{-1, -2, -3}, []int64{3, 1})
		torchtest.Near(t, "bound", (&iwae{samples: 3}).bound(logw), 1e-6, -1.691006)
		return nil
	})
}

// evaluated is loss and metrics of a model in float64 at step 50, for 4 samples and that
// many draws of noise each; check may look at the same model.
func evaluated(t *testing.T, v model.Variant, params any, train bool, draws int64, check func(model.Model, *model.Context, model.Batch)) map[string]float64 {
	t.Helper()
	all := map[string]float64{}
	with(t, v, params, []int64{5}, func(m model.Model) {
		c := &model.Context{Train: train, Scalars: model.AtStep(50), Noise: torchtest.Eps{Value: torchtest.Wave(4*draws, 3, 2, 1)}}
		b := model.Batch{X: torchtest.Wave(4, 5, 0, 0.5).AddScalar(0.5)}
		out := m.Loss(c, b)
		all["loss"] = out.Loss.Item()
		for _, metric := range out.Metrics {
			all[metric.Name] = metric.Value.Item()
		}
		if check != nil {
			check(m, c, b)
		}
	})
	return all
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) <= 1e-10*math.Max(1, math.Abs(want))) {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

func TestCapacityOfNothingIsTheWeightedKL(t *testing.T) {
	c := CapacityConfig{Config: mlpConfig(), Gamma: 7, CapacitySteps: 100}
	got, want := evaluated(t, Capacity(), &c, true, 1, nil), evaluated(t, BetaVAE(), &BetaConfig{Config: mlpConfig(), Beta: 7}, true, 1, nil)
	near(t, "the loss without capacity", got["loss"], want["loss"])
	c.Capacity = 8
	half, whole := evaluated(t, Capacity(), &c, true, 1, nil), evaluated(t, Capacity(), &c, false, 1, nil)
	near(t, "the capacity half way", half["capacity"], 4)
	near(t, "the loss half way", half["loss"], half["recon"]+7*math.Abs(half["kl"]-4))
	near(t, "the capacity of evaluation", whole["capacity"], 8)
	near(t, "the loss of evaluation", whole["loss"], whole["recon"]+7*math.Abs(whole["kl"]-8))
}

// One draw is the ELBO's own, with ln q(z|x) - ln p(z) of that draw in place of the KL.
func TestIWAEOfOneDrawIsTheELBO(t *testing.T) {
	want, c := 0.0, mlpConfig()
	evaluated(t, VAE(), &PlainConfig{Config: c}, true, 1, func(m model.Model, c *model.Context, b model.Batch) {
		p := m.(*plain).pass(c, b.X)
		given := logNormal(p.z.Sub(p.mu).Square().Mul(p.s().Neg().Exp()).Add(p.s()))
		want = p.recon.Add(given).Sub(logNormal(p.z.Square())).Mean().Item()
	})
	for _, dreg := range []bool{false, true} {
		got := evaluated(t, IWAE(), &IWAEConfig{Config: mlpConfig(), Samples: 1, DReG: dreg}, true, 1, nil)
		near(t, "the loss of one draw", got["loss"], want)
		near(t, "its bound", got["bound"], -want)
	}
}

// Only the gradient of the encoder differs.
func TestBothGradientsOfIWAEHaveOneValue(t *testing.T) {
	plain := evaluated(t, IWAE(), &IWAEConfig{Config: mlpConfig(), Samples: 5}, true, 5, nil)
	for _, train := range []bool{true, false} {
		dreg := evaluated(t, IWAE(), &IWAEConfig{Config: mlpConfig(), Samples: 5, DReG: true}, train, 5, nil)
		near(t, "the loss with dreg", dreg["loss"], plain["loss"])
	}
}

// The optimal σ goes with the data: scaling x and m by a costs D ln a.
func TestOptimalSigmaIsInvariantToScale(t *testing.T) {
	torchtest.Run(t, func() error {
		x, out := torchtest.Wave(4, 5, 0, 1), torchtest.Wave(4, 5, 0.3, 0.8)
		want := oneSigma{}.nll(out, x).AddScalar(5 * math.Log(3)).Float64s()
		torchtest.Near(t, "the likelihood at three times the scale", oneSigma{}.nll(out.MulScalar(3), x.MulScalar(3)), 1e-12, want...)
		variance := x.Sub(out).Square().Mean()
		exact := x.Sub(out).Square().Div(variance).Add(variance.Log()).SumDim([]int64{1}, false).MulScalar(0.5)
		torchtest.Near(t, "the likelihood", oneSigma{}.nll(out, x), 1e-12, exact.Float64s()...)
		torchtest.Near(t, "without errors", oneSigma{}.nll(x, x), 1e-12, -30, -30, -30, -30)
		low := oneSigma{g: torch.Scalar(-100, torch.As(torch.Float64))}
		torchtest.Near(t, "the lowest ln σ that can be learned", low.log(nil, nil), 1e-12, -6)
		unit := oneSigma{g: torch.Scalar(math.Log(math.Exp(6)-1)-6, torch.As(torch.Float64))}
		torchtest.Near(t, "the likelihood of σ = 1", unit.nll(out, x), 1e-12, gaussian{1}.nll(out, x).Float64s()...)
		return nil
	})
}

// ln p(x, z) has all constants: the density of a Gaussian sums to what math says.
func TestLogJointHasAllConstants(t *testing.T) {
	for likelihood, constant := range map[string]float64{"gaussian": 5 * 0.5 * math.Log(2*math.Pi), "laplace": 5 * math.Ln2, "bernoulli": 0, "categorical": 0} {
		c := mlpConfig()
		c.Likelihood, c.Sigma = likelihood, 1
		with(t, VAE(), &PlainConfig{Config: c}, []int64{5}, func(m model.Model) {
			n := m.(*plain).Net
			x, z := torchtest.Wave(4, 5, 0, 0.5).AddScalar(0.5), torchtest.Wave(4, 3, 0, 1)
			prior := z.Square().SumDim([]int64{1}, false).MulScalar(-0.5).AddScalar(-1.5 * math.Log(2*math.Pi))
			want := prior.Sub(n.likelihood.nll(n.decode(z, false), x)).AddScalar(-constant)
			torchtest.Near(t, likelihood, n.LogJoint(x, z), 1e-12, want.Float64s()...)
		})
	}
}

func TestMeasuresOfLikelihoods(t *testing.T) {
	for name, want := range map[string]string{"bernoulli": "unnormalised", "gaussian": "density", "laplace": "density", "categorical": "probability"} {
		if l, err := newLikelihood(name, 1); err != nil || l.measures() != want {
			t.Errorf("%s: %v, %v, want %s", name, l.measures(), err, want)
		}
	}
}

func TestWhatHasNoKLOfEachDimensionRefusesFreeBits(t *testing.T) {
	free := mlpConfig()
	free.KL.FreeBits = 0.1
	for name, problems := range map[string][]string{
		"iwae": (&IWAEConfig{Config: free}).Validate(), "beta_tc_vae": (&BetaTCConfig{Config: free}).Validate(),
	} {
		if len(problems) != 1 {
			t.Errorf("%s: %q", name, problems)
		}
	}
}
