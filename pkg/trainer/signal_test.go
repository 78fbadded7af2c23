package trainer

import (
	"strings"
	"syscall"
	"testing"
)

func TestAnInterruptedRunKeepsWhatWasTrained(t *testing.T) {
	for _, c := range []struct {
		signal syscall.Signal
		code   int
	}{{syscall.SIGINT, exitInterrupt}, {syscall.SIGTERM, exitTerminated}} {
		t.Run(c.signal.String(), func(t *testing.T) {
			s := newTorchSite(t)
			p := start(t, withSet([]string{"train", "x.yaml", "-q"}, endless)...)
			p.until(reaches("runs/a", 13)) // of the fourth epoch
			p.send(c.signal)
			if code := p.wait(); code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			messages := p.stderr.String()
			if strings.Count(messages, "interrupted after step ") != 1 || strings.Contains(messages, "trainer: ") {
				t.Error(messages)
			}
			if got := names(t, "runs/a/checkpoints"); got != "best_model.pt resume.pt" {
				t.Errorf("checkpoints/ has %s", got)
			}
			if f := s.load("runs/a/checkpoints/resume.pt"); f.Epoch < 3 {
				t.Errorf("resume.pt is after epoch %d", f.Epoch)
			}
			if state := s.read("runs/a/.trainer/state.json"); !strings.Contains(state, `"interrupted"`) {
				t.Error(state)
			}
			s.ok("predict", "runs/a")
		})
	}
}

// Before the first checkpoint of the new run the old one is still there, whole, and the
// message says where the new one is.
func TestAnInterruptedRunDoesNotCostTheOldOne(t *testing.T) {
	s := newTorchSite(t)
	s.train()
	before := listing(t, "runs/a")
	p := start(t, withSet([]string{"train", "x.yaml", "-q"}, slowEpoch)...)
	p.until(func() bool { return len(matching("runs/.a.new-*")) == 1 && reaches(matching("runs/.a.new-*")[0], 3)() })
	p.send(syscall.SIGINT)
	if code := p.wait(); code != exitInterrupt {
		t.Errorf("exit code %d", code)
	}
	unchanged(t, before, listing(t, "runs/a"))
	kept := strings.Join(matching("runs/a_*"), " ")
	if want := "note: runs/a is unchanged; what was trained until now is in " + kept + "\n"; !strings.HasSuffix(p.stderr.String(), want) {
		t.Errorf("%s\nis not at the end of\n%s", want, &p.stderr)
	}
	if got := names(t, kept+"/checkpoints"); got != "resume.pt" {
		t.Errorf("checkpoints/ of %s has %s", kept, got)
	}
}
