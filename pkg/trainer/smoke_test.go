package trainer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gotrainer/trainer/pkg/config"
	"github.com/gotrainer/trainer/pkg/internal/torchtest"
)

// shrink makes an example config train in a moment; what is told apart by its name
// needs it.
var shrink = map[string][]string{
	"train_vae.yaml":           {"data.count=256", "model.encoder.hidden_dims=[32,16]"},
	"train_vae_conv.yaml":      {"data.count=128"},
	"train_classifier.yaml":    {"data.count=128"},
	"train_custom.yaml":        {"data.count=256"},
	"train_images.yaml":        {"data.image_size=16", "model.encoder.channels=[4,4]"},
	"train_sae_synthetic.yaml": {"data.count=1024"},
}

// copyConfigs brings the example configs into the working directory.
func (s *site) copyConfigs() (paths []string) {
	s.t.Helper()
	found, err := filepath.Glob(filepath.Join(source, "..", "..", "configs", "*.yaml"))
	if err != nil || len(found) == 0 {
		s.t.Fatalf("no configs: %v", err)
	}
	for _, path := range found {
		text, err := os.ReadFile(path)
		if err != nil {
			s.t.Fatal(err)
		}
		paths = append(paths, "configs/"+filepath.Base(path))
		s.write(paths[len(paths)-1], string(text))
	}
	return paths
}

func TestTheExampleConfigsAreThoseOfTheWorkflowAndMore(t *testing.T) {
	s := newSite(t)
	all := strings.Join(s.copyConfigs(), " ")
	for _, name := range []string{"train_vae", "train_sae", "train_custom", "extract_embeddings", "predict"} {
		if !strings.Contains(all, "configs/"+name+".yaml") {
			t.Errorf("no %s.yaml in %s", name, all)
		}
	}
	if n := len(strings.Fields(all)); n < 8 {
		t.Errorf("%d configs, want 8 at least", n)
	}
}

// Each example runs, in the order of the specification's workflow: train, extract,
// train on the embeddings, predict.
func TestEachExampleConfigRuns(t *testing.T) {
	s := newTorchSite(t)
	s.pictures("data/pictures", 40)
	left := map[string]bool{}
	for _, path := range s.copyConfigs() {
		left[path] = true
	}
	train := func(name string) {
		t.Helper()
		set := append([]string{"training.epochs=1", "training.threads=1", "training.device=cpu"}, shrink[name]...)
		r := s.ok(withSet([]string{"train", "configs/" + name, "-q"}, set)...)
		dir := strings.TrimSpace(r.stdout)
		if got := names(t, dir); got != ".trainer checkpoints config.yaml logs" {
			t.Errorf("%s left %s", name, got)
		}
		if got := names(t, dir+"/logs"); got != "metrics.jsonl training.log" {
			t.Errorf("%s left %s", name, got)
		}
		delete(left, "configs/"+name)
	}
	train("train_vae.yaml")
	s.ok("extract-embeddings", "configs/extract_embeddings.yaml")
	train("train_sae.yaml")
	s.ok("predict", "configs/predict.yaml")
	delete(left, "configs/extract_embeddings.yaml")
	delete(left, "configs/predict.yaml")
	for _, path := range sortedKeys(left) {
		train(filepath.Base(path))
	}
	for dir, want := range map[string]string{
		"experiments/vae/baseline/embeddings":  "test_embeddings.npy test_labels.npy train_embeddings.npy train_labels.npy val_embeddings.npy val_labels.npy",
		"experiments/vae/baseline/predictions": "test_predictions.npy",
		"experiments/sae/baseline/checkpoints": "best_model.pt",
	} {
		if got := names(t, dir); got != want {
			t.Errorf("%s has %s, want %s", dir, got, want)
		}
	}
	s.everyRunIsOfUse()
}

// everyRunIsOfUse extracts and predicts with every run below experiments.
func (s *site) everyRunIsOfUse() {
	s.t.Helper()
	runs, err := filepath.Glob("experiments/*/*/config.yaml")
	if err != nil || len(runs) < 6 {
		s.t.Fatalf("%d runs, %v", len(runs), err)
	}
	for _, path := range runs {
		s.ok("extract-embeddings", filepath.Dir(path), "-q")
		s.ok("predict", filepath.Dir(path), "-q")
	}
}

// The examples are also right as they are, without overrides.
func TestEachExampleConfigIsValid(t *testing.T) {
	s := newSite(t)
	s.pictures("data/pictures", 40)
	for _, path := range s.copyConfigs() {
		kind, err := config.Kind(path)
		if err != nil {
			t.Error(err)
		}
		if kind == config.KindTrain && strings.Contains(s.read(path), "source: embeddings") {
			s.write("experiments/vae/baseline/config.yaml", small)
			s.array("experiments/vae/baseline/embeddings/train_embeddings.npy", 512, 10)
		}
		if r := s.ok("validate", path); !strings.HasPrefix(r.stdout, path+": ok, "+kind+" ") {
			t.Error(r.stdout)
		}
	}
}

// Each variant is trained and told to MLflow, evaluated and reported.
func TestEachConfigOfTheZooIsTrackedEvaluatedAndReported(t *testing.T) {
	zoo, err := filepath.Glob(filepath.Join(source, "..", "..", "configs", "zoo", "[^b]*.yaml"))
	if err != nil || len(zoo) == 0 {
		t.Fatalf("no configs: %v", err)
	}
	s := newTorchSite(t)
	for _, path := range zoo {
		store := "mlruns/" + strings.TrimSuffix(filepath.Base(path), ".yaml")
		r := s.ok(withSet([]string{"train", path, "-q"}, []string{"data.count=512", "training.epochs=1", "training.threads=1", "training.device=cpu",
			"mlflow.tracking_uri=" + store, "mlflow.experiment_name=zoo"})...)
		said := strings.Fields(r.stdout)
		dir := said[len(said)-1] // of members the last one's
		out := s.ok("evaluate", dir, "-q", "--explain", "--max-samples", "300", "--likelihood-samples", "50", "--importance-samples", "3").stdout
		if at := strings.Index(out, ": "+ofTheVariant); at >= 0 {
			t.Errorf("%s: %s has no definition", path, out[strings.LastIndex(out[:at], "\n")+1:at])
		}
		s.ok("report", dir, "-q")
		for _, pattern := range []string{store + "/*/*/metrics/val/loss", dir + "/report/index.html"} {
			if found, err := filepath.Glob(pattern); err != nil || len(found) == 0 {
				t.Errorf("%s: nothing is at %s", path, pattern)
			}
		}
		c, _, err := config.LoadTrain(filepath.Join(dir, "config.yaml"), config.Options{Models: models()})
		if err != nil {
			t.Fatal(err)
		}
		torchtest.Result(t, c.Model.Type+"/"+c.Model.Variant, "reported", 1)
	}
}
