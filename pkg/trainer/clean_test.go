package trainer

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/gotrainer/trainer/pkg/experiment"
)

// cluttered has runs of every kind: a finished one with epochs, a failed one, one that
// failed and has a file of the user's, an interrupted one, and what a kill left.
func cluttered(t *testing.T) *site {
	s := newTorchSite(t)
	s.train("experiment.name=whole", "checkpoint.save_strategy=all", "training.epochs=4")
	for _, name := range []string{"failed", "mine", "stopped"} {
		s.train("experiment.name=" + name)
		state := "runs/" + name + "/.trainer/state.json"
		status := map[bool]string{true: `"interrupted"`, false: `"failed", "error": "disk full"`}[name == "stopped"]
		s.write(state, strings.Replace(s.read(state), `"finished"`, status, 1))
	}
	s.write("runs/mine/notes.txt", "mine")
	s.write("runs/whole/checkpoints/.best_model.pt.tmp-999999999-0123abcd", "half")
	s.write("runs/.gone.trash-7/config.yaml", "x")
	return s
}

func TestCleanListsAndRemovesNothingUntilItIsTold(t *testing.T) {
	s := cluttered(t)
	before := listing(t, "runs")
	r := s.ok("clean", "--json")
	unchanged(t, before, listing(t, "runs"))
	var found []spare
	if err := json.Unmarshal([]byte(r.stdout), &found); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range found {
		got = append(got, f.Class+" "+f.Path)
		if f.Gone {
			t.Errorf("%s is gone", f.Path)
		}
	}
	want := []string{"failed runs/failed", "epochs runs/whole/checkpoints/epoch_001.pt", "epochs runs/whole/checkpoints/epoch_002.pt", "epochs runs/whole/checkpoints/epoch_003.pt",
		"temp runs/.gone.trash-7", "temp runs/whole/checkpoints/.best_model.pt.tmp-999999999-0123abcd"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("found %q", got)
	}
	if !strings.Contains(r.messages, "note: runs/mine stays") || !strings.Contains(r.messages, "nothing was removed") {
		t.Error(r.messages)
	}
}

func TestCleanRemovesWhatItListed(t *testing.T) {
	s := cluttered(t)
	r := s.ok("clean", "--yes")
	if !strings.Contains(r.stdout, " freed") {
		t.Error(r.stdout)
	}
	if got := names(t, "runs/whole/checkpoints"); got != "best_model.pt epoch_004.pt last_model.pt" {
		t.Errorf("checkpoints/ has %s", got)
	}
	if got := names(t, "runs"); strings.Contains(got, "failed ") || !strings.Contains(got, " mine stopped whole") || strings.Contains(got, "trash") {
		t.Errorf("runs has %s", got)
	}
	if r := s.ok("clean"); r.stdout != "nothing can go\n" {
		t.Error(r.stdout)
	}
	s.ok("predict", "runs/whole")
	s.ok("clean", "--interrupted", "--yes")
	if got := names(t, "runs"); strings.Contains(got, " stopped") {
		t.Errorf("runs has %s", got)
	}
}

func TestCleanChoosesClasses(t *testing.T) {
	s := cluttered(t)
	for flag, want := range map[string]int{"--epochs": 3, "--failed": 1, "--temp": 2, "--interrupted": 1} {
		var found []spare
		if err := json.Unmarshal([]byte(s.ok("clean", flag, "--json").stdout), &found); err != nil || len(found) != want {
			t.Errorf("%s: %v, %+v", flag, err, found)
		}
	}
}

func TestCleanTouchesNoRunningRun(t *testing.T) {
	s := cluttered(t)
	for _, name := range []string{"whole", "failed"} {
		held, err := experiment.Hold("runs/" + name)
		if err != nil {
			t.Fatal(err)
		}
		defer held.Release()
	}
	before := listing(t, "runs/whole")
	r := s.run("clean", "--yes", "--epochs", "--failed")
	if r.code != exitMistake || !strings.Contains(r.messages, "is in use by process") {
		t.Errorf("exit code %d: %s", r.code, r.messages)
	}
	unchanged(t, before, listing(t, "runs/whole"))
	if _, err := os.Stat("runs/failed/config.yaml"); err != nil {
		t.Error(err)
	}
}
