package config

import "testing"

func TestBrokenYAML(t *testing.T) {
	checkBroken(t, KindTrain, []broken{
		{name: "empty", text: "",
			want: `c.yaml: is empty, expected a config with sections such as experiment:`},
		{name: "comments alone", text: "# a config\n\n# to be\n",
			want: `c.yaml: is empty, expected a config with sections such as experiment:`},
		{name: "a list", text: "- experiment\n- data\n",
			want: `c.yaml:1:1: found a list, expected a config with sections such as experiment:`},
		{name: "a word", text: "experiment\n",
			want: `c.yaml:1:1: found "experiment", expected a config with sections such as experiment:`},
		{name: "two documents", text: small + "---\n" + small,
			want: `c.yaml:4:1: found a second YAML document (---), expected one config in a file`},
		{name: "tab", text: "experiment:\n\tname: a\n",
			want: `c.yaml:2:1: not valid YAML: a tab in the indentation; use spaces`},
		{name: "tab later", text: "experiment:\n  name: a\n\toutput_dir: out\n",
			want: `c.yaml:3:1: not valid YAML: a tab in the indentation; use spaces`},
		{name: "second colon", text: exp + "data:\n  source: shapes: npy\n",
			want: `c.yaml:3:17: not valid YAML: a second ": " on the line, or a line indented too far; put text that holds ": " in quotes`},
		{name: "indented too far", text: "experiment:\n  name: a\n    output_dir: out\n",
			want: `c.yaml:3:5: not valid YAML: a second ": " on the line, or a line indented too far; put text that holds ": " in quotes`},
		{name: "indented too little", text: "experiment:\n  name: a\n output_dir: out\n",
			want: `c.yaml:3:2: not valid YAML: the indentation does not fit the lines above it`},
		{name: "no colon", text: "experiment:\n  name: a\n  output_dir\n" + shapes,
			want: `c.yaml:3:3: not valid YAML: a key without ": " after it`},
		{name: "open quote", text: exp + "data:\n  source: \"shapes\n" + vae,
			want: `c.yaml:3:11: not valid YAML: a quote that is not closed`},
		{name: "open brace", text: exp + "data: {source: shapes\n" + vae,
			want: `c.yaml:2:7: not valid YAML: a { that is not closed, or a missing comma`},
		{name: "open bracket", text: exp + shapes + "model:\n  layers: [relu\n  type: vae\n",
			want: `c.yaml:4:11: not valid YAML: a [ that is not closed, or a missing comma`},
		{name: "reference in braces", text: exp + "data: {source: ${SOURCE}}\n",
			want: `c.yaml:2:16: not valid YAML: inside { } and [ ] a ${VAR} must stand in quotes, as "${VAR}"`},
		{name: "unknown anchor", text: exp + "data: *shapes\n",
			want: `c.yaml:2:7: not valid YAML: *shapes refers to &shapes, which stands nowhere above it; put text that begins with * in quotes`},
		{name: "at sign", text: "experiment:\n  name: @home\n",
			want: "c.yaml:2:9: not valid YAML: a value that begins with @, %, ` or a tab; put it in quotes"},
		{name: "version line", text: "%YAML 1.2\n---\n" + small,
			want: `c.yaml:1:1: not valid YAML: the %YAML line names a version other than 1.1; remove it`},
		{name: "no text", text: "experiment: \x00\x01\n",
			want: `c.yaml: is not a text file, expected a config in YAML`},
		{name: "no UTF-8", text: "experiment:\n  name: \xff\xfe\n",
			want: `c.yaml:2:9: is not UTF-8 text, expected a config in YAML`},
		{name: "control character", text: "experiment:\n  name: \x01\n",
			want: `c.yaml:2:9: not valid YAML: a control character in the text`},
		{name: "key twice", text: "experiment:\n  name: a\n  output_dir: out\n  name: b\n" + shapes + vae,
			want: `c.yaml:4:3: experiment.name: given twice, first on line 2; keep one of them`},
		{name: "section twice", text: small + "data: {source: shapes}\n",
			want: `c.yaml:4:1: data: given twice, first on line 2; keep one of them`},
		{name: "key is a list", text: small + "? [a]\n: 1\n",
			want: `c.yaml:4:3: found a list as a key, expected a word`},
		{name: "value inside itself", text: exp + "data: &d {source: shapes, path: *d}\n" + vae,
			want: `
c.yaml:2:27: data.path: does not go with source: shapes, only with images, npy, npz, idx, csv, parquet or safetensors; remove it
c.yaml:2:33: data.path: *d refers to the very value that it stands in`},
		{name: "merge of a word", text: small + "training:\n  <<: fast\n",
			want: `c.yaml:5:7: training: found "fast" after <<, expected a section to take keys from`},
		{name: "unknown tag", text: "experiment: {name: !py/object a, output_dir: out}\n" + shapes + vae,
			want: `c.yaml:1:14: experiment.name: found !py/object a, expected one folder name of letters, digits, . _ and - (no dot in front)`},
	})
}

func TestBrokenKeys(t *testing.T) {
	checkBroken(t, KindTrain, []broken{
		{name: "several at once", text: "experiment:\n  nam: a\ndata:\n  source: shapes\n  batch_size: 0\nmodel:\n  type: vae\n  latent_dims: 4\ntraning:\n  epochs: 3\n",
			want: `
c.yaml:1:1: experiment.output_dir: missing, expected the folder that runs are made in, such as ./experiments/vae
c.yaml:2:3: experiment.nam: unknown key; did you mean name?
c.yaml:5:3: data.batch_size: found 0, expected a whole number of at least 1, or auto
c.yaml:8:3: model.latent_dims: unknown key; did you mean latent_dim?
c.yaml:9:1: traning: unknown key; did you mean training?`},
		{name: "near one and another section's", text: exp + "data:\n  source: shapes\n  threads: 2\n  mode: min\n" + vae,
			want: `
c.yaml:4:3: data.threads: unknown key; threads belongs to training
c.yaml:5:3: data.mode: unknown key; mode belongs to checkpoint`},
		{name: "near and given already", text: "experiment:\n  name: a\n  output_dir: out\n  outputdir: out\n" + shapes + vae,
			want: `c.yaml:4:3: experiment.outputdir: unknown key; output_dir is given already`},
		{name: "top level: key of sections", text: small + "seed: 1\nlearning_rate: 0.1\n",
			want: `
c.yaml:4:1: seed: unknown key; seed belongs to experiment, data or model
c.yaml:5:1: learning_rate: unknown key; lr belongs to training.optimizer`},
		{name: "near and elsewhere", text: small + "training:\n  step_size: 3\n  monitor: val/loss\n",
			want: `
c.yaml:5:3: training.step_size: unknown key; step_size belongs to training.scheduler
c.yaml:6:3: training.monitor: unknown key; monitor belongs to checkpoint`},
		{name: "name under model", text: exp + shapes + "model:\n  type: vae\n  latent_dim: 4\n  name: x\n",
			want: `c.yaml:6:3: model.name: unknown key; name belongs to experiment, training.optimizer or training.scheduler`},
		{name: "capital letters", text: exp + shapes + "model:\n  type: vae\n  Latent-Dim: 4\n",
			want: `c.yaml:5:3: model.Latent-Dim: unknown key; did you mean latent_dim?`},
		{name: "inference config", text: exp + "checkpoint: best\nsplits: [test]\n",
			want: `c.yaml: has neither model: nor training:, so it is a config for extract-embeddings or predict; expected a training config`},
		{name: "key merged from another section", text: exp + "x-base: &b {epochs: 3}\n" + shapes + vae + "training:\n  <<: *b\n",
			want: `c.yaml:2:1: x-base: unknown key; expected experiment, data, model, training, checkpoint, tracking or mlflow`},
	})
}

func TestBrokenSet(t *testing.T) {
	checkBroken(t, KindTrain, []broken{
		{name: "no equals sign", text: small, set: []string{"training.epochs"},
			want: `--set training.epochs: expected key=value, such as training.epochs=5`},
		{name: "no key", text: small, set: []string{"=5"},
			want: `--set =5: expected key=value, such as training.epochs=5`},
		{name: "empty part", text: small, set: []string{"training..epochs=5"},
			want: `--set training..epochs=5: expected key=value, such as training.epochs=5`},
		{name: "wrong type", text: small, set: []string{"training.epochs=many"},
			want: `--set training.epochs=many: found "many", expected a whole number of at least 1`},
		{name: "unknown key", text: small, set: []string{"training.epoch=5"},
			want: `--set training.epoch=5: unknown key; did you mean epochs?`},
		{name: "unknown section", text: small, set: []string{"trainer.epochs=5"},
			want: `--set trainer.epochs=5: trainer: unknown key; expected experiment, data, model, training, checkpoint, tracking or mlflow`},
		{name: "short form", text: small, set: []string{"training.lr=fast"},
			want: `--set training.lr=fast: training.optimizer.lr: found "fast", expected a number of at least 0`},
		{name: "out of range", text: small, set: []string{"data.batch_size=0"},
			want: `--set data.batch_size=0: found 0, expected a whole number of at least 1, or auto`},
		{name: "not YAML", text: small, set: []string{"model.encoder={kind: mlp"},
			want: `--set model.encoder={kind: mlp: the value is not valid YAML: a { that is not closed, or a missing comma`},
		{name: "comment", text: small, set: []string{"experiment.name=#1"},
			want: `--set experiment.name=#1: the value is a YAML comment; put it in quotes`},
		{name: "below a value", text: small, set: []string{"experiment.name.first=a"},
			want: `--set experiment.name.first=a: experiment.name: found one value there, expected a section that can have first`},
		{name: "list item out of range", text: exp + shapes + "model: {type: custom_model, layers: [relu]}\n", set: []string{"model.layers.1=relu"},
			want: `--set model.layers.1=relu: expected the number of one of the list's 1 items, counted from 0`},
		{name: "beside the file's problems", text: "experiment: {name: a b, output_dir: out}\n" + shapes + vae, set: []string{"training.device=gpu"},
			want: `
c.yaml:1:14: experiment.name: found "a b", expected one folder name of letters, digits, . _ and - (no dot in front); did you mean a_b?
--set training.device=gpu: found "gpu", expected auto, cpu, cuda or cuda:N (such as cuda:0); did you mean cuda?`},
		{name: "epochs in the file, steps set", text: small + "training: {epochs: 3}\n", set: []string{"training.steps=5"},
			want: `c.yaml:4:12: training.epochs: given together with training.steps (--set training.steps=5); add --set training.epochs=null to take it away`},
		{name: "removed and required", text: small, set: []string{"experiment.name=null"},
			want: `c.yaml:1:1: experiment.name: missing, expected the run's folder name, such as baseline`},
		{name: "inside an item", text: exp + shapes + "model: {type: custom_model, layers: [{linear: {out: 3}}]}\n", set: []string{"model.layers.0.linear.out=0"},
			want: `--set model.layers.0.linear.out=0: model.layers[0].linear.out: found 0, expected a whole number of at least 1`},
		{name: "nested section", text: small, set: []string{"model.encoder={kind: mlp, hidden: [3]}"},
			want: `--set model.encoder={kind: mlp, hidden: [3]}: model.encoder.hidden: unknown key; did you mean hidden_dims?`},
		{name: "long value", text: small, set: []string{"training.device=a-very-long-name-of-a-device-that-nobody-would-ever-type-in-full"},
			want: `--set training.device=a-very-long-name-of-a-device-that-nobody-wo…: found "a-very-long-name-of-a-device-that-nobod…", expected auto, cpu, cuda or cuda:N (such as cuda:0)`},
	})
}

func TestBrokenInfer(t *testing.T) {
	checkBroken(t, KindInfer, []broken{
		{name: "training config", text: small,
			want: `c.yaml:3:1: model: belongs to a training config; expected a config for extract-embeddings or predict, with experiment, checkpoint, data, splits, batch_size, device and output`},
		{name: "name missing", text: "experiment: {output_dir: out}\n",
			want: `c.yaml:1:1: experiment.name: missing, expected the run's folder name, such as baseline`},
		{name: "seed", text: "experiment: {name: a, output_dir: out, seed: 3}\n",
			want: `c.yaml:1:40: experiment.seed: unknown key; it belongs to the training config, remove it here`},
		{name: "checkpoint section", text: exp + "checkpoint: {save_strategy: best}\n",
			want: `c.yaml:2:1: checkpoint: found a section, expected best, last, epoch_007 or a path`},
		{name: "splits unknown", text: exp + "splits: [train, valid]\n",
			want: `c.yaml:2:17: splits[1]: found "valid", expected train, val or test; did you mean val?`},
		{name: "splits twice", text: exp + "splits: [test, test]\n",
			want: `c.yaml:2:16: splits[1]: found "test" a second time, expected it once`},
		{name: "splits empty", text: exp + "splits: []\n",
			want: `c.yaml:2:1: splits: found an empty list, expected a list of train, val or test`},
		{name: "splits a word", text: exp + "splits: test\n",
			want: `c.yaml:2:1: splits: found "test", expected a list of train, val or test; write [test]`},
		{name: "batch size in data", text: exp + "data: {source: npy, test: t.npy, batch_size: 5}\n",
			want: `c.yaml:2:34: data.batch_size: does not belong here: it is the trained run's, or stands at the top level; remove it`},
		{name: "data without a file", text: exp + "data: {source: npy}\n",
			want: `c.yaml:2:1: data.path: missing, expected the file of source npy (or train:, val: and test: with one file each)`},
		{name: "dtype", text: exp + "output: {dtype: fp16}\n",
			want: `c.yaml:2:10: output.dtype: found "fp16", expected float32 or float16`},
		{name: "extras", text: exp + "output: {extras: [label]}\n",
			want: `c.yaml:2:19: output.extras[0]: found "label", expected labels or indices; did you mean labels?`},
		{name: "format", text: exp + "output:\n  format: npz\n",
			want: `c.yaml:3:3: output.format: found "npz", expected npy or csr_npz; did you mean npy?`},
		{name: "device", text: exp + "device: cuda:01\n",
			want: `c.yaml:2:1: device: found "cuda:01", expected auto, cpu, cuda or cuda:N (such as cuda:0); did you mean cuda?`},
		{name: "output key at the top", text: exp + "dtype: float16\n",
			want: `c.yaml:2:1: dtype: unknown key; dtype belongs to output`},
		{name: "misspelt", text: exp + "batchsize: 5\nsplit: [test]\n",
			want: `
c.yaml:2:1: batchsize: unknown key; did you mean batch_size?
c.yaml:3:1: split: unknown key; did you mean splits? (split itself belongs to data)`},
	})
}
