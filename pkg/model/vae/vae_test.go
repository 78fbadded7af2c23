package vae

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gotrainer/trainer/pkg/internal/torchtest"
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

func mlpConfig() Config {
	return Config{Network: Network{LatentDim: 3, Encoder: Encoder{Kind: "mlp", HiddenDims: []int64{8, 6}, Activation: "relu"}}, Observation: Observation{Likelihood: "bernoulli"}}
}

func convConfig(channels ...int64) Config { return kind("conv", channels...) }

// kind is a config with that architecture and one residual block where it has some.
func kind(name string, channels ...int64) Config {
	c := mlpConfig()
	c.Encoder.Kind, c.Encoder.Channels, c.Encoder.Blocks = name, channels, 1
	return c
}

// with builds a model in float64 and hands it to fn.
func with(t *testing.T, v model.Variant, params any, shape []int64, fn func(model.Model)) {
	t.Helper()
	torchtest.Run(t, func() error {
		scope := torch.NewScope("param")
		defer scope.Close()
		torch.Seed(1)
		m, err := v.Build(params, model.Inputs{Shape: shape, LabelShape: []int64{}, Classes: 2}, nn.Options{Device: torch.CPU, DType: torch.Float64, Scope: scope})
		if err != nil {
			return err
		}
		fn(m)
		return nil
	})
}

// The values are computed from the formula in float64.
func TestKLGolden(t *testing.T) {
	torchtest.Run(t, func() error {
		mu, s := torchtest.Wave(4, 3, 0, 1), torchtest.Wave(4, 3, 0.5, 0.5)
		meanKL := func(mu, s *torch.Tensor) *torch.Tensor {
			_, kl := mu.NormalPosterior(s, mu, minLogVar, maxLogVar)
			return kl.Mean()
		}
		for k, want := range []float64{0.308981, 0.500619, 0.072187} {
			torchtest.Near(t, "KL of one dimension", meanKL(mu.Narrow(1, int64(k), 1), s.Narrow(1, int64(k), 1)), 1e-6, want)
		}
		torchtest.Near(t, "mean KL", meanKL(mu, s), 1e-6, 0.881787)
		return nil
	})
}

// The Gaussian term carries the ½ of the density, and both sum over dimensions.
func TestLikelihoodsAreSumsInNats(t *testing.T) {
	torchtest.Run(t, func() error {
		x, out := torch.Zeros([]int64{2, 1, 2, 3}), torch.Ones([]int64{2, 1, 2, 3})
		torchtest.Near(t, "gaussian", gaussian{1}.nll(out, x), 1e-6, 3, 3)
		torchtest.Near(t, "bernoulli", bernoulli{}.nll(torch.Zeros([]int64{2, 4}), torch.Ones([]int64{2, 4})), 1e-6, 2.7725887, 2.7725887)
		return nil
	})
}

func TestBetaOneIsThePlainVAE(t *testing.T) {
	loss := func(v model.Variant, params any) (l float64) {
		with(t, v, params, []int64{5}, func(m model.Model) {
			c := &model.Context{Train: true, Noise: torchtest.Eps{Value: torchtest.Wave(4, 3, 2, 1)}}
			l = m.Loss(c, model.Batch{X: torchtest.Wave(4, 5, 0, 0.5).AddScalar(0.5)}).Loss.Item()
		})
		return l
	}
	c := mlpConfig()
	plain := loss(VAE(), &PlainConfig{Config: c})
	if one := loss(BetaVAE(), &BetaConfig{Config: c, Beta: 1}); one != plain {
		t.Errorf("beta 1 gives %v, the plain VAE %v", one, plain)
	}
	if four := loss(BetaVAE(), &BetaConfig{Config: c, Beta: 4}); four <= plain {
		t.Errorf("beta 4 gives %v, the plain VAE %v", four, plain)
	}
}

// exp of an unlimited log variance would overflow, and its gradient would be NaN.
func TestLogVarianceIsLimited(t *testing.T) {
	c := mlpConfig()
	with(t, VAE(), &PlainConfig{Config: c}, []int64{5}, func(m model.Model) {
		n := m.(*plain).Net
		torch.NoGrad(func() { n.LogVar.Bias.Fill_(1e6) })
		eps := torchtest.Eps{Value: torch.Ones([]int64{2, 3}, torch.As(torch.Float64))}
		out := m.Loss(&model.Context{Train: true, Noise: eps}, model.Batch{X: torch.Ones([]int64{2, 5}, torch.As(torch.Float64))})
		out.Loss.Backward()
		for _, p := range nn.Params(m) {
			if p.Tensor.Grad().NonFinite().Item() != 0 {
				t.Errorf("gradient of %s is not finite", p.Name)
			}
		}
		_, s := n.posterior(torch.Zeros([]int64{1, 5}, torch.As(torch.Float64)))
		torchtest.Near(t, "s", s, 0, 20, 20, 20)
	})
}

func TestEmbeddings(t *testing.T) {
	c := mlpConfig()
	with(t, VAE(), &PlainConfig{Config: c}, []int64{1, 2, 3}, func(m model.Model) {
		e, x := m.(*plain), torchtest.Wave(4, 6, 0, 1).Reshape([]int64{4, 1, 2, 3})
		embed := func(what string) *torch.Tensor {
			z, err := e.Embed(x, what, torchtest.Eps{Value: torchtest.Wave(4, 3, 0, 1)})
			if err != nil {
				t.Fatal(err)
			}
			return z
		}
		mean, both := embed("mean"), embed("mean_logvar")
		torchtest.Near(t, "the default", embed(""), 0, mean.Float64s()...)
		torchtest.Near(t, "the first half of mean_logvar", both.Narrow(1, 0, 3), 0, mean.Float64s()...)
		want := mean.Add(both.Narrow(1, 3, 3).MulScalar(0.5).Exp().Mul(torchtest.Wave(4, 3, 0, 1)))
		torchtest.Near(t, "sample", embed("sample"), 1e-12, want.Float64s()...)
		var mistake *model.Mistake
		if _, err := e.Embed(x, "codes", nil); !errors.As(err, &mistake) || !strings.Contains(err.Error(), "mean, sample and mean_logvar") {
			t.Errorf("unknown what: %v", err)
		}
		if y := e.Predict(x); !slices.Equal(y.Shape(), x.Shape()) || y.Lt(0).Any().Item() != 0 || y.Gt(1).Any().Item() != 0 {
			t.Errorf("prediction %v of shape %v is not in [0, 1] of shape %v", y.Float64s(), y.Shape(), x.Shape())
		}
	})
}

// Images go through an MLP flattened, and every even image through convolutions.
func TestArchitecturesKeepTheSampleShape(t *testing.T) {
	mirrored, own := convConfig(4, 6), convConfig(4, 6)
	own.Decoder.HiddenDims = []int64{7}
	flat := mlpConfig()
	for name, c := range map[string]struct {
		config  Config
		shape   []int64
		decoder string // name and shape of its last weight
	}{
		"mlp on a vector":       {flat, []int64{5}, "decoder.4.weight [5 8]"},
		"mlp on an image":       {flat, []int64{3, 5, 7}, "decoder.4.weight [105 8]"},
		"conv on an image":      {mirrored, []int64{2, 8, 12}, "decoder.9.weight [4 2 4 4]"},
		"conv with own decoder": {own, []int64{1, 8, 8}, "decoder.7.weight [4 1 4 4]"},
		"Burgess, 32×32":        {kind("conv", 32, 32, 32), []int64{1, 32, 32}, "decoder.11.weight [32 1 4 4]"},
		"Burgess, 64×64":        {kind("conv", 32, 32, 32, 32), []int64{3, 64, 64}, "decoder.13.weight [32 3 4 4]"},
		"dlib, 64×64":           {kind("conv_dlib", 32, 32, 64, 64), []int64{1, 64, 64}, "decoder.13.weight [32 1 4 4]"},
		"dlib, 32×48":           {kind("conv_dlib", 4, 4, 6, 6), []int64{3, 32, 48}, "decoder.13.weight [4 3 4 4]"},
		"dlib's mlp":            {kind("mlp_dlib"), []int64{1, 3, 3}, "decoder.6.weight [9 8]"},
		"resnet":                {kind("resnet", 8, 16, 24), []int64{1, 8, 16}, "decoder.18.weight [1 8 3 3]"},
		"VQ-VAE's":              {kind("vq_conv", 4, 6), []int64{2, 12, 8}, "decoder.11.weight [4 2 4 4]"},
	} {
		t.Run(name, func(t *testing.T) {
			with(t, VAE(), &PlainConfig{Config: c.config}, c.shape, func(m model.Model) {
				x := torch.Ones(append([]int64{2}, c.shape...), torch.As(torch.Float64))
				if y := m.(*plain).Predict(x); !slices.Equal(y.Shape(), x.Shape()) {
					t.Errorf("x %v became %v", x.Shape(), y.Shape())
				}
				var weights []string
				for _, p := range nn.StateDict(m) {
					if strings.HasSuffix(p.Name, "weight") {
						weights = append(weights, fmt.Sprint(p.Name, " ", p.Tensor.Shape()))
					}
				}
				if got := weights[len(weights)-1]; got != c.decoder {
					t.Errorf("the last weight is %s, want %s", got, c.decoder)
				}
			})
		})
	}
}

func TestWhatDoesNotFitIsOneSentence(t *testing.T) {
	bad := func(edit func(*Config)) Config {
		c := convConfig(4, 6, 8)
		edit(&c)
		return c
	}
	none := func(*Config) {}
	for name, c := range map[string]struct {
		config Config
		shape  []int64
		want   string
	}{
		"conv on a vector":     {bad(none), []int64{20}, "model.encoder.kind: conv needs images of shape [channels height width], the data's samples have shape [20]; use kind: mlp"},
		"28 is halved twice":   {bad(none), []int64{1, 28, 28}, "model.encoder.channels: 3 convolutions halve the image 3 times, but 28×28 can be halved only 2 times; give at most 2 channels"},
		"the narrower side":    {bad(none), []int64{1, 64, 12}, "64×12 can be halved only 2 times"},
		"odd image":            {bad(none), []int64{1, 33, 32}, "model.encoder.kind: conv halves the image, and a side of 33×32 is odd; use kind: mlp"},
		"unknown kind":         {bad(func(c *Config) { c.Encoder.Kind = "rnn" }), []int64{4}, `model.encoder.kind: found "rnn"`},
		"unknown likelihood":   {bad(func(c *Config) { c.Likelihood = "poisson" }), []int64{1, 8, 8}, `model.likelihood: found "poisson"`},
		"unknown activation":   {bad(func(c *Config) { c.Encoder.Activation = "step" }), []int64{1, 8, 8}, `model.encoder.activation: found "step"`},
		"groups of channels":   {kind("resnet", 8, 12), []int64{1, 8, 8}, "model.encoder.channels: found 12, but resnet normalises over 8 groups of channels; give multiples of 8"},
		"resnet on a vector":   {kind("resnet", 8), []int64{9}, "model.encoder.kind: resnet needs images"},
		"unknown, in decoder":  {bad(func(c *Config) { c.Decoder.Activation = "step" }), []int64{1, 8, 8}, `model.decoder.activation: found "step"`},
		"more halvings than 8": {bad(func(c *Config) { c.Encoder.Channels = []int64{1, 1, 1, 1} }), []int64{1, 8, 8}, "give at most 3 channels"},
	} {
		t.Run(name, func(t *testing.T) {
			torchtest.Run(t, func() error {
				scope := torch.NewScope("param")
				defer scope.Close()
				_, err := VAE().Build(&PlainConfig{Config: c.config}, model.Inputs{Shape: c.shape}, nn.Default(scope))
				var mistake *model.Mistake
				if !errors.As(err, &mistake) || !strings.Contains(err.Error(), c.want) {
					t.Errorf("err = %v, want %s", err, c.want)
				}
				return nil
			})
		})
	}
}

func TestBernoulliRefusesDataOutsideOfZeroToOne(t *testing.T) {
	for _, c := range []struct {
		likelihood string
		data       []float32
		refused    bool
	}{
		{"bernoulli", []float32{0, 0.5, 1}, false},
		{"bernoulli", []float32{-0.1, 0.5, 1}, true},
		{"bernoulli", []float32{0, 0.5, 255}, true},
		{"gaussian", []float32{-3, 0.5, 255}, false},
	} {
		torchtest.Run(t, func() error {
			scope := torch.NewScope("param")
			defer scope.Close()
			cfg := mlpConfig()
			cfg.Likelihood = c.likelihood
			m, err := VAE().Build(&PlainConfig{Config: cfg}, model.Inputs{Shape: []int64{3}}, nn.Default(scope))
			if err != nil {
				return err
			}
			err = m.(*plain).CheckData(torch.FromFloat32s(c.data, []int64{1, 3}))
			if (err != nil) != c.refused {
				t.Errorf("%s on %v: err = %v", c.likelihood, c.data, err)
			}
			return nil
		})
	}
}
