package trainer

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gotrainer/trainer/pkg/checkpoint"
)

// interruptedRun trains x.yaml whole in whole/a, and in cut/a until it is interrupted in
// the middle of an epoch.
func interruptedRun(t *testing.T, set ...string) *site {
	s := newTorchSite(t)
	i := slices.IndexFunc(resumed, func(r struct{ name, config string }) bool { return strings.HasPrefix(r.name, "relu_l1 streamed") })
	s.write("x.yaml", strings.Replace(resumed[i].config, "\n", "experiment: {name: a, output_dir: whole, seed: 5}\n", 1))
	s.matrix("data.npy", 80, 12)
	set = append([]string{"training.threads=1", "training.device=cpu"}, set...)
	s.train(set...)
	c := start(t, withSet([]string{"train", "x.yaml", "--set", "experiment.output_dir=cut", "--set", "checkpoint.resume_every=1"}, set)...)
	c.until(reaches("cut/a", 10))
	c.cmd.Process.Kill()
	c.wait()
	return s
}

func (s *site) without(pattern string) {
	s.t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		s.t.Fatalf("%s: nothing to remove, %v", pattern, err)
	}
	for _, path := range paths {
		if err := os.RemoveAll(path); err != nil {
			s.t.Fatal(err)
		}
	}
}

func TestResumeDoesWithoutWhatUsersDelete(t *testing.T) {
	for _, pattern := range []string{"cut/a/logs", "cut/a/.trainer", "cut/a/checkpoints/epoch_*.pt", "cut/a/config.yaml"} {
		t.Run(pattern, func(t *testing.T) {
			s := interruptedRun(t)
			s.without(pattern)
			s.ok("resume", "cut/a")
			if d := compareFiles(s.saved("whole/a/checkpoints/last_model.pt"), s.saved("cut/a/checkpoints/last_model.pt")); d != nil && !strings.HasPrefix(d.Place, "config.") {
				t.Error(d)
			}
			if d := compareFiles(s.saved("whole/a/checkpoints/best_model.pt"), s.saved("cut/a/checkpoints/best_model.pt")); d != nil && !strings.HasPrefix(d.Place, "config.") {
				t.Error(d)
			}
			s.ok("predict", "cut/a")
		})
	}
}

func TestADamagedCheckpointFallsBackToTheOneBefore(t *testing.T) {
	s := interruptedRun(t)
	for _, name := range []string{"resume.pt", "last_model.pt"} { // last_model.pt is the newest epoch's file too
		path := "cut/a/checkpoints/" + name
		data := []byte(s.read(path))
		data[len(data)/2] ^= 0xff
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	r := s.ok("resume", "cut/a")
	if strings.Count(r.messages, "note: damaged, passed over: cut/a/checkpoints/resume.pt: ") != 1 || !strings.Contains(r.messages, "is the newest checkpoint that is whole: going on after step") {
		t.Error(r.messages)
	}
	if d := compareFiles(s.saved("whole/a/checkpoints/last_model.pt"), s.saved("cut/a/checkpoints/last_model.pt")); d != nil && !strings.HasPrefix(d.Place, "config.") {
		t.Error(d)
	}
}

func TestALostBestModelIsTakenFromItsEpoch(t *testing.T) {
	s := newTorchSite(t)
	s.train("checkpoint.save_strategy=all", "training.epochs=3", "training.optimizer.lr=0")
	s.without("runs/a/checkpoints/best_model.pt")
	r := s.ok("resume", "runs/a", "--set", "training.epochs=4")
	if f := s.saved("runs/a/checkpoints/best_model.pt"); f.Epoch != 1 || !strings.Contains(r.messages, "it is epoch_001.pt again") {
		t.Errorf("best_model.pt is of epoch %d\n%s", f.Epoch, r.messages)
	}
}

// A save gives one file its names one after the other: a kill in between leaves the
// newest epoch as best_model.pt alone.
func TestNamesThatAKillLeftOutAreGivenOnResume(t *testing.T) {
	s := newTorchSite(t)
	set := []string{"checkpoint.save_strategy=all", "training.epochs=2", "training.optimizer.lr=0.01"}
	s.train(append(set, "experiment.output_dir=whole")...)
	s.train(set...)
	if f := s.saved("runs/a/checkpoints/best_model.pt"); f.Epoch != 2 {
		t.Fatalf("the best is epoch %d, this test needs 2", f.Epoch)
	}
	s.without("runs/a/checkpoints/epoch_002.pt")
	s.write("runs/a/checkpoints/first.pt", s.read("runs/a/checkpoints/epoch_001.pt"))
	if err := os.Rename("runs/a/checkpoints/first.pt", "runs/a/checkpoints/last_model.pt"); err != nil {
		t.Fatal(err)
	}
	s.ok("resume", "runs/a")
	s.same("whole/a", "runs/a")
}

func TestAFinishedRunTrainsOnWithMoreEpochs(t *testing.T) {
	s := newTorchSite(t)
	s.write("x.yaml", small+"  resume_every: none\n")
	s.train("experiment.output_dir=whole", "training.epochs=5", "checkpoint.save_strategy=all")
	s.train("training.epochs=3", "checkpoint.save_strategy=all")
	if r := s.ok("resume", "runs/a"); !strings.Contains(r.messages, "all 3 epochs of this run are done; to train on, make it longer: --set training.epochs=6") {
		t.Error(r.messages)
	}
	r := s.ok("resume", "runs/a", "--set", "training.epochs=5")
	if !strings.Contains(r.messages, "training.epochs: 5, was 3") || !strings.Contains(s.read("runs/a/logs/training.log"), "training.epochs: 5, was 3") {
		t.Error(r.messages)
	}
	if !strings.Contains(s.read("runs/a/config.yaml"), "epochs: 5") {
		t.Error("config.yaml does not have the new length")
	}
	d, err := compareJournals("whole/a/logs/metrics.jsonl", "runs/a/logs/metrics.jsonl")
	if err != nil || d != nil {
		t.Error(d, err)
	}
	if d := compareFiles(s.saved("whole/a/checkpoints/last_model.pt"), s.saved("runs/a/checkpoints/last_model.pt")); d != nil && !strings.HasPrefix(d.Place, "config.") {
		t.Error(d)
	}
}

func TestALongerScheduleIsTold(t *testing.T) {
	s := newTorchSite(t)
	s.train("training.scheduler=cosine", "checkpoint.save_strategy=last")
	r := s.ok("resume", "runs/a", "--set", "training.epochs=2")
	if !strings.Contains(r.messages, "the cosine schedule depends on the length of the run: from here on it is that of 8 steps, until now it was that of 4") {
		t.Error(r.messages)
	}
}

func TestKeysThatMayNotChangeAreRefusedWithBothValues(t *testing.T) {
	s := newTorchSite(t)
	s.train("checkpoint.save_strategy=last")
	before := listing(t, s.dir)
	for set, want := range map[string]string{
		"model.latent_dim=3":              "model.latent_dim: found 3, but runs/a/checkpoints/last_model.pt was trained with 2; a resumed run cannot change it",
		"data.batch_size=8":               "data.batch_size: found 8, but … was trained with 16;…",
		"training.optimizer=sgd":          "training.optimizer.name: found sgd, but … was trained with adam;…",
		"checkpoint.monitor=train/loss":   "checkpoint.monitor: found train/loss, but … was trained with val/loss;…",
		"experiment.seed=8":               "experiment.seed: found 8, but … was trained with 7;…",
		"training.grad_clip.max_norm=0.5": "training.grad_clip: found …, but … was trained with nothing;…",
	} {
		r := s.run("resume", "runs/a", "--set", set, "--set", "training.epochs=9")
		if r.code != exitMistake || !like(r.messages, "…"+want+"…") {
			t.Errorf("--set %s: exit code %d: %s", set, r.code, r.messages)
		}
	}
	unchanged(t, before, listing(t, s.dir))
}

func TestResumeInTheConfigGoesOnOrBegins(t *testing.T) {
	s := newTorchSite(t)
	set := []string{"experiment.on_exists=resume", "checkpoint.save_strategy=last"}
	s.train(set...)
	if r := s.train(append(set, "training.epochs=2")...); !strings.Contains(r.messages, "training.epochs: 2, was 1") {
		t.Error(r.messages)
	}
	if f := s.saved("runs/a/checkpoints/last_model.pt"); f.Epoch != 2 {
		t.Errorf("last_model.pt is of epoch %d", f.Epoch)
	}
	s.without("runs/a/checkpoints/*")
	r := s.run("resume", "runs/a")
	if r.code != exitMistake || !strings.Contains(r.messages, "runs/a has no checkpoint to go on from: it ended before the first was written; train it again with `trainer train runs/a/config.yaml`") {
		t.Errorf("exit code %d: %s", r.code, r.messages)
	}
	if r := s.train(set...); !strings.Contains(r.messages, "training begins anew") {
		t.Error(r.messages)
	}
	if lines := strings.Count(s.read("runs/a/logs/metrics.jsonl"), "\n"); lines != 2 {
		t.Errorf("metrics.jsonl has %d lines, want those of the new run alone", lines)
	}
}

func TestOnlyTheSameDataAreResumed(t *testing.T) {
	s := interruptedRun(t)
	if err := os.Rename("data.npy", "moved.npy"); err != nil {
		t.Fatal(err)
	}
	s.matrix("data.npy", 80, 12)
	other := []byte(s.read("data.npy"))
	other[len(other)-1] ^= 1
	s.write("data.npy", string(other))
	s.ok("show", "cut/a") // notes in the log that the run was killed
	before := listing(t, "cut")
	if r := s.run("resume", "cut/a"); r.code != exitMistake || !strings.Contains(r.messages, "the sizes are the same, the content is not") {
		t.Errorf("exit code %d: %s", r.code, r.messages)
	}
	unchanged(t, before, listing(t, "cut"))
	r := s.ok("resume", "cut/a", "--set", "data.path=moved.npy")
	if !strings.Contains(r.messages, "data.path: moved.npy, was data.npy") {
		t.Error(r.messages)
	}
}

func TestAFormatOfALaterTrainerIsRefused(t *testing.T) {
	for version, want := range map[any]string{
		int64(1):  "",
		int64(2):  "last_model.pt: its format_version is 2, and this trainer (…, the file is of …) reads up to 1; use the trainer that wrote it, or a later one",
		int64(0):  "trainer_state has the format_version 0, expected a whole number from 1 to 1; …",
		"newest!": "trainer_state has the format_version newest!, expected …",
	} {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			s := newTorchSite(t)
			s.train("checkpoint.save_strategy=last")
			path := "runs/a/checkpoints/last_model.pt"
			f := s.saved(path)
			f.TrainerState.Set("format_version", version)
			if err := checkpoint.Save(path, f); err != nil {
				t.Fatal(err)
			}
			for _, command := range []string{"resume", "predict"} {
				r := s.run(command, "runs/a")
				if want == "" && r.code != exitDone || want != "" && (r.code != exitMistake || !like(r.messages, "…"+want+"…")) {
					t.Errorf("%s: exit code %d: %s", command, r.code, r.messages)
				}
			}
		})
	}
}
