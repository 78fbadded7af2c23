package trainer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A run whose model is a TorchScript file does not need that file once it has a
// checkpoint: prediction, evaluation and resuming go on with what was trained.
func TestARunKeepsItsTorchScriptFile(t *testing.T) {
	s := newScriptSite(t)
	s.train()
	s.ok("predict", "runs/a", "-q")
	first := s.read("runs/a/predictions/test_predictions.npy")

	s.write("net.pt", "another file")
	if err := os.RemoveAll("runs/a/predictions"); err != nil {
		t.Fatal(err)
	}
	s.ok("predict", "runs/a", "-q")
	if s.read("runs/a/predictions/test_predictions.npy") != first {
		t.Error("other predictions without the file")
	}
	s.ok("evaluate", "runs/a", "-q")
	s.ok("extract-embeddings", "runs/a", "-q")
	s.ok("resume", "runs/a", "--set", "training.epochs=3")
	if r := s.run("train", "x.yaml"); r.code != exitMistake || !strings.Contains(r.messages, "net.pt is no TorchScript file") {
		t.Errorf("exit code %d\n%s", r.code, r.messages)
	}
}

// A resumed run computes with the module's operators as the first one did.
func TestARunOfATorchScriptFileIsResumedExactly(t *testing.T) {
	s := newScriptSite(t)
	s.train("checkpoint.save_strategy=last", "training.epochs=4", "experiment.name=whole")
	s.train("checkpoint.save_strategy=last", "training.epochs=2")
	s.ok("resume", "runs/a", "--set", "training.epochs=4")
	same(t, s.saved("runs/whole/checkpoints/last_model.pt"), s.saved("runs/a/checkpoints/last_model.pt"))
}

// newScriptSite has a TorchScript file net.pt, and an x.yaml that trains on arrays that it
// takes.
func newScriptSite(t *testing.T) *site {
	s := newTorchSite(t)
	s.write("net.pt", s.read(filepath.Join(source, "..", "model", "custom", "testdata", "net.pt")))
	s.array("five.npy", 64, 5)
	s.array("images.npy", 64, 1, 8, 8)
	text := strings.Replace(small, "source: shapes\n  count: 64\n  image_size: 8", "source: npy\n  path: images.npy\n  labels: five.npy", 1)
	before, rest, _ := strings.Cut(text, "model:\n")
	_, after, _ := strings.Cut(rest, "training:\n")
	s.write("x.yaml", before+"model:\n  type: custom_model\n  torchscript: net.pt\n  loss: huber\ntraining:\n"+after)
	return s
}
