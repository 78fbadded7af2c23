package trainer

import "testing"

func TestUnknownKeysAreOneSentenceEach(t *testing.T) {
	tryBad(t, []bad{
		{name: "misspelt", edit: []string{"latent_dim: 2", "latent_dims: 2"}, want: []string{
			"x.yaml:12:3: model.latent_dims: unknown key; did you mean latent_dim?"}},
		{name: "misspelt section", edit: []string{"checkpoint:", "checkpoints:"}, want: []string{
			"x.yaml:19:1: checkpoints: unknown key; did you mean checkpoint?"}},
		{name: "of another section", edit: []string{"  count: 64", "  epochs: 64"}, want: []string{
			"x.yaml:7:3: data.epochs: unknown key; epochs belongs to training"}},
		{name: "of another variant", edit: []string{"latent_dim: 2", "latent_dim: 2\n  beta: 4"}, want: []string{
			"x.yaml:13:3: model.beta: unknown key; beta belongs to model type vae, variant beta_vae, model type vae, variant beta_tc_vae or model type vae, variant msssim_vae"}},
		{name: "of another source", edit: []string{"image_size: 8", "image_size: 8\n  path: x.npy"}, want: []string{
			"x.yaml:9:3: data.path: does not go with source: shapes, …"}},
		{name: "given twice", edit: []string{"epochs: 1", "epochs: 1\n  epochs: 2"}, want: []string{
			"x.yaml:17:3: training.epochs: given twice, …"}},
		{name: "three at once", edit: []string{"seed: 7", "sed: 7", "count: 64", "cuont: 64", "threads: 1", "thread: 1"}, want: []string{
			"x.yaml:4:3: experiment.sed: unknown key; did you mean seed?",
			"x.yaml:7:3: data.cuont: unknown key; did you mean count?",
			"x.yaml:17:3: training.thread: unknown key; did you mean threads?"}},
		{name: "in a config for inference", prep: func(s *site) { s.write("i.yaml", "experiment: {name: a, output_dir: runs}\nsplit: [test]\n") },
			args: []string{"predict", "i.yaml"}, want: []string{"i.yaml:2:1: split: unknown key; did you mean splits? (split itself belongs to data)"}},
	})
}

func TestWrongTypesAreOneSentenceEach(t *testing.T) {
	tryBad(t, []bad{
		{name: "word for a number", edit: []string{"epochs: 1", "epochs: ten"}, want: []string{
			`x.yaml:16:3: training.epochs: found "ten", expected a whole number of at least 1`}},
		{name: "fraction for a whole number", edit: []string{"count: 64", "count: 6.5"}, want: []string{
			"x.yaml:7:3: data.count: found 6.5, expected a whole number of at least 1"}},
		{name: "number for a list", edit: []string{"hidden_dims: [8]", "hidden_dims: 8"}, want: []string{
			"x.yaml:14:5: model.encoder.hidden_dims: found 8, expected a list …"}},
		{name: "list for a section", edit: []string{"  encoder:\n    hidden_dims: [8]", "  encoder: [8]"}, want: []string{
			"x.yaml:13:3: model.encoder: found a list, expected a section…"}},
		{name: "word in a list", edit: []string{"[8]", "[8, wide]"}, want: []string{
			`x.yaml:14:22: model.encoder.hidden_dims[1]: found "wide", expected a whole number of at least 1`}},
		{name: "word for true or false", edit: []string{"threads: 1", "deterministic: maybe"}, want: []string{
			`x.yaml:17:3: training.deterministic: found "maybe", expected true or false`}},
		{name: "word that is not one of these", edit: []string{"save_strategy: best", "save_strategy: bset"}, want: []string{
			`x.yaml:20:3: checkpoint.save_strategy: found "bset", expected best, last or all; did you mean best?`}},
		{name: "path for a name", edit: []string{"name: a", "name: vae/a"}, want: []string{
			`x.yaml:2:3: experiment.name: found "vae/a", expected one folder name of letters, digits, …; the folders before it belong into output_dir`}},
		{name: "not YAML", edit: []string{"  epochs: 1", "\tepochs: 1"}, want: []string{
			"x.yaml:16:1: not valid YAML: a tab in the indentation; use spaces"}},
		{name: "empty file", prep: func(s *site) { s.write("x.yaml", "") }, want: []string{
			"x.yaml: is empty, expected a config with sections such as experiment:"}},
		{name: "variable that is not set", edit: []string{"output_dir: runs", "output_dir: ${NO_SUCH_VARIABLE}"}, want: []string{
			"x.yaml:3:3: experiment.output_dir: the environment variable NO_SUCH_VARIABLE is not set; set it, or write ${NO_SUCH_VARIABLE:-default}"}},
	})
}

func TestImpossibleCombinationsAreOneSentenceEach(t *testing.T) {
	tryBad(t, []bad{
		{name: "more active latents than there are", edit: []string{"type: vae\n  latent_dim: 2\n  encoder:\n    hidden_dims: [8]", "type: sae\n  variant: topk\n  d_sae: 4\n  k: 9"}, want: []string{
			"x.yaml:14:3: model.k: found 9, expected at most d_sae, which is 4"}},
		{name: "the best of epochs whose losses do not compare", edit: []string{"type: vae\n  latent_dim: 2\n  encoder:\n    hidden_dims: [8]", "type: sae\n  d_sae: 4\n  target_l0: 2"}, want: []string{
			"x.yaml:19:3: checkpoint.save_strategy: found best with model.target_l0, which moves a weight of the loss: the epoch of the least val/loss is an early one; set save_strategy: last"}},
		{name: "an early end by losses that do not compare", edit: []string{"type: vae\n  latent_dim: 2\n  encoder:\n    hidden_dims: [8]", "type: sae\n  d_sae: 4\n  target_l0: 2",
			"save_strategy: best", "save_strategy: last", "epochs: 1", "epochs: 1\n  early_stopping: 3"}, want: []string{
			"x.yaml:16:3: training.early_stopping: given with model.target_l0, which moves a weight of the loss: the epoch of the least val/loss is an early one; remove it, or set another checkpoint.monitor"}},
		{name: "epochs and steps", edit: []string{"epochs: 1", "epochs: 1\n  steps: 10"}, want: []string{
			"x.yaml:1…: training.…: given together with training.…"}},
		{name: "momentum of Adam", edit: []string{"epochs: 1", "epochs: 1\n  optimizer: {name: adam, momentum: 0.9}"}, want: []string{
			"x.yaml:17:27: training.optimizer.momentum: does not go with name: adam, only with sgd; remove it"}},
		{name: "Nesterov without momentum", edit: []string{"epochs: 1", "epochs: 1\n  optimizer: {name: sgd, nesterov: true}"}, want: []string{
			"x.yaml:17:26: training.optimizer.nesterov: found true with momentum 0 and dampening 0, expected momentum above 0 and dampening 0"}},
		{name: "splits of more than all", edit: []string{"count: 64", "split: {train: 0.9, val: 0.2}"}, want: []string{
			"x.yaml:7:3: data.split: found 0.9 + 0.2 + 0 = 1.1, expected …"}},
		{name: "variant of another type", edit: []string{"type: vae", "type: vae\n  variant: topk"}, want: []string{
			`x.yaml:12:3: model.variant: found "topk", expected … (the variants of vae); topk is a variant of type sae`}},
		{name: "classes of an autoencoder", edit: []string{"type: vae\n  latent_dim: 2\n  encoder:\n    hidden_dims: [8]", "type: custom_model\n  layers: [flatten]\n  loss: cross_entropy\n  target: input"}, want: []string{
			"x.yaml:14:3: model.target: found input, but cross_entropy compares with class labels; write target: labels, or another loss"}},
		{name: "half precision on the CPU", edit: []string{"device: cpu", "device: cpu\n  precision: fp16"}, want: []string{
			"x.yaml:19:3: training.precision: found fp16, but training.device is the CPU, which computes in fp32 or bf16; use one of these, or a GPU"}},
		{name: "a CUDA graph on the CPU", edit: []string{"device: cpu", "device: cpu\n  cuda_graph: \"on\""}, want: []string{
			"x.yaml:19:3: training.cuda_graph: found on, but training.device is the CPU, where nothing is captured; use auto, or a GPU"}},
		{name: "a training config for inference", args: []string{"predict", "x.yaml"}, want: []string{
			"x.yaml:10:1: model: belongs to a training config; expected a config for extract-embeddings or predict, …"}},
		{name: "a config for inference for training", prep: func(s *site) { s.write("x.yaml", "experiment: {name: a, output_dir: runs}\nsplits: [test]\n") }, want: []string{
			"x.yaml: has neither model: nor training:, so it is a config for extract-embeddings or predict; expected a training config"}},
		{name: "monitor that the model does not have", edit: []string{"save_strategy: best", "monitor: val/accuracy"}, torch: true, want: []string{
			`x.yaml:20:3: checkpoint.monitor: found "val/accuracy", expected train/ or val/ and one of loss, recon, kl`}},
		{name: "all mistakes of several configs", args: []string{"validate", "x.yaml", "y.yaml", "z.yaml"}, edit: []string{"epochs: 1", "epochs: 0"},
			prep: func(s *site) { s.write("y.yaml", "model: {}\n") }, want: []string{
				"x.yaml:16:3: training.epochs: found 0, expected a whole number of at least 1",
				"y.yaml:1:1: model.type: missing, …", "y.yaml: experiment.name: missing, …", "y.yaml: experiment.output_dir: missing, …", "y.yaml: data.source: missing, …",
				"z.yaml: no such file; did you mean …yaml?"}},
	})
}
