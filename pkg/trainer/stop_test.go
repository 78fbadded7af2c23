package trainer

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// endless is what makes x.yaml a run that would not end, with a record of each step.
var endless = []string{"training.epochs=1000000", "training.log_every_steps=1"}

// slowEpoch is a run that is in its first epoch for as long as a test takes.
var slowEpoch = append([]string{"data.count=200000", "data.batch_size=1"}, endless...)

// appears is the condition that a file is there.
func appears(path string) func() bool {
	return func() bool {
		_, err := os.Stat(path)
		return err == nil
	}
}

func TestASecondInterruptStopsAtOnceAndHarmsNoFile(t *testing.T) {
	s := newTorchSite(t)
	c := start(t, withSet([]string{"train", "x.yaml", "--set", "checkpoint.resume_every=1", "--set", "checkpoint.save_strategy=all"}, endless)...)
	c.until(reaches("runs/a", 20))
	c.send(syscall.SIGINT)
	c.send(syscall.SIGINT)
	for alive := true; alive; {
		c.send(syscall.SIGINT)
		select {
		case <-c.ended:
			alive = false
		default:
		}
	}
	if code := c.wait(); code != -1 && code != exitInterrupt {
		t.Errorf("exit code %d: %s", code, &c.stderr)
	}
	for _, name := range strings.Fields(names(t, "runs/a/checkpoints")) {
		if strings.HasSuffix(name, ".pt") {
			s.saved(filepath.Join("runs/a/checkpoints", name))
		}
	}
	s.ok("resume", "runs/a", "--set", "training.epochs=1")
	if left := names(t, "runs/a/checkpoints"); strings.Contains(left, ".tmp-") || strings.Contains(left, "resume.pt") {
		t.Errorf("left over: %s", left)
	}
}

func TestAClosedTerminalAndABrokenPipeEndNoRun(t *testing.T) {
	s := newTorchSite(t)
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	c := &child{t: t, cmd: process(t, built, withSet([]string{"train", "x.yaml"}, endless)...), ended: make(chan struct{})}
	c.cmd.Stderr = write
	c.begin()
	write.Close()
	c.until(reaches("runs/a", 5))
	read.Close() // nobody reads any more
	c.send(syscall.SIGHUP)
	c.send(syscall.SIGPIPE)
	at := lastStep("runs/a")
	if !c.until(reaches("runs/a", at+500)) {
		t.Fatalf("the run ended: %v", c.cmd.ProcessState)
	}
	c.send(syscall.SIGTERM)
	if code := c.wait(); code != exitTerminated {
		t.Errorf("exit code %d, want %d", code, exitTerminated)
	}
	if got := names(t, "runs/a/checkpoints"); got != "best_model.pt resume.pt" {
		t.Errorf("checkpoints/ has %s", got)
	}
	s.ok("resume", "runs/a", "--set", "training.epochs=1")
}

// The terminal itself goes away, as when its window is closed: writes give EIO.
func TestARunOutlivesItsTerminal(t *testing.T) {
	newTorchSite(t)
	master, terminal := openTerminal(t)
	c := &child{t: t, cmd: process(t, built, withSet([]string{"train", "x.yaml"}, endless)...), ended: make(chan struct{})}
	c.cmd.Stdin, c.cmd.Stdout, c.cmd.Stderr = terminal, terminal, terminal
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	c.begin()
	terminal.Close()
	c.until(reaches("runs/a", 5))
	master.Close()
	at := lastStep("runs/a")
	if !c.until(reaches("runs/a", at+500)) {
		t.Fatalf("the run ended: %v", c.cmd.ProcessState)
	}
	c.send(syscall.SIGINT)
	if code := c.wait(); code != exitInterrupt {
		t.Errorf("exit code %d, want %d", code, exitInterrupt)
	}
}

// openTerminal makes a pseudo-terminal.
func openTerminal(t *testing.T) (master, terminal *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no terminals here: %v", err)
	}
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	terminal, err = os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	go func() { // somebody looks at it, until it is closed
		buffer := make([]byte, 4096)
		for {
			if _, err := master.Read(buffer); err != nil {
				return
			}
		}
	}()
	return master, terminal
}

func TestTheSignalOfABatchSystemSavesAndGoesOn(t *testing.T) {
	s := newTorchSite(t)
	c := start(t, withSet([]string{"train", "x.yaml"}, slowEpoch)...)
	c.until(reaches("runs/a", 5))
	c.send(syscall.SIGUSR1)
	c.until(appears("runs/a/checkpoints/resume.pt"))
	at := lastStep("runs/a")
	if !c.until(reaches("runs/a", at+50)) {
		t.Fatalf("the run ended: %s", &c.stderr)
	}
	c.send(syscall.SIGINT)
	if code := c.wait(); code != exitInterrupt {
		t.Errorf("exit code %d", code)
	}
	if f, err := readResumption("runs/a/checkpoints/resume.pt"); err != nil || f.snapshot.Step <= at {
		t.Errorf("resume.pt: %v", err)
	}
	s.ok("inspect", "runs/a/checkpoints/resume.pt")
}

func TestWhatAnInterruptedOverwriteKeptCanBeResumed(t *testing.T) {
	s := newTorchSite(t)
	s.train()
	old := listing(t, "runs/a")
	set := []string{"data.count=1600", "data.batch_size=8", "training.log_every_steps=1", "checkpoint.resume_every=20"}
	c := start(t, withSet([]string{"train", "x.yaml"}, set)...)
	staged := func() string {
		paths, _ := filepath.Glob("runs/.a.new-*")
		return strings.Join(paths, "")
	}
	c.until(func() bool { return reaches(staged(), 10)() })
	c.send(syscall.SIGINT)
	if code := c.wait(); code != exitInterrupt {
		t.Fatalf("exit code %d: %s", code, &c.stderr)
	}
	unchanged(t, old, listing(t, "runs/a"))
	kept, _ := filepath.Glob("runs/a_*")
	if len(kept) != 1 {
		t.Fatalf("runs has %s", names(t, "runs"))
	}
	s.ok("resume", kept[0])
	s.train(append(set, "experiment.output_dir=whole")...)
	s.same("whole/a", kept[0])
}

func TestAnInterruptBeforeTheFirstStepLeavesNothing(t *testing.T) {
	s := newTorchSite(t)
	before := listing(t, s.dir)
	c := start(t, withSet([]string{"train", "x.yaml", "--set", "data.count=100000", "--set", "data.image_size=16"}, endless)...)
	c.until(func() bool { return loads(c.cmd) })
	c.send(syscall.SIGINT)
	if code := c.wait(); code != exitInterrupt {
		t.Errorf("exit code %d: %s", code, &c.stderr)
	}
	unchanged(t, before, listing(t, s.dir))
}

// loads says whether a process has begun to load libtorch: then trainer has been in
// command of its signals for a while.
func loads(cmd *exec.Cmd) bool {
	maps, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(cmd.Process.Pid), "maps"))
	return err == nil && strings.Contains(string(maps), "libtorch")
}
