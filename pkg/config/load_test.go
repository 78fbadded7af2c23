package config

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestDefaultsAreThoseOfTheInterface(t *testing.T) {
	train, _ := mustTrain(t, small, testOptions())
	want := &Train{
		Experiment: Experiment{Name: "a", OutputDir: "out", OnExists: "overwrite", Seed: 42},
		Data: Data{Source: "shapes", Split: Split{Train: 0.8, Val: 0.1, Test: 0.1}, BatchSize: 128, Shuffle: "full", Normalize: "none",
			Count: 4096, ImageSize: 32},
		Model: Model{Type: "vae", Variant: "vae", Params: &fakeVAE{LatentDim: 4, Likelihood: "bernoulli",
			Encoder: fakeEncoder{Kind: "mlp", HiddenDims: []int{512, 256}, Activation: "relu"}}},
		Training: Training{Epochs: 20,
			Optimizer:  Optimizer{Name: "adam", LR: 1e-3, Betas: [2]float64{0.9, 0.999}, Eps: 1e-8},
			Scheduler:  Scheduler{Name: "constant"},
			Accumulate: 1, Precision: "fp32", CUDAGraph: "auto", Device: "auto", Deterministic: true, LogEverySteps: 50},
		Checkpoint: Checkpoint{SaveStrategy: "best", Monitor: "val/loss", Mode: "min", ResumeEvery: "none", OnError: "retry"},
	}
	if !reflect.DeepEqual(train, want) {
		t.Errorf("got  %+v\nwant %+v", train, want)
	}
}

func TestDefaultsDependOnOptimizerAndSource(t *testing.T) {
	train, _ := mustTrain(t, exp+vae+"data: {source: synthetic_sparse}\ntraining: {optimizer: adamw}\n", testOptions())
	if got := train.Training.Optimizer.WeightDecay; got != 0.01 {
		t.Errorf("weight decay of adamw is %v", got)
	}
	if d := train.Data; d.Count != 16384 || d.Dim != 64 || d.Atoms != 256 || d.Active != 5 || d.ImageSize != 0 || d.InMemory != "" {
		t.Errorf("data is %+v", d)
	}
	train, _ = mustTrain(t, small+"training: {optimizer: sgd, scheduler: {name: step, step_size: 5}}\n", testOptions())
	if o := train.Training.Optimizer; o.WeightDecay != 0 || o.Eps != 0 || o.Betas != [2]float64{} {
		t.Errorf("sgd is %+v", o)
	}
	if s := train.Training.Scheduler; s.Gamma != 0.1 || s.StepSize != 5 {
		t.Errorf("scheduler is %+v", s)
	}
}

func TestShortFormsMeanTheLongOnes(t *testing.T) {
	short := small + "training: {lr: 0.5, batch_size: 7, optimizer: sgd, scheduler: cosine, early_stopping: 3, grad_clip: 2}\n"
	long := exp + "data: {source: shapes, batch_size: 7}\n" + vae +
		"training: {optimizer: {name: sgd, lr: 0.5}, scheduler: {name: cosine}, early_stopping: {patience: 3}, grad_clip: {max_norm: 2.0}}\n"
	a, _ := mustTrain(t, short, testOptions())
	b, _ := mustTrain(t, long, testOptions())
	if !reflect.DeepEqual(a, b) {
		t.Errorf("short %+v\nlong  %+v", a.Training, b.Training)
	}
}

func TestNumbers(t *testing.T) {
	for text, want := range map[string]float64{
		"1e-3": 1e-3, "1.0e-3": 1e-3, "1": 1, ".5": 0.5, "5.": 5, "1_000": 1000, "+2": 2, "0x10": 16, "2E2": 200, "0": 0, "0.0": 0,
	} {
		train, _ := mustTrain(t, small+"training: {lr: "+text+"}\n", testOptions())
		if got := train.Training.Optimizer.LR; got != want {
			t.Errorf("lr: %s is %v, want %v", text, got, want)
		}
	}
	for text, want := range map[string]int64{"1e6": 1e6, "20.0": 20, "0xC0FFEE": 0xC0FFEE, "9223372036854775807": math.MaxInt64} {
		train, doc := mustTrain(t, "experiment: {name: a, output_dir: out, seed: "+text+"}\n"+shapes+vae, testOptions())
		if train.Experiment.Seed != want {
			t.Errorf("seed: %s is %d", text, train.Experiment.Seed)
		}
		if got := doc.Map()["experiment"].(map[string]any)["seed"]; got != int(want) {
			t.Errorf("seed: %s is %#v in the map", text, got)
		}
	}
}

func TestEnvironmentDecidesByTheKeysType(t *testing.T) {
	text := `experiment: {name: "${NAME}", output_dir: "${ROOT:-./out}/vae", seed: "${SEED}"}
data: {source: shapes, drop_last: "${DROP}", count: "${COUNT:-12}"}
` + vae + `training:
  optimizer: {lr: "${LR}"}
  device: ${EMPTY:-cpu}
mlflow:
  experiment_name: "a $${b} $c"
`
	train, doc := mustTrain(t, text, testOptions("NAME=007", "SEED=5", "DROP=true", "LR=1e-2", "EMPTY=", "MLFLOW_TRACKING_URI=http://u:p@h"))
	if e := train.Experiment; e.Name != "007" || e.OutputDir != "./out/vae" || e.Seed != 5 {
		t.Errorf("experiment is %+v", e)
	}
	if !train.Data.DropLast || train.Data.Count != 12 || train.Training.Optimizer.LR != 0.01 || train.Training.Device != "cpu" {
		t.Errorf("got %+v %+v", train.Data, train.Training)
	}
	if m := train.MLflow; m.TrackingURI != "http://u:p@h" || m.ExperimentName != "a ${b} $c" || m.RunName != nil {
		t.Errorf("mlflow is %+v", m)
	}
	saved := string(doc.Effective())
	for _, want := range []string{`"${NAME}"`, `"${ROOT:-./out}/vae"`, "tracking_uri: ${MLFLOW_TRACKING_URI}", "run_name: null"} {
		if !strings.Contains(saved, want) {
			t.Errorf("%s is not in:\n%s", want, saved)
		}
	}
}

func TestWithoutModelsTheModelSectionIsKeptAsItIs(t *testing.T) {
	train, doc := mustTrain(t, exp+shapes+"model: {type: other, whatever: 1}\n", Options{})
	if train.Model.Type != "other" || train.Model.Params != nil {
		t.Errorf("model is %+v", train.Model)
	}
	if !strings.Contains(string(doc.Effective()), "model: {type: other, whatever: 1}\n") {
		t.Errorf("got:\n%s", doc.Effective())
	}
}

func TestInfer(t *testing.T) {
	o := testOptions()
	infer, doc, err := ParseInfer("c.yaml", []byte(exp+"data: {}\n"), o)
	if err != nil {
		t.Fatal(err)
	}
	want := &Infer{Experiment: Target{"a", "out"}, Checkpoint: "best", BatchSize: 1024, Device: "auto",
		Output: Output{DType: "float32", Format: "npy", Extras: []string{}}}
	if !reflect.DeepEqual(infer, want) {
		t.Errorf("got  %+v\nwant %+v", infer, want)
	}
	again, doc2, err := ParseInfer("c.yaml", doc.Effective(), o)
	if err != nil || !reflect.DeepEqual(again, infer) || string(doc2.Effective()) != string(doc.Effective()) {
		t.Errorf("loaded again: %+v, %v\n%s", again, err, doc2.Effective())
	}
	o.Set = []string{"splits=[test]", "output.what=sample", "data={source: npy, test: t.npy}", "output.extras=[labels]"}
	infer, doc, err = ParseInfer("c.yaml", []byte(exp+"checkpoint: runs/x.pt # mine\n"), o)
	if err != nil {
		t.Fatal(err)
	}
	if infer.Data.Test != "t.npy" || infer.Data.BatchSize != 0 || infer.Output.What != "sample" || infer.Splits[0] != "test" || infer.Checkpoint != "runs/x.pt" {
		t.Errorf("got %+v, %+v", infer, infer.Data)
	}
	if strings.Contains(string(doc.Effective()), "normalize") {
		t.Errorf("a training key is in:\n%s", doc.Effective())
	}
}

func TestEvery(t *testing.T) {
	for text, want := range map[string]struct {
		steps int64
		every time.Duration
	}{"none": {}, "500": {500, 0}, "500 steps": {500, 0}, "\"10m\"": {0, 10 * time.Minute}, "1h30m": {0, 90 * time.Minute}} {
		train, _ := mustTrain(t, small+"checkpoint: {resume_every: "+text+"}\n", testOptions())
		if steps, every := train.Checkpoint.Every(); steps != want.steps || every != want.every {
			t.Errorf("%s is %d steps, %v", text, steps, every)
		}
	}
}

// write makes the files, each with the text of a small config, and gives their folder.
func write(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(small), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestAFileThatIsNoConfigIsTheUsersMistake(t *testing.T) {
	dir := write(t, "train_vae.yaml", "predict.yaml", "run/config.yaml", "notes/readme.txt")
	big := filepath.Join(dir, "data.npy")
	if err := os.WriteFile(big, []byte(strings.Repeat("é", maxFile)), 0o644); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"trian_vae.yaml": "no such file; did you mean DIR/train_vae.yaml?",
		"train_vae.yml":  "no such file; did you mean DIR/train_vae.yaml?",
		"something.yaml": "no such file; DIR has predict.yaml and train_vae.yaml",
		"notes/a.yaml":   "no such file; DIR/notes has no .yaml file",
		"confs/a.yaml":   "no such file: there is no folder DIR/confs",
		"predict.yaml/a": "no such file: there is no folder DIR/predict.yaml",
		"run":            "is a folder, expected a config file; did you mean DIR/run/config.yaml?",
		"":               "is a folder, expected a config file; it has predict.yaml and train_vae.yaml",
		"notes":          "is a folder, expected a config file",
		"data.npy":       "is larger than 1 MB, expected a config in YAML",
	} {
		full := strings.TrimSuffix(dir+"/"+path, "/")
		_, _, err := LoadTrain(full, testOptions())
		var user *Error
		if !errors.As(err, &user) || !user.UserError() {
			t.Errorf("%s: %v is not the user's mistake", path, err)
			continue
		}
		if got := strings.ReplaceAll(err.Error(), dir, "DIR"); got != strings.ReplaceAll(full, dir, "DIR")+": "+want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
		if _, err2 := Kind(full); err2 == nil || err2.Error() != err.Error() {
			t.Errorf("%s: Kind says %v", path, err2)
		}
		if _, _, err2 := LoadInfer(full, testOptions()); err2 == nil || err2.Error() != err.Error() {
			t.Errorf("%s: LoadInfer says %v", path, err2)
		}
	}
}

func TestKind(t *testing.T) {
	dir := write(t, "a.yaml")
	for text, want := range map[string]string{small: KindTrain, "training: {}\n": KindTrain, exp: KindInfer, exp + "checkpoint: best\n": KindInfer} {
		path := filepath.Join(dir, "b.yaml")
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if got, err := Kind(path); got != want || err != nil {
			t.Errorf("%q: %s, %v", text, got, err)
		}
	}
}
