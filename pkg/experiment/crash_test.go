package experiment

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// replace trains a run over an existing one, in one process or what is left of it:
// it kills itself at the step number STOP. Past the last step it ends with 0.
func replace() {
	stop, _ := strconv.Atoi(os.Getenv("STOP"))
	o := options(os.Getenv("BASE"), Overwrite)
	o.step = func(string) {
		if stop--; stop == 0 {
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
	}
	if os.Getenv("EXCHANGE") == "no" {
		o.exchange = func(_, _ string) error { return errors.ErrUnsupported }
	}
	r, err := Begin(o)
	if err == nil && os.Getenv("ONLY") != "begin" {
		for _, rel := range []string{"config.yaml", "logs/training.log", "logs/metrics.jsonl", "checkpoints/last_model.pt", "checkpoints/best_model.pt"} {
			err = errors.Join(err, os.WriteFile(r.Path(rel), []byte("new"), 0o644))
		}
		_, errPublish := r.Publish()
		err = errors.Join(err, errPublish)
	}
	if err == nil {
		_, err = r.Finish(Interrupted, nil)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// killedAt runs the role replace and says whether it was killed at its stop; a
// process that ends in any other way than well fails the test.
func killedAt(t *testing.T, base string, stop int, env ...string) bool {
	t.Helper()
	err := child(t, "replace", base, append(env, "STOP="+strconv.Itoa(stop))...).Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		if ws, ok := exit.Sys().(syscall.WaitStatus); ok && ws.Signal() == syscall.SIGKILL {
			return true
		}
	}
	if err != nil {
		t.Fatalf("stop %d: %v", stop, err)
	}
	return false
}

// checkWhole checks what a reader finds after a kill: one run, whole.
func checkWhole(t *testing.T, base, at string) {
	t.Helper()
	info, err := Find(filepath.Join(base, "baseline"))
	if err != nil {
		t.Errorf("%s: %v", at, err)
		return
	}
	got := strings.TrimPrefix(tree(t, info.Dir), markerName+"="+markerText+"\n")
	got = strings.TrimSuffix(got, "\nnotes.txt=mine")
	if got != runTree("", "old") && got != runTree("", "new") {
		t.Errorf("%s: found %s with\n%s\nwant the old or the new run", at, filepath.Base(info.Dir), got)
	}
}

// checkCleared checks that a Begin after the kill leaves the old or the new run,
// the file of the user, and nothing hidden; the other run may stay beside it.
func checkCleared(t *testing.T, base, at string) {
	t.Helper()
	const newWhole = "best_model.pt=new"
	before := tree(t, base)
	r, err := Begin(options(base, Overwrite))
	if err != nil {
		t.Errorf("%s: %v", at, err)
		return
	}
	finish(t, r, Interrupted)
	got := tree(t, base)
	old := runTree("baseline", "old") + "\nbaseline/notes.txt=mine"
	aside := old + "\n" + runTree("baseline"+stamp, "new")
	if got != old && got != aside && got != runTree("baseline", "new")+"\nbaseline/notes.txt=mine" {
		t.Errorf("%s: after the next Begin:\n%s", at, got)
	}
	if strings.Contains(before, newWhole) && !strings.Contains(got, newWhole) {
		t.Errorf("%s: the new run had a checkpoint, and the next Begin lost it", at)
	}
	hidden, err := filepath.Glob(filepath.Join(base, ".*"))
	if err != nil || len(hidden) != 1 || filepath.Base(hidden[0]) != ".baseline.lock" {
		t.Errorf("%s: hidden names %q, %v; want the lock alone", at, hidden, err)
	}
}

func prepared(t *testing.T) string {
	t.Helper()
	base := t.TempDir()
	trained(t, base, "old")
	put(t, filepath.Join(base, "baseline", "notes.txt"), "mine")
	return base
}

func TestKillAtEveryStepOfAReplacement(t *testing.T) {
	for _, exchange := range []string{"yes", "no"} {
		t.Run("exchange "+exchange, func(t *testing.T) {
			for stop := 1; ; stop++ {
				base := prepared(t)
				killed := killedAt(t, base, stop, "EXCHANGE="+exchange)
				checkWhole(t, base, fmt.Sprint("stop ", stop))
				checkCleared(t, base, fmt.Sprint("stop ", stop))
				if !killed {
					if stop < 8 {
						t.Errorf("only %d steps", stop-1)
					}
					return
				}
			}
		})
	}
}

func TestKillAtEveryStepOfTheRepairToo(t *testing.T) {
	for _, exchange := range []string{"yes", "no"} {
		t.Run("exchange "+exchange, func(t *testing.T) {
			twice := 0
			for stop, again := 1, 1; ; again++ {
				base := prepared(t)
				killed := killedAt(t, base, stop, "EXCHANGE="+exchange)
				if !killed {
					break
				}
				at := fmt.Sprintf("stop %d, then %d", stop, again)
				killed = killedAt(t, base, again, "ONLY=begin")
				checkWhole(t, base, at)
				checkCleared(t, base, at)
				if killed {
					twice++
				} else {
					stop, again = stop+1, 0
				}
			}
			if twice < 20 {
				t.Errorf("killed twice in %d ways only", twice)
			}
		})
	}
}
