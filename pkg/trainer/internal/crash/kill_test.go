package crash

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// counts are kills or faults by the phase in which they came.
type counts map[string]int

func (c counts) report(t *testing.T, what string) {
	total := 0
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(c)) {
		total += c[k]
		parts = append(parts, fmt.Sprintf("%s %d", k, c[k]))
	}
	t.Logf("%s: %d (%s)", what, total, strings.Join(parts, ", "))
}

// reference trains x.yaml in peace: the points that it passes, and its last checkpoint.
func reference(t *testing.T) (points []string, last []byte) {
	p := newPlace(t)
	if r := p.run(faults(""), "train", "x.yaml"); r.code != 0 {
		t.Fatal(r.messages)
	}
	return p.points(), p.read("runs", "a", "checkpoints", "last_model.pt")
}

// spread picks n numbers of points whose phase is wanted, evenly and with chance.
func spread(points []string, n int, wanted func(phase string) bool) []int {
	var numbers []int
	for i, point := range points {
		if wanted(phase(point)) {
			numbers = append(numbers, i+1)
		}
	}
	var picked []int
	for i := range n {
		if len(numbers) > 0 {
			picked = append(picked, numbers[(i*len(numbers)+rand.IntN(len(numbers)))/n%len(numbers)])
		}
	}
	return picked
}

// many is how many kills of a sort are made: a few, or as many as the soak asks for.
func many(few, soaked int) int {
	if soak {
		return soaked
	}
	return few
}

// checkGoesOn checks what a user finds after a kill of a fresh run: whole checkpoints
// and a resume that ends where an uninterrupted run ends, or that says truthfully that
// there is nothing to resume.
func (p place) checkGoesOn(want []byte) {
	p.Helper()
	found := 0
	if _, err := os.Stat(p.path("runs", "a")); err == nil {
		found = p.checkWhole("runs/a")
	}
	r := p.run(nil, "resume", "runs/a")
	switch {
	case found > 0 && r.code != 0:
		p.Fatalf("there are %d checkpoints, but resume ended with %d\n%s", found, r.code, r.messages)
	case found == 0 && r.code != 2:
		p.Fatalf("there is no checkpoint, but resume ended with %d\n%s", r.code, r.messages)
	case found == 0:
		p.ok("train", "x.yaml")
	}
	p.checkTidy()
	if got := p.read("runs", "a", "checkpoints", "last_model.pt"); !bytes.Equal(got, want) {
		p.Errorf("last_model.pt differs from that of a run that was not killed\n%s", r.messages)
	}
}

func TestKillAtAPointOfAFreshRun(t *testing.T) {
	needTorch(t)
	points, last := reference(t)
	c := counts{}
	numbers := append(spread(points, many(4, 70), func(ph string) bool { return ph == "save" }),
		spread(points, many(3, 40), func(ph string) bool { return ph != "save" })...)
	for i, n := range numbers {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			p := newPlace(t)
			if r := p.run(faults(fmt.Sprintf("kill@%d", n)), "train", "x.yaml"); r.code != -1 {
				return // it had fewer points: how often a step is told differs
			}
			c[phase(p.struck())]++
			if i%3 == 0 { // its successor is killed too
				os.Remove(p.path("points"))
				if r := p.run(faults(fmt.Sprintf("kill@%d", 1+rand.IntN(60))), "resume", "runs/a"); r.code == -1 {
					c["resume: "+phase(p.struck())]++
				}
			}
			p.checkGoesOn(last)
		})
	}
	c.report(t, "kills of a fresh run, at a point")
	if c["save"] < many(3, 50) {
		t.Errorf("%d kills inside a save", c["save"])
	}
}

func TestKillAtAnyMoment(t *testing.T) {
	needTorch(t)
	_, last := reference(t)
	c := counts{}
	for range many(3, 70) {
		t.Run("", func(t *testing.T) {
			p := newPlace(t)
			cmd, _ := p.command(nil, "train", "x.yaml")
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			begun := func() bool { // most of the time before it goes into loading libtorch
				_, err := os.Stat(p.path("runs", "a"))
				return err == nil
			}
			for end := time.Now().Add(30 * time.Second); !begun() && time.Now().Before(end); {
				time.Sleep(time.Millisecond)
			}
			time.Sleep(time.Duration(rand.IntN(120_000)) * time.Microsecond)
			cmd.Process.Kill()
			cmd.Wait()
			if ws := cmd.ProcessState.Sys().(syscall.WaitStatus); ws.Signal() != syscall.SIGKILL {
				return // it had ended
			}
			c[p.seen()]++
			p.checkGoesOn(last)
		})
	}
	c.report(t, "kills of a fresh run, at any moment")
}

// seen is the phase of a kill by what it left.
func (p place) seen() string {
	temps, err := filepath.Glob(p.path("runs", "a", "checkpoints", ".*.tmp-*"))
	if err != nil {
		p.Fatal(err)
	}
	if len(temps) > 0 {
		return "inside a save"
	}
	return "elsewhere"
}

// sums is the content of a run, without the state, which the lock's taker may change.
func (p place) sums(dir string) string {
	p.Helper()
	var b strings.Builder
	err := filepath.WalkDir(p.path(dir), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		rel, _ := filepath.Rel(p.dir, path)
		fmt.Fprintf(&b, "%s %x\n", rel, sha256.Sum256(content))
		return err
	})
	if err != nil {
		p.Fatal(err)
	}
	return b.String()
}

const (
	oldSeed = 8
	newSeed = 7
)

// oldRun is a place where a run of another seed has the name, with a file of the user.
func oldRun(t *testing.T) place {
	p := newPlace(t)
	p.ok("train", "x.yaml", "--set", fmt.Sprintf("experiment.seed=%d", oldSeed))
	p.write("runs/a/notes.txt", "mine")
	return p
}

// checkOldOrNew checks what a kill during an overwrite left: the old run as it was, or
// the new one whole; then that resume goes on with it and clears up.
func (p place) checkOldOrNew(old string, last map[int64][]byte) {
	p.Helper()
	p.checkWhole("runs/a")
	which := p.seed("runs/a")
	if which == oldSeed && p.sums("runs/a") != old {
		p.Errorf("the old run has its name, but is not what it was:\n%s\nwant\n%s", p.sums("runs/a"), old)
	}
	p.ok("resume", "runs/a")
	p.checkTidy()
	if got := p.seed("runs/a"); got != which {
		p.Errorf("resume went on with the run of seed %d, there was the one of %d", got, which)
	}
	if !bytes.Equal(p.read("runs", "a", "checkpoints", "last_model.pt"), last[which]) {
		p.Errorf("last_model.pt of seed %d differs from that of a run that was not killed", which)
	}
	if got := string(p.read("runs", "a", "notes.txt")); got != "mine" {
		p.Errorf("notes.txt is %q", got)
	}
}

func TestKillDuringAnOverwrite(t *testing.T) {
	needTorch(t)
	before := oldRun(t)
	old := before.sums("runs/a")
	clean := before.copied(t)
	if r := clean.run(faults(""), "train", "x.yaml"); r.code != 0 {
		t.Fatal(r.messages)
	}
	clean.checkTidy()
	last := map[int64][]byte{
		oldSeed: before.read("runs", "a", "checkpoints", "last_model.pt"),
		newSeed: clean.read("runs", "a", "checkpoints", "last_model.pt"),
	}
	c := counts{}
	numbers := append(spread(clean.points(), many(4, 40), func(ph string) bool { return ph == "exchange" }),
		spread(clean.points(), many(2, 30), func(ph string) bool { return ph != "exchange" })...)
	for _, n := range numbers {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			p := before.copied(t)
			if r := p.run(faults(fmt.Sprintf("kill@%d", n)), "train", "x.yaml"); r.code != -1 {
				return
			}
			c[phase(p.struck())]++
			p.checkOldOrNew(old, last)
		})
	}
	c.report(t, "kills of an overwrite, at a point")
	if c["exchange"] < many(3, 20) {
		t.Errorf("%d kills inside an exchange", c["exchange"])
	}
}
