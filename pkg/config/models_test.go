package config

import (
	"fmt"
	"strings"
)

// fakeModels is a small registry with the shapes of real ones: shared keys, a key of one
// variant alone, a list of layers, a type without variants.
type fakeModels struct{}

type fakeVAE struct {
	LatentDim  int         `yaml:"latent_dim" check:"required,min=1" doc:"size of the latent space"`
	Encoder    fakeEncoder `yaml:"encoder" doc:"the encoder"`
	Likelihood string      `yaml:"likelihood" default:"bernoulli" check:"oneof=bernoulli|gaussian" doc:"the likelihood"`
}

type fakeBeta struct {
	fakeVAE
	Beta float64 `yaml:"beta" default:"4.0" check:"min=0" doc:"weight of the KL term"`
}

type fakeEncoder struct {
	Kind       string `yaml:"kind" default:"mlp" check:"oneof=mlp|conv" doc:"the kind"`
	HiddenDims []int  `yaml:"hidden_dims" default:"[512, 256]" check:"min=1,minlen=1" doc:"sizes of the hidden layers"`
	Channels   []int  `yaml:"channels" default:"[32, 32, 32]" check:"min=1" when:"kind=conv" doc:"channels of the convolutions"`
	Activation string `yaml:"activation" default:"relu" check:"oneof=relu|tanh" doc:"the activation"`
}

type fakeSAE struct {
	DSae int      `yaml:"d_sae" check:"required,min=1" doc:"number of features"`
	K    int      `yaml:"k" default:"32" check:"min=1" doc:"active features a sample"`
	Aux  *float64 `yaml:"aux_coefficient" check:"min=0" doc:"weight of the auxiliary loss"`
}

func (s *fakeSAE) Validate() []string {
	if s.K > s.DSae {
		return []string{fmt.Sprintf("k: found %d, expected at most d_sae (%d)", s.K, s.DSae)}
	}
	return nil
}

type fakeCustom struct {
	Layers []fakeLayer `yaml:"layers" check:"required,minlen=1" doc:"the layers in order"`
	Loss   string      `yaml:"loss" default:"mse" check:"oneof=mse|cross_entropy" doc:"the loss"`
}

type fakeLayer struct {
	Kind   string
	Linear fakeLinear
}

type fakeLinear struct {
	Out  int  `yaml:"out" check:"required,min=1" doc:"outputs"`
	Bias bool `yaml:"bias" default:"true" doc:"add a bias"`
}

func (l *fakeLayer) UnmarshalConfig(v Value) {
	word, under, ok := v.Tagged()
	if !ok {
		return
	}
	l.Kind = word
	switch word {
	case "linear":
		under.Decode(&l.Linear)
	case "relu":
		if under.Shape() != Nothing {
			under.Wrong("nothing under relu")
		}
	default:
		v.WrongWord(word, []string{"linear", "relu"})
	}
}

func (fakeModels) Params(typ, variant string) (any, bool) {
	switch typ + "/" + variant {
	case "vae/vae":
		return new(fakeVAE), true
	case "vae/beta_vae":
		return new(fakeBeta), true
	case "sae/topk":
		return new(fakeSAE), true
	case "custom_model/":
		return new(fakeCustom), true
	}
	return nil, false
}

func (fakeModels) Types() []string { return []string{"vae", "sae", "custom_model"} }

func (fakeModels) Variants(typ string) []string {
	return map[string][]string{"vae": {"vae", "beta_vae"}, "sae": {"topk"}}[typ]
}

func (fakeModels) Default(typ string) string {
	return map[string]string{"vae": "vae", "sae": "topk"}[typ]
}

// testOptions has the fake models and an environment of the given NAME=value texts.
func testOptions(env ...string) Options {
	vars := map[string]string{}
	for _, e := range env {
		name, value, _ := strings.Cut(e, "=")
		vars[name] = value
	}
	return Options{Models: fakeModels{}, Env: func(name string) (string, bool) {
		v, ok := vars[name]
		return v, ok
	}}
}
