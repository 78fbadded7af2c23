package trainer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"

	"github.com/gotrainer/trainer/pkg/config"
)

// compiled is what `trainer schema` prints, ready to check with.
func compiled(t *testing.T, s *site) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(s.ok("schema").stdout))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(schemaName, doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile(schemaName)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// conforms checks a YAML text as an editor does.
func conforms(t *testing.T, schema *jsonschema.Schema, text string) error {
	t.Helper()
	var v any
	if err := yaml.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return schema.Validate(v)
}

func TestTheSchemaTakesEveryExample(t *testing.T) {
	s := newSite(t)
	schema := compiled(t, s)
	paths := matching(filepath.Join(source, "..", "..", "configs", "*.yaml"))
	for _, kind := range []string{"vae", "sae", "custom"} {
		s.ok("init", kind, "-q")
		paths = append(paths, "train_"+kind+".yaml")
	}
	if len(paths) < 11 {
		t.Fatalf("found %d examples", len(paths))
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := conforms(t, schema, string(text)); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		if kind, err := config.Kind(path); err == nil && kind == config.KindTrain {
			_, doc, err := config.LoadTrain(path, config.Options{Models: models()})
			if err != nil {
				t.Errorf("%s: %v", path, err)
			} else if err := conforms(t, schema, string(doc.Effective())); err != nil {
				t.Errorf("%s, as it is saved: %v", path, err)
			}
		}
	}
}

// What the loader takes, the schema must take: an editor that cries wolf is turned off.
func TestTheSchemaTakesWhatTheLoaderTakes(t *testing.T) {
	s := newSite(t)
	schema := compiled(t, s)
	for _, change := range [][2]string{
		{"epochs: 1", "steps: 10"}, {"epochs: 1", "epochs: 1e1"}, {"epochs: 1", "epochs: ${EPOCHS:-3}"}, {"epochs: 1", "optimizer: sgd"}, {"epochs: 1", "optimizer: {name: sgd, momentum: 0.9, nesterov: true}"},
		{"epochs: 1", "optimizer: {weight_decay: 0.1}"}, {"epochs: 1", "scheduler: cosine"}, {"epochs: 1", "scheduler: {name: step, step_size: 3}"}, {"epochs: 1", "grad_clip: 1.0"}, {"epochs: 1", "grad_clip: {max_norm: 2}"},
		{"epochs: 1", "grad_clip: null"}, {"epochs: 1", "early_stopping: 5"}, {"epochs: 1", "lr: 0.1"}, {"epochs: 1", "deterministic: false"}, {"batch_size: 16\n", "split: {train: 0.5, val: 0.5}\n"},
		{"type: vae", "type: vae\n  variant: beta_vae\n  beta: 2"}, {"type: vae\n  latent_dim: 2\n  encoder:\n    hidden_dims: [8]", "type: sae\n  variant: topk\n  d_sae: 8\n  k: 2"},
		{"save_strategy: best", "resume_every: 10m"}, {"save_strategy: best", "resume_every: 500"}, {"checkpoint:\n  save_strategy: best\n", ""}, {"checkpoint:\n  save_strategy: best\n", "checkpoint:\n"},
		{"checkpoint:", "mlflow: {tracking_uri: \"${URI:-x}\", experiment_name: a, tags: {a: b}}\ncheckpoint:"}, {"name: a", "name: \"2024\""},
	} {
		text := strings.Replace(small, change[0], change[1], 1)
		if _, _, err := config.ParseTrain("x.yaml", []byte(text), config.Options{Models: models()}); err != nil {
			t.Fatalf("the test is wrong: %v", err)
		}
		if err := conforms(t, schema, text); err != nil {
			t.Errorf("%s: %v", change[1], err)
		}
	}
	for _, layers := range []string{
		"linear: 8, relu, {tanh: null}, linear: {out: 3, bias: false}, linear: \"${SIZE}\"", "conv2d: {out: 4, kernel: 3, padding: 1}, batch_norm2d, dropout, dropout: 0.5, dropout: {p: 0.1}, flatten, layer_norm, layer_norm: 3, layer_norm: [3, 4], layer_norm: {shape: [2]}",
		"unflatten: [1, 8, 8], unflatten: 8, conv_transpose2d: {out: 4, kernel: 3, output_padding: 1, stride: 2}", "sequential: [linear: 4, sequential: [relu, linear: 3]], sequential: {layers: [sigmoid]}",
	} {
		text := strings.Replace(small, "type: vae\n  latent_dim: 2\n  encoder:\n    hidden_dims: [8]", "type: custom_model\n  loss: mse\n  target: input\n  layers: ["+layers+"]", 1)
		if _, _, err := config.ParseTrain("x.yaml", []byte(text), config.Options{Models: models(), Env: func(string) (string, bool) { return "7", true }}); err != nil {
			t.Fatalf("the test is wrong: %v", err)
		}
		if err := conforms(t, schema, text); err != nil {
			t.Errorf("%s: %v", layers, err)
		}
	}
	for _, text := range []string{"extends: base.yaml\n", "extends: base.yaml\nmodel: {latent_dim: 4}\n", "extends: base.yaml\ntraining: {lr: 0.1, grad_clip: null}\n", "extends: base.yaml\nsplits: [test]\n"} {
		if err := conforms(t, schema, text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestTheSchemaRefusesBrokenConfigs(t *testing.T) {
	s := newSite(t)
	schema := compiled(t, s)
	changes := [][2]string{
		{"experiment:\n  name: a\n  output_dir: runs\n  seed: 7\n", ""}, {"  name: a\n", ""}, {"  output_dir: runs\n", ""}, {"name: a", "name: a/b"}, {"name: a", "name: 7"}, {"seed: 7", "seed: -1"}, {"seed: 7", "seed: x"},
		{"output_dir: runs", "output_dir: ~/runs"}, {"output_dir: runs", "output_dirs: runs"}, {"  source: shapes\n", ""}, {"source: shapes", "source: shape"}, {"count: 64", "count: 0"}, {"count: 64", "count: 6.5"},
		{"count: 64", "path: data/train.npy"}, {"batch_size: 16", "batch_size: many"}, {"batch_size: 16", "normalize: z-score"}, {"batch_size: 16", "batchsize: 16"}, {"type: vae", "type: vea"}, {"type: vae", "type: vae\n  variant: topk"},
		{"  type: vae\n", ""}, {"latent_dim: 2", "latent_dims: 2"}, {"  latent_dim: 2\n", ""}, {"hidden_dims: [8]", "hidden_dims: 8"}, {"hidden_dims: [8]", "hidden_dims: [0]"}, {"hidden_dims: [8]", "kind: transformer"},
		{"epochs: 1", "epochs: 1\n  steps: 2"}, {"epochs: 1", "epochs: none"}, {"epochs: 1", "optimizer: adamm"}, {"epochs: 1", "optimizer: {name: adam, momentum: 0.9}"}, {"epochs: 1", "optimizer: {betas: [0.9]}"},
		{"epochs: 1", "scheduler: {name: step}"}, {"epochs: 1", "grad_clip: 0"}, {"epochs: 1", "precision: fp8"}, {"device: cpu", "device: gpu0"}, {"epochs: 1", "deterministic: maybe"}, {"save_strategy: best", "save_strategy: every"},
		{"save_strategy: best", "monitor: val_loss"}, {"save_strategy: best", "mode: lowest"}, {"checkpoint:", "checkpoints:"}, {"checkpoint:", "output: {dtype: float32}\ncheckpoint:"}, {"training:", "train:"},
	}
	const vae = "type: vae\n  latent_dim: 2\n  encoder:\n    hidden_dims: [8]"
	for _, layer := range []string{
		"linear", "linear: 0", "linear: wide", "linear: {out: 3, biass: true}", "linear: {bias: true}", "linear: {out: 3, bias: 2}", "linear: [3]", "conv2d", "conv2d: 3", "conv2d: {out: 3}", "conv2d: {out: 1, kernel: 3, paddin: 1}",
		"conv2d: {out: 1, kernel: 3, output_padding: 1}", "conv2d: {out: 1.5, kernel: 3}", "conv_transpose2d: {out: 1, stride: 2}", "conv_transpose2d: {out: 1, kernel: 3, output_paddin: 1}", "batch_norm2d: 16", "batch_norm1d: {eps: 1}",
		"layer_norm: [0]", "layer_norm: {shap: 3}", "dropout: 1", "dropout: {p: 0.5, q: 1}", "relu: 3", "reluu", "flatten: {}", "unflatten", "unflatten: {size: [3]}", "sequential: []", "sequential: [relu, linear: {in: 3}]", "sequential: {layers: [reluu]}", "sequential: relu",
	} {
		changes = append(changes, [2]string{vae, "type: custom_model\n  loss: mse\n  target: input\n  layers: [" + layer + "]"})
	}
	if len(changes) < 70 {
		t.Fatal("too few")
	}
	for _, change := range changes {
		text := strings.Replace(small, change[0], change[1], 1)
		if text == small {
			t.Fatalf("%q is not in the config", change[0])
		}
		if err := conforms(t, schema, text); err == nil {
			t.Errorf("%q in place of %q is taken", change[1], change[0])
		}
		if _, _, err := config.ParseTrain("x.yaml", []byte(text), config.Options{Models: models()}); err == nil {
			t.Errorf("%q in place of %q is taken by the loader", change[1], change[0])
		}
	}
	for _, text := range []string{"experiment: {name: a}\n", "experiment: {name: a, output_dir: b}\nsplits: [all]\n", "experiment: {name: a, output_dir: b}\nbatch_size: 0\n", "extends: 3\n", "extends: b.yaml\ntraining: {epoch: 3}\n", "[]\n"} {
		if err := conforms(t, schema, text); err == nil {
			t.Errorf("%s is taken", text)
		}
	}
}

func TestInitWritesAConfigThatTrains(t *testing.T) {
	s := newTorchSite(t)
	for _, kind := range []string{"vae", "sae", "custom"} {
		path := kind + ".yaml"
		if r := s.ok("init", kind, path, "--schema"); r.stdout != path+"\n" || !strings.Contains(r.messages, "next: trainer validate "+path) {
			t.Errorf("%q %q", r.stdout, r.messages)
		}
		if !strings.HasPrefix(s.read(path), "# yaml-language-server: $schema="+schemaName+"\n") || s.read(schemaName) != s.ok("schema").stdout {
			t.Errorf("%s: %.80s", path, s.read(path))
		}
		s.ok("train", path, "-q", "--set", "training.epochs=1", "--set", "data.count=256", "--set", "training.device=cpu", "--set", "experiment.output_dir=runs/"+kind)
	}
	if r := s.ok("init", "vae", "-"); !strings.Contains(r.stdout, "latent_dim: 16") {
		t.Error(r.stdout)
	}
}

func TestInitKeepsWhatIsThere(t *testing.T) {
	s := newSite(t)
	for args, phrase := range map[string]string{
		"init":                 "init needs what to train",
		"init gan":             "found \"gan\", expected vae, sae or custom",
		"init vae x.yaml":      "x.yaml exists; it is not overwritten",
		"init vae no/x.yaml":   "the folder no does not exist",
		"init vae a.yaml b":    "init needs what to train",
		"schema x":             "schema takes no argument",
		"init vae y.yaml --no": "unknown flag --no",
	} {
		if r := s.run(strings.Fields(args)...); r.code != exitMistake || !strings.Contains(r.messages, phrase) {
			t.Errorf("%s: exit code %d, %s", args, r.code, r.messages)
		}
	}
	if got := names(t, "."); got != "x.yaml" {
		t.Errorf("made %s", got)
	}
}
