package trainer

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestOverwriteReplacesWhatTheOldRunMade(t *testing.T) {
	s := newTorchSite(t)
	s.train("checkpoint.save_strategy=all")
	s.ok("extract-embeddings", "runs/a")
	s.ok("predict", "runs/a")
	old := s.read(best)
	s.train("experiment.seed=8")
	if got := names(t, "runs/a"); got != ".trainer checkpoints config.yaml logs" {
		t.Errorf("runs/a has %s", got)
	}
	if got := names(t, "runs/a/checkpoints"); got != "best_model.pt" {
		t.Errorf("checkpoints/ has %s", got)
	}
	if s.read(best) == old {
		t.Error("the checkpoint is the old one")
	}
	if got := names(t, "runs"); got != ".a.lock a" {
		t.Errorf("runs has %s", got)
	}
	if n := strings.Count(s.read("runs/a/logs/training.log"), "training started"); n != 1 {
		t.Errorf("the log tells of %d runs", n)
	}
}

func TestOverwriteCarriesForeignFilesAndSaysSo(t *testing.T) {
	s := newTorchSite(t)
	s.train()
	s.write("runs/a/notes.txt", "mine")
	s.write("runs/a/plots/loss.png", "mine too")
	s.write("runs/a/checkpoints/mine.pt", "and this")
	r := s.train("experiment.seed=8")
	for name, want := range map[string]string{"notes.txt": "mine", "plots/loss.png": "mine too", "checkpoints/mine.pt": "and this"} {
		if got := s.read("runs/a/" + name); got != want {
			t.Errorf("%s: %q", name, got)
		}
		folder, _, _ := strings.Cut(name, "/loss.png")
		if !strings.Contains(r.messages, folder) {
			t.Errorf("%s is not named in\n%s", name, r.messages)
		}
	}
}

func TestTimestampLeavesTheOldRunAlone(t *testing.T) {
	s := newTorchSite(t)
	s.train()
	before := listing(t, "runs/a")
	r := s.train("experiment.on_exists=timestamp")
	unchanged(t, before, listing(t, "runs/a"))
	dir := strings.TrimSpace(r.stdout)
	if !regexp.MustCompile(`^runs/a_\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d$`).MatchString(dir) {
		t.Errorf("the new run is %q", dir)
	}
	if !strings.Contains(r.messages, "note: runs/a exists; this run goes to "+dir+"\n") {
		t.Error(r.messages)
	}
	s.ok("predict", dir)
	if got := names(t, dir+"/predictions"); got != "test_predictions.npy" {
		t.Error(got)
	}
}

func TestMistakesOverAnOldRunLeaveItAlone(t *testing.T) {
	over := func(set ...string) bad {
		return bad{name: set[0], torch: true, prep: withRun, set: set, want: []string{"…" + strings.SplitN(set[0], "=", 2)[0] + "…"}}
	}
	tryBad(t, []bad{
		over("training.epochs=0"),
		over("data={source: npy, path: no.npy}"),
		over("model={type: vae, latent_dim: 2, encoder: {kind: conv, channels: [4, 4, 4, 4]}}"),
		over("checkpoint.monitor=val/nothing"),
	})
}

func TestNoValidationSplitFallsBackToTheTrainLoss(t *testing.T) {
	s := newTorchSite(t)
	r := s.train("data.split={train: 0.9, test: 0.1}", "training.epochs=2", "training.lr=0.01")
	if want := "there is no validation split: train/loss decides which epoch is best, not val/loss\n"; !strings.Contains(r.messages, want) {
		t.Error(r.messages)
	}
	if !strings.Contains(r.messages, "best        train/loss ") || strings.Contains(r.messages, "val/recon") {
		t.Error(r.messages)
	}
	if f := s.load(best); f.Epoch != 2 {
		t.Errorf("the best is of epoch %d", f.Epoch)
	}
}

func TestASplitThatIsNotThereIsSkippedWithANotice(t *testing.T) {
	s := newTorchSite(t)
	s.train("data.split={train: 0.9, val: 0.1}")
	r := s.ok("extract-embeddings", "runs/a")
	if want := "note: the data have no test split: its file is not written\n"; !strings.Contains(r.messages, want) {
		t.Error(r.messages)
	}
	if got := names(t, "runs/a/embeddings"); got != "train_embeddings.npy val_embeddings.npy" {
		t.Error(got)
	}
	before := listing(t, s.dir)
	if r := s.run("predict", "runs/a"); r.code != exitMistake || !strings.HasSuffix(r.messages, "trainer: splits: the data have none of test; choose others\n") {
		t.Errorf("exit code %d: %s", r.code, r.messages)
	}
	unchanged(t, before, listing(t, s.dir))
}

func TestWhatTheSpecificationLetsUsersDeleteIsNotMissed(t *testing.T) {
	s := newTorchSite(t)
	s.train("checkpoint.save_strategy=all", "training.epochs=2")
	s.ok("predict", "runs/a")
	want := s.read("runs/a/predictions/test_predictions.npy")
	epochs, err := filepath.Glob("runs/a/checkpoints/epoch_*.pt")
	if err != nil || len(epochs) != 2 {
		t.Fatal(epochs, err)
	}
	for _, path := range slices.Concat(epochs, []string{"runs/a/logs", "runs/a/.trainer", "runs/a/predictions"}) {
		s.remove(path)
	}
	s.ok("predict", "runs/a")
	if s.read("runs/a/predictions/test_predictions.npy") != want {
		t.Error("the predictions differ")
	}
	s.ok("extract-embeddings", "runs/a", "--set", "checkpoint=last")
	s.ok("train", "runs/a")
	if got := names(t, "runs/a"); got != ".trainer checkpoints config.yaml logs" {
		t.Error(got)
	}
}

func TestTheOtherCheckpointStandsInForAMissingOne(t *testing.T) {
	s := newTorchSite(t)
	s.train("checkpoint.save_strategy=last")
	r := s.ok("predict", "runs/a", "--set", "checkpoint=best")
	if want := "note: checkpoint best: runs/a/checkpoints has no best_model.pt; using last_model.pt\n"; !strings.Contains(r.messages, want) {
		t.Error(r.messages)
	}
	if err := os.Rename("runs/a/checkpoints/last_model.pt", best); err != nil {
		t.Fatal(err)
	}
	if r := s.ok("predict", "runs/a"); strings.Contains(r.messages, "note") {
		t.Error(r.messages)
	}
}
