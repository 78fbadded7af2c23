package experiment

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func anyone(holder) error { return nil }

// leftBy makes what a run of baseline that was killed leaves: its lock file and its
// state, with the ages of both signs of life.
func leftBy(t *testing.T, base, host string, lockAge, beatAge time.Duration) {
	t.Helper()
	trained(t, base, "old")
	lock, err := json.Marshal(holder{PID: 4711, Host: host, Started: noon().Add(-lockAge)})
	if err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(base, ".baseline.lock"), string(lock)+"\n")
	st, err := json.Marshal(state{Name: "baseline", Status: Running, PID: 4711, Host: host, Heartbeat: noon().Add(-beatAge)})
	if err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(base, "baseline", stateDir, "state.json"), string(st))
}

func TestRunOnAnotherHostThatGaveASignOfLifeIsNotTouched(t *testing.T) {
	for name, age := range map[string][2]time.Duration{
		"by its heartbeat":  {2 * time.Hour, 30 * time.Second},
		"by its lock alone": {30 * time.Second, 2 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			base := t.TempDir()
			leftBy(t, base, "elsewhere", age[0], age[1])
			before := tree(t, base)
			for _, onExists := range []string{Overwrite, Resume, Refuse} {
				_, err := Begin(options(base, onExists))
				wantMistake(t, err, `experiment "baseline" in `+base+" is in use by process 4711 on host elsewhere, whose last sign of life was 30s ago",
					"for 4m30s more")
				if !errors.Is(err, ErrLocked) {
					t.Errorf("%v is not ErrLocked", err)
				}
			}
			if after := tree(t, base); after != before {
				t.Errorf("changed from\n%s\nto\n%s", before, after)
			}
		})
	}
}

func TestRunOnAnotherHostThatIsSilentIsTakenOverWithANotice(t *testing.T) {
	base := t.TempDir()
	leftBy(t, base, "elsewhere", 2*time.Hour, time.Hour)
	r := begin(t, options(base, Resume))
	if got := strings.Join(r.Notices(), "\n"); !strings.Contains(got, "process 4711 on host elsewhere, which had "+filepath.Join(base, "baseline")+", ended without giving up its lock (last sign of life: ") {
		t.Errorf("notices %q", got)
	}
	if h := r.lock.holder(); h.PID != os.Getpid() {
		t.Errorf("the lock names process %d, want this one", h.PID)
	}
}

func TestKilledRunOfThisHostIsTakenOverAtOnceWithANotice(t *testing.T) {
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	base := t.TempDir()
	leftBy(t, base, host, time.Second, time.Second)
	r := begin(t, options(base, Resume))
	if got := strings.Join(r.Notices(), "\n"); !strings.Contains(got, "process 4711 on host "+host) {
		t.Errorf("notices %q", got)
	}
	finish(t, r, Interrupted)
	if again := begin(t, options(base, Resume)); len(again.Notices()) > 0 {
		t.Errorf("after an orderly end: %q", again.Notices())
	}
}

func TestFindCallsARunOnAnotherHostRunningWhileItBeats(t *testing.T) {
	base := t.TempDir()
	leftBy(t, base, "elsewhere", 2*time.Hour, 0)
	for _, c := range []struct {
		beat time.Time
		want string
	}{{time.Now(), Running}, {time.Now().Add(-time.Hour), Interrupted}} {
		st, err := json.Marshal(state{Status: Running, PID: 4711, Host: "elsewhere", Heartbeat: c.beat})
		if err != nil {
			t.Fatal(err)
		}
		put(t, filepath.Join(base, "baseline", stateDir, "state.json"), string(st))
		if info, err := Find(filepath.Join(base, "baseline")); err != nil || info.Status != c.want {
			t.Errorf("info %+v, %v; want %s", info, err, c.want)
		}
	}
}

func TestTemporaryFilesOfAKilledRunGoWhateverProcessTheyName(t *testing.T) {
	base := t.TempDir()
	trained(t, base, "old")
	dir := filepath.Join(base, "baseline")
	own := ".last_model.pt.tmp-1-0123abcd" // process 1 lives; in a container it is the trainer itself
	for _, sub := range []string{"checkpoints", "logs", "embeddings"} {
		put(t, filepath.Join(dir, sub, own), "part")
	}
	begin(t, options(base, Resume))
	if exists(filepath.Join(dir, "checkpoints", own)) || exists(filepath.Join(dir, "logs", own)) {
		t.Error("a temporary file of the killed run is still there")
	}
	if !exists(filepath.Join(dir, "embeddings", own)) {
		t.Error("a file that an extraction may be writing is gone")
	}
}
