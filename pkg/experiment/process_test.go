package experiment

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// The test program starts itself to be another process; this says as which.
const roleKey = "EXPERIMENT_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(roleKey) {
	case "":
		os.Exit(m.Run())
	case "hold":
		hold()
	case "replace":
		replace()
	case "full":
		onFullDisk()
	case "readonly":
		onReadOnlyDisk()
	}
}

// child prepares this program to run in the role, in the folder base.
func child(t *testing.T, role, base string, env ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), append(env, roleKey+"="+role, "BASE="+base)...)
	cmd.Stderr = os.Stderr
	return cmd
}

// hold begins a run, says so and waits to be killed.
func hold() {
	o := options(os.Getenv("BASE"), Overwrite)
	o.Now = nil
	r, err := Begin(o)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	os.WriteFile(r.Path("config.yaml"), []byte("held"), 0o644)
	fmt.Println("ready")
	select {}
}

// holding starts a process that trains the experiment.
func holding(t *testing.T, base string) *exec.Cmd {
	t.Helper()
	cmd := child(t, "hold", base)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		t.Fatalf("the other process said %q, %v", line, err)
	}
	return cmd
}

func TestSecondProcessIsToldWhoTrains(t *testing.T) {
	base := t.TempDir()
	cmd := holding(t, base)
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	for _, onExists := range []string{Overwrite, Resume, Refuse} {
		_, err := Begin(options(base, onExists))
		wantMistake(t, err, `experiment "baseline" in `+base+" is in use by process "+strconv.Itoa(cmd.Process.Pid)+" on host "+host+" since 20",
			"; wait until it ends, stop it, or choose another experiment.name")
		if !errors.Is(err, ErrLocked) {
			t.Errorf("%v is not ErrLocked", err)
		}
	}
	wantTree(t, base, "baseline/config.yaml=held")
}

func TestSecondRunInTheSameProcessIsRefusedToo(t *testing.T) {
	base := t.TempDir()
	first := begin(t, options(base, Overwrite))
	_, err := Begin(options(base, Overwrite))
	wantMistake(t, err, "is in use by process "+strconv.Itoa(os.Getpid()))
	finish(t, first, Failed)
	begin(t, options(base, Overwrite))
}

func TestKilledProcessFreesItsLock(t *testing.T) {
	base := t.TempDir()
	cmd := holding(t, base)
	if info, err := Find(filepath.Join(base, "baseline")); err != nil || info.Status != Running || info.PID != cmd.Process.Pid {
		t.Errorf("info %+v, %v; want one running as %d", info, err, cmd.Process.Pid)
	}
	cmd.Process.Signal(syscall.SIGKILL)
	cmd.Wait()
	if info, err := Find(filepath.Join(base, "baseline")); err != nil || info.Status != Interrupted {
		t.Errorf("info %+v, %v; want a killed run to be called interrupted", info, err)
	}
	r := begin(t, options(base, Overwrite))
	putRun(t, r.Dir(), "new")
	publish(t, r)
	wantNames(t, base, ".baseline.lock", "baseline")
	if h := r.lock.holder(); h.PID != os.Getpid() {
		t.Errorf("the lock names process %d, want this one", h.PID)
	}
}

func TestRemovedLockFileIsNoticed(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, ".baseline.lock")
	l, err := openLock(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.f.Close()
	if err := flock(l.f); err != nil || !l.named() {
		t.Fatalf("lock %v, named %v; want a good lock", err, l.named())
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if l.named() {
		t.Error("a lock without a name counts as one")
	}
	other, err := acquire(path, noon(), anyone)
	if err != nil {
		t.Fatal(err)
	}
	other.release(false)
	if l.named() {
		t.Error("a lock counts that has the name of another file")
	}
}

// Every holder makes and removes the file, so that locks on removed names abound.
func TestLockHasOneHolderThoughItsFileComesAndGoes(t *testing.T) {
	path := filepath.Join(t.TempDir(), ".baseline.lock")
	var holders, most, taken atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for taken.Load() < 300 {
				l, err := acquire(path, noon(), anyone)
				if errors.As(err, &errBusy{}) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				if n := holders.Add(1); n > most.Load() {
					most.Store(n)
				}
				time.Sleep(100 * time.Microsecond) // long enough for others to come in
				taken.Add(1)
				holders.Add(-1)
				l.release(true)
			}
		})
	}
	wg.Wait()
	if most.Load() != 1 {
		t.Errorf("%d holders at a time, want 1", most.Load())
	}
}

func TestLockFileIsRemovedOnlyByItsMaker(t *testing.T) {
	path := filepath.Join(t.TempDir(), ".baseline.lock")
	for _, want := range []bool{false, true} {
		l, err := acquire(path, noon(), anyone)
		if err != nil {
			t.Fatal(err)
		}
		l.release(want) // made by the first, not by the second
		if !exists(path) {
			t.Fatal("the lock file is gone")
		}
	}
}
