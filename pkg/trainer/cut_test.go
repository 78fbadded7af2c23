package trainer

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gotrainer/trainer/pkg/checkpoint"
	"github.com/gotrainer/trainer/pkg/track"
)

// child is the built program, running.
type child struct {
	t      *testing.T
	cmd    *exec.Cmd
	stderr bytes.Buffer
	ended  chan struct{} // closed when it has ended
}

// start starts the built program in the working directory.
func start(t *testing.T, args ...string) *child {
	t.Helper()
	c := &child{t: t, cmd: process(t, built, args...), ended: make(chan struct{})}
	c.cmd.Stderr = &c.stderr
	c.begin()
	return c
}

// begin starts it, and sees to it that it does not outlive the test.
func (c *child) begin() {
	c.t.Helper()
	if err := c.cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	go func() {
		c.cmd.Wait() // how it ended is in ProcessState
		close(c.ended)
	}()
	c.t.Cleanup(func() {
		c.cmd.Process.Kill()
		<-c.ended
	})
}

// wait waits until it has ended and answers its exit code, -1 where a signal killed it.
func (c *child) wait() int {
	c.t.Helper()
	select {
	case <-c.ended:
	case <-time.After(2 * time.Minute):
		c.t.Fatalf("the program does not end:\n%s", &c.stderr)
	}
	return c.cmd.ProcessState.ExitCode()
}

// send sends it a signal; one that has ended gets none.
func (c *child) send(s os.Signal) {
	c.t.Helper()
	if err := c.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		c.t.Fatal(err)
	}
}

// until waits for what a condition looks for; it answers false where the program ended
// before.
func (c *child) until(condition func() bool) bool {
	c.t.Helper()
	for begin := time.Now(); time.Since(begin) < 2*time.Minute; time.Sleep(time.Millisecond) {
		if condition() {
			return true
		}
		select {
		case <-c.ended:
			return condition()
		default:
		}
	}
	c.t.Fatalf("what the test waits for does not come:\n%s", &c.stderr)
	return false
}

// lastStep is the last step in the journal of a run; 0 where there is none.
func lastStep(dir string) int64 {
	events, err := track.ReadJournal(filepath.Join(dir, "logs", "metrics.jsonl"))
	if err != nil || len(events) == 0 {
		return 0
	}
	return events[len(events)-1].Step
}

// reaches is the condition that a run has done a number of steps.
func reaches(dir string, step int64) func() bool {
	return func() bool { return lastStep(dir) >= step }
}

// pieces are how a run, or several that are trained together, goes on when it was cut.
type pieces struct {
	runs   []string // their folders in cut
	stride int64    // the most steps until the next cut
	args   func() []string
}

// cutUp trains x.yaml into cut/a again and again, cut by kill -9 and SIGINT at random
// moments and resumed each time, until it was cut n times, and holds each result
// against the run in whole/a.
func (s *site) cutUp(n int, set []string) {
	s.t.Helper()
	s.cutTogether(n, pieces{[]string{"a"}, 7, func() []string {
		if r := s.run("resume", "cut/a", "--set", "training.epochs=none"); strings.Contains(r.messages, "no checkpoint") || strings.Contains(r.messages, "not found") {
			return withSet([]string{"train", "x.yaml", "--set", "experiment.output_dir=cut"}, set)
		}
		return []string{"resume", "cut/a"}
	}})
}

// cutTogether is cutUp of several runs.
func (s *site) cutTogether(n int, p pieces) {
	s.t.Helper()
	random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	for cuts := 0; cuts < n; {
		if err := os.RemoveAll("cut"); err != nil {
			s.t.Fatal(err)
		}
		for s.cutOnce(random, p) {
			cuts++
		}
		for _, run := range p.runs {
			s.same(filepath.Join("whole", run), filepath.Join("cut", run))
		}
		if s.t.Failed() {
			s.t.Fatalf("after %d cuts", cuts)
		}
	}
}

// cutOnce starts or resumes the runs and cuts them; false where they came to their end.
func (s *site) cutOnce(random *rand.Rand, p pieces) bool {
	s.t.Helper()
	args, watched := p.args(), filepath.Join("cut", p.runs[random.IntN(len(p.runs))])
	c := start(s.t, args...)
	if random.IntN(6) == 0 { // also before it trains
		time.Sleep(time.Duration(random.IntN(400)) * time.Millisecond)
	} else {
		c.until(reaches(watched, lastStep(watched)+1+random.Int64N(p.stride)))
		time.Sleep(time.Duration(random.IntN(4000)) * time.Microsecond)
	}
	signal, want := syscall.SIGKILL, -1
	if random.IntN(3) == 0 {
		signal, want = syscall.SIGINT, exitInterrupt
	}
	c.send(signal)
	code := c.wait()
	if code != want && code != exitDone && !(signal == syscall.SIGINT && code == -1) {
		s.t.Fatalf("trainer %s: exit code %d after %v\n%s", strings.Join(args, " "), code, signal, &c.stderr)
	}
	return code != exitDone
}

// same holds that two runs are bit for bit the same, and that nothing else is left.
func (s *site) same(want, got string) {
	s.t.Helper()
	d, err := compareJournals(filepath.Join(want, "logs", "metrics.jsonl"), filepath.Join(got, "logs", "metrics.jsonl"))
	if err != nil {
		s.t.Fatal(err)
	}
	if d != nil {
		s.t.Errorf("%s: %v", got, d)
	}
	if a, b := names(s.t, filepath.Join(want, "checkpoints")), names(s.t, filepath.Join(got, "checkpoints")); a != b {
		s.t.Errorf("%s: checkpoints %s, want %s", got, b, a)
		return
	}
	for _, name := range strings.Fields(names(s.t, filepath.Join(want, "checkpoints"))) {
		a, b := s.saved(filepath.Join(want, "checkpoints", name)), s.saved(filepath.Join(got, "checkpoints", name))
		if d := compareFiles(a, b); d != nil {
			s.t.Errorf("%s: %s: %v", got, name, d)
		}
	}
	for _, path := range listing(s.t, filepath.Dir(got)) {
		if strings.Contains(path, ".tmp-") || strings.Contains(path, ".new-") || strings.Contains(path, ".old-") || strings.Contains(path, ".trash-") {
			s.t.Errorf("left over: %s", path)
		}
	}
}

func (s *site) saved(path string) *checkpoint.File {
	s.t.Helper()
	f, err := checkpoint.Load(path)
	if err != nil {
		s.t.Fatal(err)
	}
	return f
}
