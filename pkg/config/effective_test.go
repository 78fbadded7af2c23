package config

import (
	"reflect"
	"strings"
	"testing"
)

// mustTrain loads a training config that has to be right.
func mustTrain(t *testing.T, text string, o Options) (*Train, *Document) {
	t.Helper()
	train, doc, err := ParseTrain("c.yaml", []byte(text), o)
	if err != nil {
		t.Fatalf("load:\n%s\n%v", text, err)
	}
	return train, doc
}

const sample = `# my run
experiment:
  name: "baseline"                  # one folder name
  output_dir: ./experiments/vae

data:
  source: npy
  path: data/train.npy
  # tail of data

# the model
model:
  type: vae
  variant: beta_vae
  latent_dim: 16
  encoder: {kind: mlp, # why
    hidden_dims: [512, 256]} # trailing
training:
  epochs: 1e1   # ten
  lr: 1e-4   # slow
  optimizer: adam
  early_stopping: 10 # patience
  batch_size: 64 # small
# the end
`

const sampleEffective = `# my run
experiment:
  name: "baseline"                  # one folder name
  output_dir: ./experiments/vae
  on_exists: overwrite
  seed: 42

data:
  source: npy
  path: data/train.npy
  # tail of data
  batch_size: 64  # small
  split: {train: 0.8, val: 0.1, test: 0.1, stratify: false}
  drop_last: false
  shuffle: full
  normalize: none
  in_memory: auto

# the model
model:
  type: vae
  variant: beta_vae
  latent_dim: 16
  encoder:
    kind: mlp # why
    hidden_dims: [512, 256]
    activation: relu # trailing
  likelihood: bernoulli
  beta: 4.0
training:
  epochs: 10   # ten
  # slow
  optimizer: {name: adam, lr: 1e-4, betas: [0.9, 0.999], eps: 1.0e-8, weight_decay: 0.0}
  early_stopping: {patience: 10, min_delta: 0.0} # patience
  scheduler: {name: constant, warmup_steps: 0}
  accumulate: 1
  precision: fp32
  cuda_graph: auto
  device: auto
  threads: 0
  deterministic: true
  evaluate_at_end: false
  log_every_steps: 50
  profile: 0
# the end

checkpoint:
  save_strategy: best
  monitor: val/loss
  mode: min
  resume_every: none
  on_error: retry

tracking:
  tensorboard: false
  csv: false
`

func TestEffectiveKeepsTheUsersTextAndAddsEachDefaultOnce(t *testing.T) {
	_, doc := mustTrain(t, sample, testOptions())
	if got := string(doc.Effective()); got != sampleEffective {
		t.Errorf("got:\n%s", got)
	}
}

// roundTripTexts are configs as people write them.
var roundTripTexts = map[string]string{
	"the sample":  sample,
	"one line":    small,
	"JSON":        "{\"experiment\": {\"name\": \"a\", \"output_dir\": \"b\"},\n \"data\": {\"source\": \"shapes\"},\n \"model\": {\"type\": \"sae\", \"d_sae\": 64}}\n",
	"CRLF, BOM":   "\ufeff" + strings.ReplaceAll(sample, "\n", "\r\n"),
	"no last end": strings.TrimSuffix(sample, "\n"),
	"indented by four, lists at the key's column": exp + `data:
    source: synthetic_sparse
model:
    type: custom_model
    layers:
    - linear: {out: 5} # first
    - relu
    # the last
    - linear:
        out: 7
training:
    scheduler:
    grad_clip: ~
checkpoint:
mlflow:
  tracking_uri: ${URI}
  experiment_name: "x ${URI:-none} y" # reference
`,
	"anchors and merge": exp + `data: &d
  source: shapes
  count: 100
model:
  type: vae
  latent_dim: &dim 16
  encoder: &enc
    kind: mlp
    hidden_dims: [*dim, 8]
training: {optimizer: &o {name: sgd, momentum: 0.9}, grad_clip: 1.0}
`,
	"merge key": exp + shapes + vae + `training:
  <<: {epochs: 3, threads: 2}
  threads: 1
`,
	"document marks":      "---\n" + small + "...\n",
	"quoted keys, sets":   "\"experiment\": {'name': \"a\", output_dir: 'it''s: here'}\n" + shapes + vae,
	"multi-line text":     "experiment:\n  name: a\n  output_dir: |-\n    out # no comment\n" + shapes + vae + "training: {lr: 0.1}\n",
	"folded over lines":   "experiment:\n  name: a\n  output_dir: out\n    put\n" + shapes + vae,
	"complex keys":        "? experiment\n: name: a\n  output_dir: out\n? data\n: source: shapes\n" + vae,
	"tags":                "experiment: !!map {name: !!str 5, output_dir: out}\n" + shapes + vae,
	"other letters":       "# größe μ 模型\nexperiment: {name: a, output_dir: \"äöü/模型\"} # 注释\n" + "data: {source: shapes} # é\n" + vae + "training: {lr: 0.1} # ünd\n",
	"whole numbers":       small + "training:\n  steps: 1_000\n  log_every_steps: 2.0\n  optimizer: {lr: 1}\n",
	"scheduler step":      small + "training:\n  scheduler: {name: step, step_size: 10}\n  optimizer: sgd\n",
	"adamw, own files":    exp + vae + "data:\n  source: npy\n  train: t.npy\n  val: v.npy\n  labels: {train: a.npy, val: b.npy}\n  in_memory: true\ntraining: {optimizer: adamw}\n",
	"comments everywhere": "# 1\n\n# 2\nexperiment: # 3\n  # 4\n  name: a # 5\n  # 6\n  output_dir: out # 7\n  # 8\n# 9\ndata: # 10\n  # 11\n  source: shapes # 12\n\n  # 13\n\n# 14\n" + vae + "# 15\ntraining:\n  # 16\n  lr: 0.1 # 17\n# 18\n",
	"section of comments": small + "training:\n  # to be\n\ncheckpoint: # 2\n  # nothing yet\n",
	"short forms in flow": small + "training: {lr: 1e-2, batch_size: 7, early_stopping: 3, scheduler: cosine}\n",
	"mlflow null":         small + "mlflow: null\n",
	"mlflow":              small + "mlflow:\n  tracking_uri: u\n  experiment_name: e\n  tags: {a: \"1\", b: x}\n",
}

func TestEffectiveLoadsTheSameStructsAndIsItsOwnEffective(t *testing.T) {
	o := testOptions("URI=http://secret")
	for name, text := range roundTripTexts {
		t.Run(name, func(t *testing.T) {
			train, doc := mustTrain(t, text, o)
			saved := doc.Effective()
			again, doc2 := mustTrain(t, string(saved), o)
			if !reflect.DeepEqual(train, again) {
				t.Errorf("loaded again: %+v, want %+v\n%s", again, train, saved)
			}
			if second := doc2.Effective(); string(second) != string(saved) {
				t.Errorf("effective of effective:\n%s\nwant:\n%s", second, saved)
			}
			if !reflect.DeepEqual(doc.Map(), doc2.Map()) {
				t.Errorf("map %v, want %v", doc2.Map(), doc.Map())
			}
			for _, c := range comments(text) {
				if !strings.Contains(string(saved), c) {
					t.Errorf("comment %q is lost:\n%s", c, saved)
				}
			}
			if strings.Contains(string(saved), "secret") {
				t.Errorf("the value of a variable is in the text:\n%s", saved)
			}
		})
	}
}

// comments lists the comments of a text that has no # in its values but for "# no".
func comments(text string) []string {
	var out []string
	for _, line := range strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' }) {
		if i := strings.Index(line, "#"); i >= 0 {
			out = append(out, line[i:])
		}
	}
	return out
}

func TestEffectiveOfAWholeConfigIsTheTextItself(t *testing.T) {
	_, doc := mustTrain(t, sampleEffective, testOptions())
	if got := string(doc.Effective()); got != sampleEffective {
		t.Errorf("got:\n%s", got)
	}
}

func TestEffectiveLeavesOutWhatIsAbsent(t *testing.T) {
	_, doc := mustTrain(t, small, testOptions("MLFLOW_TRACKING_URI=http://x"))
	saved := string(doc.Effective())
	for _, key := range []string{"mlflow", "grad_clip", "early_stopping", "path", "labels", "in_memory", "atoms", "steps: ", "momentum", "min_lr"} {
		if strings.Contains(strings.ReplaceAll(saved, "_steps: ", ""), key) {
			t.Errorf("%s is in:\n%s", key, saved)
		}
	}
	if m := doc.Map(); m["mlflow"] != nil {
		t.Errorf("map has mlflow: %v", m["mlflow"])
	}
}

func TestEffectiveTakesOverridesIn(t *testing.T) {
	text := small + "training:\n  epochs: 3 # three\n  optimizer:\n    name: adam\n    lr: 0.1\n  grad_clip: 1.0\n"
	o := testOptions()
	o.Set = []string{
		"training.epochs=null", "training.steps=50", "training.optimizer=sgd", "training.lr=1e-2",
		"training.grad_clip=null", "model.encoder={kind: conv}", "model.encoder.channels=[8, 8]",
		"checkpoint.monitor=train/loss", "experiment.name=\"7\"", "model.variant=beta_vae",
	}
	train, doc := mustTrain(t, text, o)
	if tr := train.Training; tr.Steps != 50 || tr.Epochs != 0 || tr.Optimizer.Name != "sgd" || tr.Optimizer.LR != 0.01 || tr.GradClip != nil {
		t.Errorf("training is %+v", tr)
	}
	if train.Experiment.Name != "7" || train.Model.Params.(*fakeBeta).Encoder.Channels[1] != 8 {
		t.Errorf("got %+v, %+v", train, train.Model.Params)
	}
	want := `experiment: {name: "7", output_dir: out, on_exists: overwrite, seed: 42}
data: {source: shapes, split: {train: 0.8, val: 0.1, test: 0.1, stratify: false}, batch_size: 128, drop_last: false, shuffle: full, normalize: none, count: 4096, image_size: 32}
model: {type: vae, latent_dim: 4, encoder: {kind: conv, channels: [8, 8], hidden_dims: [512, 256], activation: relu}, variant: beta_vae, likelihood: bernoulli, beta: 4.0}
training:
  # three
  optimizer:
    name: sgd
    lr: 1e-2
    weight_decay: 0.0
    momentum: 0.0
    dampening: 0.0
    nesterov: false
  steps: 50
  scheduler: {name: constant, warmup_steps: 0}
  accumulate: 1
  precision: fp32
  cuda_graph: auto
  device: auto
  threads: 0
  deterministic: true
  evaluate_at_end: false
  log_every_steps: 50
  profile: 0
checkpoint:
  monitor: train/loss
  save_strategy: best
  mode: min
  resume_every: none
  on_error: retry
tracking:
  tensorboard: false
  csv: false
`
	if got := string(doc.Effective()); got != want {
		t.Errorf("got:\n%s", got)
	}
}

func TestEffectiveKeepsLinesByEditing(t *testing.T) {
	for _, name := range []string{"the sample", "one line", "JSON", "CRLF, BOM", "anchors and merge", "comments everywhere", "section of comments", "short forms in flow", "other letters"} {
		_, doc := mustTrain(t, roundTripTexts[name], testOptions())
		if !doc.holds(doc.edited()) {
			t.Errorf("%s: editing the text did not do:\n%s", name, doc.edited())
		}
	}
}

func TestMapHoldsPlainValues(t *testing.T) {
	_, doc := mustTrain(t, exp+vae+"data: {source: npy, path: \"${P}\"}\ntraining: {lr: 1e-3}\n", testOptions("P=x.npy"))
	m := doc.Map()
	training := m["training"].(map[string]any)
	want := map[string]any{"name": "adam", "lr": 0.001, "betas": []any{0.9, 0.999}, "eps": 1e-8, "weight_decay": 0.0}
	if got := training["optimizer"]; !reflect.DeepEqual(got, want) {
		t.Errorf("optimizer is %#v, want %#v", got, want)
	}
	if training["epochs"] != 20 || training["deterministic"] != true {
		t.Errorf("training is %#v", training)
	}
	if path := m["data"].(map[string]any)["path"]; path != "${P}" {
		t.Errorf("path is %v, want the reference", path)
	}
}
