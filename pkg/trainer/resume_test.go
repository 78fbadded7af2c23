package trainer

import (
	"math"
	"os"
	"testing"

	"github.com/gotrainer/trainer/pkg/config"
	"github.com/gotrainer/trainer/pkg/internal/torchtest"
	"github.com/gotrainer/trainer/pkg/npy"
)

// resumed are runs of which each has something that a resumed run could get wrong.
var resumed = []struct{ name, config string }{
	{"vae in memory, adam, cosine with warm-up, clipping, best", `
data: {source: shapes, count: 70, image_size: 8, batch_size: 16, drop_last: true}
model: {type: vae, latent_dim: 2, encoder: {hidden_dims: [8]}}
training: {epochs: 8, optimizer: {name: adam, lr: 0.01}, scheduler: {name: cosine, warmup_steps: 5}, grad_clip: 1.0, log_every_steps: 1}
checkpoint: {save_strategy: best, resume_every: 2}
`},
	{"convolutional beta_vae, sgd with momentum, accumulation, linear, early stopping, last", `
data: {source: shapes, count: 96, image_size: 16, batch_size: 8}
model: {type: vae, variant: beta_vae, beta: 2, latent_dim: 2, encoder: {kind: conv, channels: [4, 4], hidden_dims: [8]}}
training: {epochs: 20, optimizer: {name: sgd, lr: 0.0001, momentum: 0.9}, scheduler: {name: linear, warmup_steps: 3}, accumulate: 2,
  early_stopping: {patience: 4, min_delta: 1000}, log_every_steps: 1}
checkpoint: {save_strategy: last, resume_every: 1}
`},
	{"capacity of pythae, an epoch at a time, last", `
data: {source: shapes, count: 70, image_size: 8, batch_size: 16}
model: {type: vae, variant: capacity, compat: pythae, latent_dim: 3, encoder: {hidden_dims: [8]}, capacity: 5, capacity_steps: 12, epoch_steps: 4}
training: {epochs: 4, optimizer: {name: adam, lr: 0.01}, log_every_steps: 1}
checkpoint: {save_strategy: last, resume_every: 2}
`},
	{"capacity that grows, cyclical KL, best", `
data: {source: shapes, count: 70, image_size: 8, batch_size: 16}
model: {type: vae, latent_dim: 3, encoder: {hidden_dims: [8]}, variant: capacity, capacity: 5, capacity_steps: 25, kl: {schedule: cyclical, steps: 20, cycles: 2}}
training: {epochs: 6, optimizer: {name: adam, lr: 0.01}, log_every_steps: 1}
checkpoint: {save_strategy: best, resume_every: 2}
`},
	{"msssim_vae, linear KL, last", `
data: {source: shapes, count: 70, image_size: 8, batch_size: 16}
model: {type: vae, latent_dim: 3, encoder: {hidden_dims: [8]}, variant: msssim_vae, kl: {schedule: linear, steps: 20}}
training: {epochs: 6, optimizer: {name: adam, lr: 0.01}, log_every_steps: 1}
checkpoint: {save_strategy: last, resume_every: 2}
`},
	{"vq_vae from the data's centres, last", `
data: {source: shapes, count: 70, image_size: 8, batch_size: 16}
model: {type: vae, variant: vq_vae, latent_dim: 3, codes: 12, codebook_init: kmeans, encoder: {channels: [4], blocks: 1}}
training: {epochs: 6, optimizer: {name: adam, lr: 0.01}, log_every_steps: 1}
checkpoint: {save_strategy: last, resume_every: 2}
`},
	{"sigma_vae that learns sigma, last", `
data: {source: shapes, count: 70, image_size: 8, batch_size: 16}
model: {type: vae, latent_dim: 3, encoder: {hidden_dims: [8]}, variant: sigma_vae, sigma: learned, kl: {free_bits: 0.1}}
training: {epochs: 6, optimizer: {name: adam, lr: 0.01}, log_every_steps: 1}
checkpoint: {save_strategy: last, resume_every: 2}
`},
	{"iwae with dreg, linear KL, last", `
data: {source: shapes, count: 70, image_size: 8, batch_size: 16}
model: {type: vae, latent_dim: 3, encoder: {hidden_dims: [8]}, variant: iwae, samples: 3, dreg: true, kl: {schedule: linear, steps: 20}}
training: {epochs: 6, optimizer: {name: adam, lr: 0.01}, log_every_steps: 1}
checkpoint: {save_strategy: last, resume_every: 2}
`},
	{"beta_tc_vae, last", `
data: {source: shapes, count: 70, image_size: 8, batch_size: 16}
model: {type: vae, latent_dim: 3, encoder: {hidden_dims: [8]}, variant: beta_tc_vae, likelihood: laplace}
training: {epochs: 6, optimizer: {name: adam, lr: 0.01}, log_every_steps: 1}
checkpoint: {save_strategy: last, resume_every: 2}
`},
	{"dip_vae_i, last", `
data: {source: shapes, count: 70, image_size: 8, batch_size: 16}
model: {type: vae, latent_dim: 3, encoder: {hidden_dims: [8]}, variant: dip_vae_i}
training: {epochs: 6, optimizer: {name: adam, lr: 0.01}, log_every_steps: 1}
checkpoint: {save_strategy: last, resume_every: 2}
`},
	{"dip_vae_ii, last", `
data: {source: shapes, count: 70, image_size: 8, batch_size: 16}
model: {type: vae, latent_dim: 3, encoder: {hidden_dims: [8]}, variant: dip_vae_ii, likelihood: categorical}
training: {epochs: 6, optimizer: {name: adam, lr: 0.01}, log_every_steps: 1}
checkpoint: {save_strategy: last, resume_every: 2}
`},
	{"relu_l1 streamed, normalised, adamw, step schedule, all", `
data: {source: npy, path: data.npy, in_memory: false, normalize: standard, batch_size: 16}
model: {type: sae, variant: relu_l1, d_sae: 24, l1_coefficient: 0.01}
training: {epochs: 6, optimizer: {name: adamw, lr: 0.01}, scheduler: {name: step, step_size: 4, gamma: 0.5, warmup_steps: 2}, log_every_steps: 1}
checkpoint: {save_strategy: all, resume_every: 3}
`},
	{"topk with dead latents and AuxK, accumulation, by steps, all", `
data: {source: synthetic_sparse, count: 150, dim: 12, atoms: 24, active: 2, batch_size: 8}
model: {type: sae, variant: topk, d_sae: 32, k: 2, dead_after_samples: 40}
training: {steps: 27, optimizer: {name: adam, lr: 0.003}, scheduler: cosine, accumulate: 3, grad_clip: 0.5, log_every_steps: 2}
checkpoint: {save_strategy: all, resume_every: 2}
`},
	{"topk on shards, streamed in blocks, accumulation, last", `
data: {source: npy, path: "part-*.npy", in_memory: false, shuffle: block, block_size: 5, blocks: 3, batch_size: 8}
model: {type: sae, variant: topk, d_sae: 32, k: 2}
training: {epochs: 5, optimizer: {name: adam, lr: 0.003}, accumulate: 2, log_every_steps: 2}
checkpoint: {save_strategy: last, resume_every: 1}
`},
	{"vae on augmented images, normalised, accumulation, best", `
data: {source: shapes, count: 70, image_size: 8, batch_size: 8, normalize: mean_center, augment: {flip: true, crop: 2, noise: 0.1}}
model: {type: vae, latent_dim: 2, likelihood: gaussian, encoder: {hidden_dims: [8]}}
training: {epochs: 5, optimizer: {name: adam, lr: 0.01}, accumulate: 2, log_every_steps: 1}
checkpoint: {save_strategy: best, resume_every: 2}
`},
	{"vq_vae with restarts of codes, accumulation, last", `
data: {source: shapes, count: 70, image_size: 8, batch_size: 8}
model: {type: vae, variant: vq_vae, latent_dim: 3, codes: 24, decay: 0.8, encoder: {channels: [4], blocks: 1}}
training: {epochs: 4, optimizer: {name: adam, lr: 0.003}, accumulate: 2, log_every_steps: 1}
checkpoint: {save_strategy: last, resume_every: 1}
`},
	{"vq_vae of pythae with averaged codes, all", `
data: {source: shapes, count: 70, image_size: 8, batch_size: 8}
model: {type: vae, variant: vq_vae, compat: pythae, likelihood: gaussian, codebook: ema, latent_dim: 3, codes: 24, decay: 0.8, encoder: {channels: [4], blocks: 1}}
training: {epochs: 3, optimizer: {name: adam, lr: 0.003}, log_every_steps: 1}
checkpoint: {save_strategy: all, resume_every: 2}
`},
	{"factor_vae with the discriminator's optimizer, clipping, best", `
data: {source: shapes, count: 70, image_size: 8, batch_size: 16}
model: {type: vae, variant: factor_vae, latent_dim: 3, encoder: {hidden_dims: [8]}, discriminator: {hidden_dims: [8, 6], lr: 0.01}}
training: {epochs: 5, optimizer: {name: adam, lr: 0.003}, grad_clip: 1.0, log_every_steps: 1}
checkpoint: {save_strategy: best, resume_every: 2}
`},
	{"cvae with a prior of each class, all", `
data: {source: shapes, count: 70, image_size: 8, batch_size: 16, label: shape}
model: {type: vae, variant: cvae, latent_dim: 2, labels: embedding, label_dim: 3, prior: label, encoder: {kind: conv, channels: [4], hidden_dims: [8]}}
training: {epochs: 4, optimizer: {name: adam, lr: 0.003}, log_every_steps: 1}
checkpoint: {save_strategy: all, resume_every: 2}
`},
	{"vamp with pseudo-inputs from data, clipping, last", `
data: {source: shapes, count: 70, image_size: 8, batch_size: 16}
model: {type: vae, variant: vamp, latent_dim: 2, components: 4, encoder: {hidden_dims: [8]}, kl: {schedule: linear, steps: 9}}
training: {epochs: 4, optimizer: {name: adam, lr: 0.01}, grad_clip: 1.0, log_every_steps: 1}
checkpoint: {save_strategy: last, resume_every: 2}
`},
	{"vamp of pythae, best", `
data: {source: shapes, count: 70, image_size: 8, batch_size: 16}
model: {type: vae, variant: vamp, compat: pythae, latent_dim: 2, components: 4, encoder: {hidden_dims: [8]}}
training: {epochs: 4, optimizer: {name: adam, lr: 0.01}, log_every_steps: 1}
checkpoint: {save_strategy: best, resume_every: 2}
`},
	{"info_vae with the prior's draws, cyclical KL, accumulation, last", `
data: {source: shapes, count: 70, image_size: 8, batch_size: 8}
model: {type: vae, variant: info_vae, latent_dim: 2, alpha: 0.2, lambda: 5, encoder: {hidden_dims: [8]}, kl: {schedule: cyclical, steps: 12, cycles: 3}}
training: {epochs: 4, optimizer: {name: adam, lr: 0.01}, accumulate: 2, log_every_steps: 1}
checkpoint: {save_strategy: last, resume_every: 2}
`},
	{"wae_mmd with the prior's draws, adamw, best", `
data: {source: shapes, count: 70, image_size: 8, batch_size: 16}
model: {type: vae, variant: wae_mmd, latent_dim: 2, kernel: rbf, encoder: {hidden_dims: [8]}}
training: {epochs: 4, optimizer: {name: adamw, lr: 0.01}, log_every_steps: 1}
checkpoint: {save_strategy: best, resume_every: 2}
`},
	{"ae, sgd with momentum, step schedule, last", `
data: {source: shapes, count: 70, image_size: 8, batch_size: 16}
model: {type: vae, variant: ae, latent_dim: 2, encoder: {hidden_dims: [8]}}
training: {epochs: 4, optimizer: {name: sgd, lr: 0.001, momentum: 0.9}, scheduler: {name: step, step_size: 5, gamma: 0.5}, log_every_steps: 1}
checkpoint: {save_strategy: last, resume_every: 2}
`},
	{"denoising_ae with its noise, all", `
data: {source: shapes, count: 70, image_size: 8, batch_size: 16}
model: {type: vae, variant: denoising_ae, latent_dim: 2, corruption: masking, encoder: {hidden_dims: [8]}}
training: {epochs: 4, optimizer: {name: adam, lr: 0.01}, log_every_steps: 1}
checkpoint: {save_strategy: all, resume_every: 2}
`},
	{"multi_head with dropout and batch norm of shared layers, class weights, best by the accuracy of a head", `
data: {source: npy, path: data.npy, labels: labels.npy, batch_size: 8}
model: {type: custom_model, variant: multi_head, inputs: [{name: low, take: [0, 5], layers: [linear: 6, dropout: 0.2]}, {name: all}],
  layers: [linear: 8, batch_norm1d, relu], heads: [{name: kind, loss: cross_entropy, class_weights: [1, 2, 3], layers: [linear: 3]},
  {name: again, loss: huber, target: input, weight: 3, layers: [dropout: 0.1, linear: 12]}]}
training: {epochs: 3, optimizer: {name: adam, lr: 0.01}, log_every_steps: 1}
checkpoint: {save_strategy: best, resume_every: 2, monitor: val/kind_accuracy, mode: max}
`},
	{"inputs of named arrays, normalised but for an embedding's, streamed, heads with a loss each, clipping, best", `
data: {source: npy, path: "{array}.npy", arrays: [data, labels], raw: labels, labels: labels.npy, in_memory: false, normalize: standard, batch_size: 8, augment: {noise: 0.1}}
model: {type: custom_model, variant: multi_head, inputs: [{name: row, take: data, layers: [linear: 6, dropout: 0.2]}, {name: word, take: labels, layers: [embedding: {num: 3, dim: 4}]}],
  layers: [linear: 8, relu], heads: [{name: kind, loss: cross_entropy, layers: [linear: 3]}, {name: all, loss: huber, target: input, layers: [linear: 13]}]}
training: {epochs: 4, optimizer: {name: adamw, lr: 0.01}, accumulate: 2, grad_clip: 1.0, log_every_steps: 1}
checkpoint: {save_strategy: best, resume_every: 1, monitor: val/kind_accuracy, mode: max}
`},
	{"custom model with dropout and batch norm, streamed with labels, nesterov, early stopping, best by accuracy", `
data: {source: npy, path: data.npy, labels: labels.npy, in_memory: false, batch_size: 8}
model: {type: custom_model, loss: cross_entropy, layers: [linear: 16, batch_norm1d, relu, dropout: 0.3, linear: 3]}
training: {epochs: 6, optimizer: {name: sgd, lr: 0.02, momentum: 0.9, nesterov: true, weight_decay: 0.001}, accumulate: 2,
  early_stopping: 3, log_every_steps: 1}
checkpoint: {save_strategy: best, resume_every: 1, monitor: val/accuracy, mode: max}
`},
}

// cuts is how often a run is cut at least.
func cuts() int {
	if os.Getenv("TRAINER_SOAK") != "" {
		return 20
	}
	return 3
}

func TestARunThatIsCutAndResumedEndsAsTheWholeRun(t *testing.T) {
	for _, v := range resumed {
		t.Run(v.name, func(t *testing.T) {
			s := newTorchSite(t)
			s.write("x.yaml", "experiment: {name: a, output_dir: whole, seed: 5}\n"+v.config)
			s.matrix("data.npy", 80, 12)
			s.matrix("part-0.npy", 50, 12)
			s.matrix("part-1.npy", 40, 12)
			s.classes("labels.npy", 80)
			set := []string{"training.threads=1", "training.device=cpu"}
			s.train(set...)
			s.cutUp(cuts(), set)
			s.wasCut("x.yaml")
		})
	}
}

// wasCut tells that the run of a config was cut and is the whole run.
func (s *site) wasCut(path string) {
	s.t.Helper()
	c, _, err := config.LoadTrain(path, config.Options{Models: models()})
	if err != nil {
		s.t.Fatal(err)
	}
	torchtest.Result(s.t, c.Model.Type+"/"+c.Model.Variant, "cut", float64(cuts()))
}

// matrix writes a float32 array with a pattern in it.
func (s *site) matrix(path string, shape ...int64) {
	s.t.Helper()
	w, err := npy.Create(path, "f4", shape)
	if err != nil {
		s.t.Fatal(err)
	}
	numbers := int64(1)
	for _, n := range shape {
		numbers *= n
	}
	v := make([]float32, numbers)
	for i := range v {
		v[i] = float32(math.Sin(float64(i%17)) + math.Cos(float64(i*i%101)))
	}
	if err := w.WriteFloat32s(v); err != nil {
		s.t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		s.t.Fatal(err)
	}
}

// classes writes labels 0, 1, 2.
func (s *site) classes(path string, rows int64) {
	s.t.Helper()
	w, err := npy.Create(path, "i8", []int64{rows})
	if err != nil {
		s.t.Fatal(err)
	}
	v := make([]int64, rows)
	for i := range v {
		v[i] = int64(i % 17 % 3)
	}
	if err := w.WriteInt64s(v); err != nil {
		s.t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		s.t.Fatal(err)
	}
}
