package trainer

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// wantEnd holds that a message ends with a summary: the lines after best are exactly
// these.
func wantEnd(t *testing.T, messages string, lines ...string) {
	t.Helper()
	if want := strings.Join(lines, "\n") + "\n"; !strings.HasSuffix(messages, want) {
		t.Errorf("got\n%s\nwant at the end\n%s", messages, want)
	}
}

func TestAFinishedRunTellsItsBestItsFilesAndTheNextCommand(t *testing.T) {
	s := newTorchSite(t)
	r := s.ok("train", "x.yaml", "--no-progress")
	wantEnd(t, r.messages, "config      runs/a/config.yaml", "checkpoint  runs/a/checkpoints/best_model.pt", "log         runs/a/logs/training.log",
		"next        trainer extract-embeddings runs/a")
	if !regexp.MustCompile(`(?m)^finished after 1 epochs, 4 steps, in [0-9.]+s; the best was epoch 1\nbest        val/loss [0-9.]+ at epoch 1 of 1$`).MatchString(r.messages) {
		t.Error(r.messages)
	}
	r = s.ok("train", "x.yaml", "--json", "-q")
	var told struct {
		Config, Checkpoint, Log, Next string
		Seconds                       float64
	}
	if err := json.Unmarshal([]byte(r.stdout), &told); err != nil || r.messages != "" {
		t.Fatal(err, r.messages)
	}
	for _, path := range []string{told.Config, told.Checkpoint, told.Log} {
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
	if told.Next != "trainer extract-embeddings runs/a" || told.Seconds <= 0 {
		t.Errorf("%+v", told)
	}
}

func TestTheNextCommandIsWhatTheModelIsFor(t *testing.T) {
	for kind, want := range map[string]string{
		"vae": "trainer extract-embeddings d", "sae": "trainer predict d, or trainer report d", "custom_model": "trainer predict d",
	} {
		if got := afterTraining(kind, "d"); got != want {
			t.Errorf("%s: %s, want %s", kind, got, want)
		}
	}
}

func TestAnInterruptedRunTellsHowToGoOn(t *testing.T) {
	s := newTorchSite(t)
	p := start(t, withSet([]string{"train", "x.yaml", "--no-progress"}, endless)...)
	p.until(reaches("runs/a", 13))
	p.send(syscall.SIGTERM)
	p.wait()
	wantEnd(t, p.stderr.String(), "config      runs/a/config.yaml", "checkpoint  runs/a/checkpoints/resume.pt", "log         runs/a/logs/training.log",
		"next        trainer resume runs/a")
	if want := regexp.MustCompile(`  interrupted after step \d+ by SIGTERM, in epoch \d+, .* after the start\n$`); !want.MatchString(s.read("runs/a/logs/training.log")) {
		t.Error(s.read("runs/a/logs/training.log"))
	}
}

func TestAFailedRunTellsWhatIsLeftOfIt(t *testing.T) {
	s := newTorchSite(t)
	r := s.run("train", "x.yaml", "--no-progress", "--set", "training.lr=1e30", "--set", "training.epochs=1000", "--set", "checkpoint.save_strategy=last")
	wantEnd(t, r.messages, "checkpoint  runs/a/checkpoints/last_model.pt", "log         runs/a/logs/training.log",
		"next        when the cause is mended: trainer resume runs/a",
		"trainer: step 104: the loss is not finite for 103 steps in a row; a lower learning rate or grad_clip may help")
	if log := s.read("runs/a/logs/training.log"); !regexp.MustCompile(`  ended after step 104, .* after the start\n.*  failed: step 104: the loss is not finite`).MatchString(log) {
		t.Error(log)
	}
}

// A year later the log alone tells what ran where, on which data, and what came of it.
func TestTheLogTellsTheWholeRun(t *testing.T) {
	s := newTorchSite(t)
	s.ok("train", "x.yaml", "-q", "--set", "training.epochs=2")
	log := s.read("runs/a/logs/training.log")
	host, _ := os.Hostname()
	for _, want := range []string{
		`run        runs/a \([0-9a-f-]{36}\)`, `command    .+`, `trainer    .+, go1\..+, libtorch 2\..+, (without CUDA|CUDA .+)`,
		`host       ` + regexp.QuoteMeta(host) + `, linux/.+, \d+ processors, CPU capability .+`, `device     cpu; training.device: cpu`,
		`threads    1; training.threads: 1`, `seed       7`, `data       shapes, samples of shape \[1 8 8\], labels of shape \[5\] \(shape \[\], scale \[\], rotation \[\], x \[\], y \[\]\)`,
		`splits     52 train, 6 val, 6 test`, `data hash  [0-9a-f]{64} \(SHA-256\)`, `batches    of 16`, `plan       2 epochs, 8 steps, fp32, best by val/loss`,
		`model vae, 1156 parameters:`, `  encoder.0.weight  \[8 64\]   512`, `  all                       1156`,
		`.{19}  epoch 1/2  step 4  train/loss .*  val/loss .*  lr 0.001 .*`, `.{19}  wrote checkpoints/best_model.pt, .+ kB`,
		`.{19}  epoch 2/2  step 8 .*`, `.{19}  finished after 2 epochs, 8 steps, in .*; the best was epoch 2`,
	} {
		if !regexp.MustCompile(`(?m)^` + want + `$`).MatchString(log) {
			t.Errorf("no line %s in\n%s", want, log)
		}
	}
}

func TestTheCommitOfTheFolderIsInTheLog(t *testing.T) {
	s := newTorchSite(t)
	for _, args := range [][]string{{"init", "-q", "-b", "main"}, {"add", "x.yaml"},
		{"-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-q", "-m", "x"}} {
		if out, err := gitIn(s.dir, args...); err != nil {
			t.Skipf("git %v: %v: %s", args, err, out)
		}
	}
	commit, _ := gitIn(s.dir, "rev-parse", "HEAD")
	s.ok("train", "x.yaml", "-q")
	if log, want := s.read("runs/a/logs/training.log"), "\ngit        commit "+strings.TrimSpace(commit)+" on main"; !strings.Contains(log, want+"\n") {
		t.Errorf("no %q in\n%s", want, log)
	}
	s.write("x.yaml", small+"# mine\n")
	s.ok("train", "x.yaml", "-q")
	if log := s.read("runs/a/logs/training.log"); !strings.Contains(log, " on main, with changes that are not committed\n") {
		t.Error(log)
	}
}

// A run that was killed could not write how it ended: the next command that meets it
// does, and only once.
func TestTheEndOfAKilledRunIsNotedByTheNextCommand(t *testing.T) {
	s := newTorchSite(t)
	p := start(t, withSet([]string{"train", "x.yaml", "-q"}, endless)...)
	p.until(reaches("runs/a", 13))
	p.send(syscall.SIGKILL)
	p.wait()
	path := filepath.Join("runs", "a", "logs", "training.log")
	for _, args := range [][]string{{"show", "runs/a"}, {"list", "runs"}, {"predict", "runs/a"}} {
		s.ok(args...)
		if n := strings.Count(s.read(path), "  interrupted: killed, or the machine stopped: process "); n != 1 {
			t.Fatalf("after %s there are %d lines about it in\n%s", args[0], n, s.read(path))
		}
	}
	s.ok("resume", "runs/a", "--set", "training.epochs=1")
	if log := s.read(path); !strings.Contains(log, "the lock is taken over") || !strings.Contains(log, "training resumed after step") || !strings.Contains(log[strings.LastIndex(log, "training resumed"):], "finished after") {
		t.Error(log)
	}
}
