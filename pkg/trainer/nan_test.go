package trainer

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
)

func TestEarlyStoppingEndsTheRun(t *testing.T) {
	s := newTorchSite(t)
	// The largest of a falling metric: no epoch after the first improves on it.
	r := s.train("training.epochs=50", "training.lr=0.01", "training.early_stopping=3", "checkpoint={monitor: train/recon, mode: max}")
	if !strings.Contains(r.messages, "finished: early stopping after epoch 4, step 16, in ") || !strings.Contains(r.messages, "; the best was epoch 1\n") {
		t.Error(r.messages)
	}
	if f := s.load(best); f.Epoch != 1 {
		t.Errorf("the best is of epoch %d", f.Epoch)
	}
	r = s.train("training.epochs=50", "training.lr=0.01", "training.early_stopping={patience: 1, min_delta: 1000}")
	if !strings.Contains(r.messages, "early stopping after epoch 2, step 8,") {
		t.Errorf("a small improvement counted: %s", r.messages)
	}
	var result struct {
		Epochs       int
		StoppedEarly bool `json:"stopped_early"`
	}
	r = s.ok("train", "runs/a", "--json", "--set", "training.epochs=2", "--set", "training.early_stopping=null")
	if err := json.Unmarshal([]byte(r.stdout), &result); err != nil || result.Epochs != 2 || result.StoppedEarly {
		t.Errorf("%v: %s", err, r.stdout)
	}
}

// A run whose metric was never a number fails and keeps what it has; no epoch of it
// is the best.
func TestARunThatIsNeverANumberFailsAndKeepsWhatItHas(t *testing.T) {
	diverge := []string{"training.lr=1e30", "training.epochs=2"}
	for _, c := range []struct{ strategy, want string }{
		{"best", ""},
		{"last", "last_model.pt"},
		{"all", "epoch_001.pt epoch_002.pt last_model.pt"},
	} {
		t.Run(c.strategy, func(t *testing.T) {
			s := newTorchSite(t)
			r := s.run(withSet([]string{"train", "x.yaml", "-q"}, append(diverge, "checkpoint.save_strategy="+c.strategy))...)
			if r.code != exitFailed || r.stdout != "" {
				t.Errorf("exit code %d, stdout %q", r.code, r.stdout)
			}
			want := "trainer: val/loss was never a number in 2 epochs: the loss is not finite; a lower learning rate or grad_clip may help\n"
			if !strings.HasSuffix(r.messages, want) || strings.Count(r.messages, "was never a number") != 1 {
				t.Error(r.messages)
			}
			if got := names(t, "runs/a/checkpoints"); got != c.want {
				t.Errorf("checkpoints/ has %s, want %s", got, c.want)
			}
			log := s.read("runs/a/logs/training.log")
			for _, line := range []string{"step 4: the loss is not finite; the last 3 updates were skipped", "failed: val/loss was never a number"} {
				if !strings.Contains(log, line) {
					t.Errorf("no %q in\n%s", line, log)
				}
			}
			if c.want != "" && !math.IsNaN(s.load("runs/a/checkpoints/last_model.pt").MetricValue) {
				t.Error("the metric is a number")
			}
		})
	}
}

func TestAHundredSkippedStepsInARowEndTheRun(t *testing.T) {
	s := newTorchSite(t)
	r := s.run("train", "x.yaml", "-q", "--set", "training.lr=1e30", "--set", "training.epochs=1000")
	if want := "trainer: step 104: the loss is not finite for 103 steps in a row; a lower learning rate or grad_clip may help\n"; r.code != exitFailed || !strings.HasSuffix(r.messages, want) {
		t.Errorf("exit code %d\n%s", r.code, r.messages)
	}
}

// A rate that becomes far too high after the first epoch: the run ends well, and the
// best is of the epoch whose metric was a number.
func TestNaNIsNeverTheBest(t *testing.T) {
	s := newTorchSite(t)
	s.train("training.epochs=1")
	first := s.load(best).MetricValue
	r := s.train("training.epochs=3", "training.scheduler={name: step, step_size: 4, gamma: 1.0e+35}", "checkpoint.save_strategy=all")
	if !strings.Contains(r.messages, "the best was epoch 1\n") {
		t.Error(r.messages)
	}
	if f := s.load(best); f.Epoch != 1 || f.MetricValue != first {
		t.Errorf("the best is of epoch %d with %v, want 1 with %v", f.Epoch, f.MetricValue, first)
	}
	if f := s.load("runs/a/checkpoints/last_model.pt"); f.Epoch != 3 || !math.IsNaN(f.MetricValue) {
		t.Errorf("the last is of epoch %d with %v", f.Epoch, f.MetricValue)
	}
}
