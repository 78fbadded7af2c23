package builtin_test

import (
	"iter"
	"reflect"
	"slices"
	"testing"

	"github.com/gotrainer/trainer/pkg/config"
	"github.com/gotrainer/trainer/pkg/infer"
	"github.com/gotrainer/trainer/pkg/internal/torchtest"
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/model/builtin"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

var _ config.Models = model.Registry{}

func TestTheFirstVariantOfATypeIsItsDefault(t *testing.T) {
	r := builtin.Registry()
	if got := r.Types(); !slices.Equal(got, []string{"vae", "sae", "custom_model"}) {
		t.Errorf("types %v", got)
	}
	for typ, want := range map[string]string{"vae": "vae", "sae": "relu_l1", "custom_model": "custom", "gan": ""} {
		if got := r.Default(typ); got != want {
			t.Errorf("default of %s is %q, want %q", typ, got, want)
		}
	}
}

// Tags that cannot be read, or a default that fails its own check, would show only
// when somebody uses that variant.
func TestTagsOfEveryVariantAreSound(t *testing.T) {
	for _, v := range builtin.Registry() {
		if err := config.VerifyTags(v.Params()); err != nil {
			t.Errorf("%s/%s: %v", v.Type, v.Name, err)
		}
	}
}

// minimal is a model section for each variant with what is required and no more.
var minimal = map[string]string{
	"vae":          "{type: vae, latent_dim: 2}",
	"beta_vae":     "{type: vae, variant: beta_vae, latent_dim: 2, encoder: {kind: conv}}",
	"capacity":     "{type: vae, variant: capacity, latent_dim: 2}",
	"sigma_vae":    "{type: vae, variant: sigma_vae, latent_dim: 2, sigma: learned}",
	"iwae":         "{type: vae, variant: iwae, latent_dim: 2, samples: 3, dreg: true}",
	"beta_tc_vae":  "{type: vae, variant: beta_tc_vae, latent_dim: 2}",
	"dip_vae_i":    "{type: vae, variant: dip_vae_i, latent_dim: 2}",
	"dip_vae_ii":   "{type: vae, variant: dip_vae_ii, latent_dim: 2}",
	"vamp":         "{type: vae, variant: vamp, latent_dim: 2, components: 3}",
	"factor_vae":   "{type: vae, variant: factor_vae, latent_dim: 2, discriminator: {hidden_dims: [8, 6]}}",
	"cvae":         "{type: vae, variant: cvae, latent_dim: 2}",
	"info_vae":     "{type: vae, variant: info_vae, latent_dim: 2}",
	"wae_mmd":      "{type: vae, variant: wae_mmd, latent_dim: 2}",
	"vq_vae":       "{type: vae, variant: vq_vae, latent_dim: 4, codes: 6, encoder: {channels: [4, 4]}}",
	"msssim_vae":   "{type: vae, variant: msssim_vae, latent_dim: 2}",
	"ae":           "{type: vae, variant: ae, latent_dim: 2}",
	"denoising_ae": "{type: vae, variant: denoising_ae, latent_dim: 2}",
	"relu_l1":      "{type: sae, d_sae: 8}",
	"topk":         "{type: sae, variant: topk, d_sae: 8, k: 2}",
	"batch_topk":   "{type: sae, variant: batch_topk, d_sae: 8, k: 2}",
	"matryoshka":   "{type: sae, variant: matryoshka, d_sae: 8, k: 2}",
	"gated":        "{type: sae, variant: gated, d_sae: 8}",
	"jump_relu":    "{type: sae, variant: jump_relu, d_sae: 8}",

	"p_anneal":        "{type: sae, variant: p_anneal, d_sae: 8, anneal_end_step: 20000}",
	"transcoder":      "{type: sae, variant: transcoder, d_sae: 8, k: 2}",
	"skip_transcoder": "{type: sae, variant: skip_transcoder, d_sae: 8, k: 2}",
	"crosscoder":      "{type: sae, variant: crosscoder, d_sae: 8}",

	"custom":     "{type: custom_model, loss: mse, target: input, layers: [flatten, linear: 256]}",
	"multi_head": "{type: custom_model, variant: multi_head, layers: [flatten, linear: 8], heads: [{name: image, loss: mse, target: input, layers: [linear: 256]}, {name: code, loss: mae, target: input, weight: 0.5, layers: [relu, linear: 256]}]}",
}

// Each variant trains, evaluates without moving anything, embeds and predicts in the
// sample's shape; its metrics do not change between steps.
func TestEveryVariantKeepsTheContract(t *testing.T) {
	shape := []int64{1, 16, 16}
	for _, v := range builtin.Registry() {
		t.Run(v.Type+"/"+v.Name, func(t *testing.T) {
			in := labelled(v.Name, shape)
			build(t, minimal[v.Name], in, torch.Float32, func(m model.Model) {
				x := torchtest.Wave(6, 256, 0, 0.5).AddScalar(0.5).To(torch.Float32).Reshape(append([]int64{6}, shape...))
				y := x
				if in.Classes > 0 {
					y = torch.FromFloat32s([]float32{0, 1, 2, 2, 1, 0}, []int64{6})
				}
				noise := func() model.Noise { return torchtest.NewDraws(torchtest.Wave(1, 97, 0, 1)) }
				checkHooks(t, m)
				train := m.Loss(&model.Context{Train: true, Noise: noise()}, model.Batch{X: x, Y: y})
				train.Loss.Backward()
				for _, p := range nn.Params(m) {
					if p.Tensor.Grad() == nil || p.Tensor.Grad().NonFinite().Item() != 0 {
						t.Errorf("%s has no finite gradient", p.Name)
					}
				}
				before := snapshot(m)
				var first, second model.Output
				torch.NoGrad(func() {
					first = m.Loss(&model.Context{Noise: noise()}, model.Batch{X: x, Y: y})
					second = m.Loss(&model.Context{Noise: noise(), Scalars: model.AtStep(9)}, model.Batch{X: x, Y: y})
				})
				if a, b := first.Loss.Item(), second.Loss.Item(); a != b {
					t.Errorf("evaluation gives %v, then %v", a, b)
				}
				if !slices.Equal(metricNames(train), metricNames(first)) {
					t.Errorf("metrics %v in training, %v in evaluation", metricNames(train), metricNames(first))
				}
				if !slices.Equal(before, snapshot(m)) {
					t.Error("evaluation changed a tensor of the model")
				}
				checkOutputs(t, given(m, y), x, noise())
			})
		})
	}
}

// checkHooks holds that hooks are those that the trainer calls: one with other arguments
// would be passed over without a word.
func checkHooks(t *testing.T, m model.Model) {
	t.Helper()
	for name, hook := range map[string]reflect.Type{
		"DataInit":      reflect.TypeFor[interface{ DataInit(model.Batch) }](),
		"Survey":        reflect.TypeFor[interface{ Survey(iter.Seq[model.Batch]) }](),
		"Pace":          reflect.TypeFor[interface{ Pace(int64) float64 }](),
		"CheckData":     reflect.TypeFor[interface{ CheckData(*torch.Tensor) error }](),
		"Indices":       reflect.TypeFor[interface{ Indices() []model.Index }](),
		"AfterBackward": reflect.TypeFor[interface{ AfterBackward() }](),
		"AfterStep":     reflect.TypeFor[interface{ AfterStep() }](),
	} {
		typ := reflect.TypeOf(m)
		if _, has := typ.MethodByName(name); has && !typ.Implements(hook) {
			t.Errorf("%s is not the trainer's hook %s", name, hook)
		}
	}
}

// labelled are inputs with labels that a variant can be built for: three classes where it
// needs classes, else labels of the sample's shape.
func labelled(variant string, shape []int64) model.Inputs {
	if variant == "cvae" {
		return model.Inputs{Shape: shape, LabelShape: []int64{}, Classes: 3}
	}
	return model.Inputs{Shape: shape, LabelShape: shape}
}

// given is a model with the labels y where its outputs depend on them.
func given(m model.Model, y *torch.Tensor) model.Model {
	g := infer.NewGiven(m)
	if g == nil {
		return m
	}
	g.Set(y)
	return g
}

// outputs is what package infer asks of a model.
type outputs interface {
	Embed(x *torch.Tensor, what string, noise model.Noise) (*torch.Tensor, error)
	Predict(x *torch.Tensor) *torch.Tensor
}

func checkOutputs(t *testing.T, m model.Model, x *torch.Tensor, noise model.Noise) {
	t.Helper()
	torch.NoGrad(func() {
		if y := m.(outputs).Predict(x); !slices.Equal(y.Shape(), x.Shape()) {
			t.Errorf("predictions have shape %v", y.Shape())
		}
		if z, err := m.(outputs).Embed(x, "", noise); err != nil || z.Dim() != 2 || z.Size(0) != 6 {
			t.Errorf("embedding %v, %v", z, err)
		}
	})
}

// snapshot is the bytes of every tensor of the model.
func snapshot(m model.Model) []byte {
	var all []byte
	for _, p := range nn.Walk(m) {
		all = append(all, p.Tensor.Raw()...)
	}
	return all
}

func metricNames(out model.Output) (names []string) {
	for _, m := range out.Metrics {
		names = append(names, m.Name)
	}
	return names
}

// build makes the model of a section, as a command does, and hands it to fn.
func build(t *testing.T, section string, in model.Inputs, dtype torch.DType, fn func(model.Model)) {
	t.Helper()
	seeded(t, 1, section, in, dtype, fn)
}

func seeded(t *testing.T, seed int64, section string, in model.Inputs, dtype torch.DType, fn func(model.Model)) {
	t.Helper()
	text := "experiment: {name: a, output_dir: b}\ndata: {source: shapes}\nmodel: " + section + "\n"
	c, _, err := config.ParseTrain("test.yaml", []byte(text), config.Options{Models: builtin.Registry()})
	if err != nil {
		t.Fatal(err)
	}
	v, _ := builtin.Registry().Find(c.Model.Type, c.Model.Variant)
	torchtest.Run(t, func() error {
		scope := torch.NewScope("param")
		defer scope.Close()
		torch.Seed(seed)
		m, err := v.Build(c.Model.Params, in, nn.Options{Device: torch.CPU, DType: dtype, Scope: scope})
		if err != nil {
			return err
		}
		fn(m)
		return nil
	})
}
