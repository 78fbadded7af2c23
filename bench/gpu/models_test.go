package gpu

import (
	"slices"
	"testing"

	"github.com/gotrainer/trainer/pkg/config"
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/model/builtin"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

// sections are model sections of every variant.
var sections = map[string][]string{
	"vae/vae": {
		"{type: vae, latent_dim: 3, encoder: {hidden_dims: [24, 12]}, likelihood: bernoulli}",
		"{type: vae, latent_dim: 3, encoder: {hidden_dims: [16], activation: tanh}, likelihood: gaussian}",
		"{type: vae, latent_dim: 3, encoder: {kind: mlp_dlib, hidden_dims: [24, 12]}}",
		"{type: vae, latent_dim: 3, encoder: {kind: conv_dlib, channels: [4, 4, 6], hidden_dims: [12]}}",
		"{type: vae, latent_dim: 3, encoder: {kind: resnet, channels: [16], blocks: 1, hidden_dims: [12]}}",
		"{type: vae, latent_dim: 3, encoder: {kind: vq_conv, channels: [4, 6], blocks: 1, hidden_dims: [12]}}",
		"{type: vae, latent_dim: 3, encoder: {hidden_dims: [16], activation: tanh}, likelihood: gaussian, sigma: 0.5, kl: {free_bits: 0.2}}",
		"{type: vae, latent_dim: 3, encoder: {hidden_dims: [16], activation: tanh}, likelihood: laplace, kl: {schedule: linear, steps: 9}}",
		"{type: vae, latent_dim: 3, encoder: {hidden_dims: [8], activation: tanh}, likelihood: categorical}",
	},
	"vae/beta_vae":     {"{type: vae, variant: beta_vae, latent_dim: 2, beta: 4, encoder: {kind: conv, channels: [4, 4], hidden_dims: [12]}}"},
	"vae/vamp":         {"{type: vae, variant: vamp, latent_dim: 3, components: 4, encoder: {hidden_dims: [16], activation: tanh}}"},
	"vae/factor_vae":   {"{type: vae, variant: factor_vae, latent_dim: 3, encoder: {hidden_dims: [16], activation: tanh}, discriminator: {hidden_dims: [8, 6]}}"},
	"vae/cvae":         {"{type: vae, variant: cvae, latent_dim: 3, encoder: {hidden_dims: [16], activation: tanh}}", "{type: vae, variant: cvae, latent_dim: 3, labels: embedding, label_dim: 2, prior: label, encoder: {kind: conv, channels: [4], hidden_dims: [8], activation: tanh}}"},
	"vae/info_vae":     {"{type: vae, variant: info_vae, latent_dim: 3, encoder: {hidden_dims: [16], activation: tanh}, lambda: 5}"},
	"vae/msssim_vae":   {"{type: vae, variant: msssim_vae, latent_dim: 3, encoder: {hidden_dims: [16], activation: tanh}}"},
	"vae/wae_mmd":      {"{type: vae, variant: wae_mmd, latent_dim: 3, encoder: {hidden_dims: [16], activation: tanh}}", "{type: vae, variant: wae_mmd, latent_dim: 3, encoder: {hidden_dims: [16], activation: tanh}, kernel: rbf}"},
	"vae/vq_vae":       {"{type: vae, variant: vq_vae, latent_dim: 3, codes: 12, encoder: {channels: [4], blocks: 1}}", "{type: vae, variant: vq_vae, latent_dim: 3, codes: 12, codebook: gradient, encoder: {channels: [4], blocks: 1}}"},
	"vae/ae":           {"{type: vae, variant: ae, latent_dim: 3, encoder: {hidden_dims: [16], activation: tanh}}"},
	"vae/denoising_ae": {"{type: vae, variant: denoising_ae, latent_dim: 3, encoder: {hidden_dims: [16], activation: tanh}}"},
	"vae/capacity":     {"{type: vae, variant: capacity, latent_dim: 3, encoder: {hidden_dims: [16], activation: tanh}}"},
	"vae/sigma_vae": {
		"{type: vae, variant: sigma_vae, latent_dim: 3, encoder: {hidden_dims: [16], activation: tanh}}",
		"{type: vae, variant: sigma_vae, latent_dim: 3, sigma: learned, encoder: {hidden_dims: [16], activation: tanh}}",
	},
	"vae/iwae": {
		"{type: vae, variant: iwae, latent_dim: 3, samples: 3, encoder: {hidden_dims: [16], activation: tanh}}",
		"{type: vae, variant: iwae, latent_dim: 3, samples: 3, dreg: true, encoder: {hidden_dims: [16], activation: tanh}}",
	},
	"vae/beta_tc_vae": {
		"{type: vae, variant: beta_tc_vae, latent_dim: 3, encoder: {hidden_dims: [16], activation: tanh}}",
		"{type: vae, variant: beta_tc_vae, latent_dim: 3, estimator: mws, encoder: {hidden_dims: [16], activation: tanh}}",
	},
	"vae/dip_vae_i":  {"{type: vae, variant: dip_vae_i, latent_dim: 3, encoder: {hidden_dims: [16], activation: tanh}}"},
	"vae/dip_vae_ii": {"{type: vae, variant: dip_vae_ii, latent_dim: 3, encoder: {hidden_dims: [16], activation: tanh}}"},
	"sae/relu_l1": {
		"{type: sae, d_sae: 96, sparsity_warmup_steps: 9, dead_after_samples: 40}",
		"{type: sae, d_sae: 96, sparsity_warmup_steps: 9, decoder_constraint: none, normalize_activations: expected_average_only_in}",
		"{type: sae, d_sae: 96, sparsity_warmup_steps: 9, dead_after_samples: 40, ghost_gradients: true, resample_every_steps: 30, resample_warmup_steps: 9, target_l0: 4}",
	},
	"sae/topk": {
		"{type: sae, variant: topk, d_sae: 96, k: 5, aux_k: 8, dead_after_samples: 1}",
		"{type: sae, variant: topk, d_sae: 96, k: 5, k_start: 40, k_anneal_steps: 130, aux_k: 8, dead_after_samples: 1}",
		"{type: sae, variant: topk, d_sae: 96, k: 5, normalize_activations: layer_norm, apply_b_dec_to_input: false, dead_after_samples: 1}",
	},
	"sae/batch_topk": {
		"{type: sae, variant: batch_topk, d_sae: 96, k: 5, aux_k: 8, dead_after_samples: 1}",
		"{type: sae, variant: batch_topk, d_sae: 96, k: 5, k_start: 40, k_anneal_steps: 130, aux_k: 8, dead_after_samples: 1}",
	},
	"sae/matryoshka": {"{type: sae, variant: matryoshka, d_sae: 96, k: 5, prefixes: [16, 40, 96], dead_after_samples: 40}"},
	"sae/gated":      {"{type: sae, variant: gated, d_sae: 96, sparsity_warmup_steps: 9, dead_after_samples: 40, resample_every_steps: 50}"},
	"sae/jump_relu":  {"{type: sae, variant: jump_relu, d_sae: 96, sparsity_warmup_steps: 9, bandwidth: 0.5, threshold_init: 0.1, dead_after_samples: 40}"},
	"sae/p_anneal": {
		"{type: sae, variant: p_anneal, d_sae: 96, sparsity_warmup_steps: 9, dead_after_samples: 40, anneal_start_step: 40, anneal_end_step: 160, anneal_updates: 5, target_l0: 4}",
		"{type: sae, variant: p_anneal, compat: dictionary_learning, d_sae: 96, sparsity_warmup_steps: 9, dead_after_samples: 40, anneal_start_step: 40, anneal_end_step: 160, anneal_updates: 5, resample_every_steps: 60}",
	},
	"sae/transcoder": {
		"{type: sae, variant: transcoder, d_sae: 96, k: 3, aux_k: 4, dead_after_samples: 40}",
		"{type: sae, variant: transcoder, activation: relu, d_sae: 96, sparsity_warmup_steps: 9, target_l0: 4}",
	},
	"sae/skip_transcoder": {"{type: sae, variant: skip_transcoder, d_sae: 96, k: 3, aux_k: 4, multi_topk: true, dead_after_samples: 40}"},
	"sae/crosscoder":      {"{type: sae, variant: crosscoder, d_sae: 96, sparsity_warmup_steps: 9, dead_after_samples: 40, ghost_gradients: true, resample_every_steps: 60}"},
	"custom_model/custom": {
		"{type: custom_model, loss: cross_entropy, layers: [flatten, linear: 12, batch_norm1d, relu, linear: 3]}",
		"{type: custom_model, loss: mse, target: input, layers: [conv2d: {out: 2, kernel: 3, padding: 1}, batch_norm2d, gelu, flatten, layer_norm, linear: 64]}",
	},
	"custom_model/multi_head": {
		"{type: custom_model, variant: multi_head, inputs: [{name: upper, take: [0, 32], shape: [1, 4, 8], layers: [conv2d: {out: 2, kernel: 3}, max_pool2d: 2]}, {name: all, layers: [linear: 4]}], " +
			"layers: [linear: 8, elu], heads: [{name: kind, loss: cross_entropy, label_smoothing: 0.1, class_weights: [1, 2, 3], layers: [linear: 3]}, {name: image, loss: huber, target: input, weight: 3, layers: [linear: 64]}]}",
	},
}

var inputs = model.Inputs{Shape: []int64{1, 8, 8}, LabelShape: []int64{}, Classes: 3}

const rows = 6

func TestEveryModelComputesWhatItComputesOnTheCPU(t *testing.T) {
	for _, v := range builtin.Registry() {
		name := v.Type + "/" + v.Name
		if len(sections[name]) == 0 {
			t.Errorf("%s has no section in this suite; add one", name)
		}
		for _, section := range sections[name] {
			for dtype, tolerance := range map[torch.DType]float64{torch.Float64: 1e-9, torch.Float32: 1e-4} {
				t.Run(name+"/"+dtype.String(), func(t *testing.T) {
					run(t, func() error { return compareModel(t, v, section, dtype, tolerance) })
				})
			}
		}
	}
}

func compareModel(t *testing.T, v model.Variant, section string, dtype torch.DType, tolerance float64) error {
	scope := torch.NewScope("param")
	defer scope.Close()
	onCPU, err := build(v, section, nn.Options{Device: torch.CPU, DType: dtype, Scope: scope})
	if err != nil {
		return err
	}
	there, err := build(v, section, nn.Options{Device: device, DType: dtype, Scope: scope})
	if err != nil {
		return err
	}
	torch.NoGrad(func() {
		from := nn.Walk(onCPU)
		for i, p := range nn.Walk(there) {
			p.Tensor.Copy_(from[i].Tensor)
		}
	})
	want, got := step(onCPU, dtype, torch.CPU), step(there, dtype, device)
	for i, w := range want {
		if g := got[i]; g.name != w.name || !(gap(g.values, w.values) <= tolerance) {
			t.Errorf("%s differs by %.2g of its largest value", w.name, gap(g.values, w.values))
		}
	}
	return nil
}

func build(v model.Variant, section string, o nn.Options) (model.Model, error) {
	text := "experiment: {name: a, output_dir: b}\ndata: {source: shapes}\nmodel: " + section + "\n"
	c, _, err := config.ParseTrain("suite.yaml", []byte(text), config.Options{Models: builtin.Registry()})
	if err != nil {
		return nil, err
	}
	return v.Build(c.Model.Params, inputs, o)
}

type named struct {
	name   string
	values []float64
}

// step is the loss, every metric and every gradient of one batch.
func step(m model.Model, dtype torch.DType, d torch.Device) []named {
	x := share(rows, 1, 8, 8)(dtype).On(d)
	labels := torch.FromFloat32s([]float32{0, 1, 2, 2, 1, 0}, []int64{rows}).On(d)
	out := m.Loss(&model.Context{Train: true, Noise: noise{d}}, model.Batch{X: x, Y: labels})
	out.Loss.Backward()
	results := []named{{"loss", out.Loss.Detach().Float64s()}}
	for _, metric := range out.Metrics {
		results = append(results, named{metric.Name, metric.Value.Detach().To(torch.Float64).Float64s()})
	}
	for _, p := range nn.Params(m) {
		if g := p.Tensor.Grad(); g != nil {
			results = append(results, named{"the gradient of " + p.Name, g.Float64s()})
		}
	}
	return results
}

// noise is the same on every device.
type noise struct{ d torch.Device }

// Randn is a wave, no random numbers.
func (n noise) Randn(shape []int64, like *torch.Tensor) *torch.Tensor {
	return wave(slices.Clone(shape)...)(like.DType()).On(n.d)
}
