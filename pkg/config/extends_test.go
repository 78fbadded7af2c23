package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const baseText = `experiment: {name: base, output_dir: runs, seed: 7}
data:
  source: shapes
  count: 64
model:
  type: vae
training:
  optimizer: {name: sgd, lr: 0.5}
  epochs: 3   # of the base
  grad_clip: 1.0
`

// files writes files into an empty folder and goes there.
func files(t *testing.T, texts map[string]string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range texts {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestExtendsMergesSectionsAndTheNearerFileHolds(t *testing.T) {
	files(t, map[string]string{
		"base.yaml":    baseText,
		"sub/mid.yaml": "extends: ../base.yaml\ntraining: {lr: 0.25, epochs: 4}\n",
		"x.yaml": `# my run
extends: sub/mid.yaml
experiment:
  name: mine   # its own
training:
  epochs: 5
  grad_clip: null
`})
	train, doc, err := LoadTrain("x.yaml", Options{Set: []string{"experiment.seed=9"}})
	if err != nil {
		t.Fatal(err)
	}
	if train.Experiment.Name != "mine" || train.Experiment.Seed != 9 || train.Training.Epochs != 5 || train.Training.GradClip != nil || train.Data.Count != 64 ||
		train.Training.Optimizer.Name != "sgd" || train.Training.Optimizer.LR != 0.25 {
		t.Errorf("%+v", train)
	}
	saved := string(doc.Effective())
	if strings.Contains(saved, "extends") || !strings.HasPrefix(saved, "# my run\nexperiment:\n  name: mine   # its own\n") || !strings.Contains(saved, "count: 64") {
		t.Error(saved)
	}
	again, doc2, err := ParseTrain("elsewhere/config.yaml", []byte(saved), Options{})
	if err != nil || string(doc2.Effective()) != saved || again.Training.Optimizer.LR != 0.25 {
		t.Errorf("%v\n%s", err, doc2.Effective())
	}
	if kind, err := Kind("x.yaml"); err != nil || kind != KindTrain {
		t.Error(kind, err)
	}
}

func TestAMistakeOfABaseIsToldWithItsOwnPlace(t *testing.T) {
	files(t, map[string]string{
		"base.yaml": strings.Replace(baseText, "epochs: 3", "epochs: x", 1) + "  accumulat: 2\n",
		"x.yaml":    "extends: base.yaml\ntraining:\n  precision: fp33\n",
	})
	_, _, err := LoadTrain("x.yaml", Options{})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"base.yaml:9:3: training.epochs: found", "base.yaml:11:3: training.accumulat: unknown key; did you mean accumulate?", "x.yaml:3:3: training.precision: found"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in\n%v", want, err)
		}
	}
	files(t, map[string]string{"base.yaml": baseText, "x.yaml": "extends: base.yaml\n"})
	_, doc, err := LoadTrain("x.yaml", Options{})
	if err != nil || doc.Place("data.count") != "base.yaml:4:3" || doc.Place("data.batch_size") != "base.yaml:2:1" {
		t.Errorf("%v, %s", err, doc.Place("data.count"))
	}
}

func TestExtendsOfWhatCannotBeIsAMistake(t *testing.T) {
	for extends, want := range map[string]string{
		"nase.yaml": "x.yaml:1:1: extends: found nase.yaml, which is not there; did you mean base.yaml?",
		"sub":       "is a folder", "x.yaml": "in a circle: x.yaml -> x.yaml", "a.yaml": "in a circle: x.yaml -> a.yaml -> b.yaml -> a.yaml",
		"[base.yaml]": "expected the path of one config", "": "expected the path of one config", "3": "expected the path of one config",
		"wrong.yaml": "wrong.yaml:1:4: not valid YAML", "${NOT_SET_ANYWHERE}/b.yaml": "NOT_SET_ANYWHERE is not set", "empty.yaml": "is empty",
	} {
		files(t, map[string]string{
			"x.yaml": "extends: " + extends + "\nexperiment: {name: a, output_dir: b}\ndata: {source: shapes}\nmodel: {type: vae}\n", "base.yaml": baseText, "sub/y.yaml": baseText,
			"a.yaml": "extends: b.yaml\n", "b.yaml": "extends: ./a.yaml\n", "wrong.yaml": "a: [\n", "empty.yaml": "",
		})
		_, _, err := LoadTrain("x.yaml", Options{})
		if _, mine := err.(*Error); !mine || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v\nwant %s", extends, err, want)
		}
	}
}

func TestEveryFileOfAChainIsNamedForItsOwnMistakes(t *testing.T) {
	files(t, map[string]string{
		"base.yaml": strings.Replace(baseText, "count: 64", "count: 0", 1) + "checkpoint: {mode: low}\n",
		"mid.yaml":  "extends: base.yaml\nmodel: {latent_dim: many}\n",
		"x.yaml":    "extends: mid.yaml\ntraining:\n  optimizer: {momentum: -1}\n  steps: 4\n",
	})
	_, _, err := LoadTrain("x.yaml", Options{Models: fakeModels{}, Set: []string{"training.device=gpu", "data.batch_size=0"}})
	want := `x.yaml:3:15: training.optimizer.momentum: found -1, expected a number of at least 0
base.yaml:4:3: data.count: found 0, expected a whole number of at least 1
base.yaml:9:3: training.epochs: given together with training.steps (x.yaml:4:3); keep one of them
base.yaml:11:14: checkpoint.mode: found "low", expected min or max
mid.yaml:2:9: model.latent_dim: found "many", expected a whole number of at least 1
--set data.batch_size=0: found 0, expected a whole number of at least 1, or auto
--set training.device=gpu: found "gpu", expected auto, cpu, cuda or cuda:N (such as cuda:0); did you mean cuda?`
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}
