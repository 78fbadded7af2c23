package crash

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// shell runs a line of shell in a mount namespace of its own.
func shell(line, dir string) (string, error) {
	cmd := exec.Command("sh", "-c", line)
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS, Unshareflags: syscall.CLONE_NEWNS}
	if os.Getuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestSecondProcessEndsWithTwoAndSaysWhoTrains(t *testing.T) {
	needTorch(t)
	p := newPlace(t)
	first, _ := p.command(nil, "train", "x.yaml", "--set", "training.epochs=1000000", "--set", "checkpoint.save_strategy=last")
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	defer first.Process.Kill()
	there := func() bool {
		_, err := os.Stat(p.path("runs/a/checkpoints/last_model.pt"))
		return err == nil
	}
	for end := time.Now().Add(60 * time.Second); !there() && time.Now().Before(end); {
		time.Sleep(5 * time.Millisecond)
	}
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"train", "x.yaml"}, {"resume", "runs/a", "--set", "training.epochs=1000000"}} {
		r := p.run(nil, args...)
		if want := fmt.Sprintf("is in use by process %d on host %s", first.Process.Pid, host); r.code != 2 || !strings.Contains(r.messages, want) {
			t.Errorf("%v: exit code %d\n%s\nwant 2 and %q", args, r.code, r.messages, want)
		}
	}
	first.Process.Kill()
	first.Wait()
	r := p.run(nil, "resume", "runs/a", "--set", "training.epochs=1000000", "--set", "training.early_stopping.patience=1", "--set", "training.early_stopping.min_delta=1000")
	if want := fmt.Sprintf("process %d on host %s", first.Process.Pid, host); !strings.Contains(r.messages, want) || !strings.Contains(r.messages, "the lock is taken over") {
		t.Errorf("exit code %d\n%s\nwant a notice that the lock of a dead process was taken over", r.code, r.messages)
	}
}

// claimedBy makes the run look as if a process on another host had it.
func (p place) claimedBy(host string, at time.Time) {
	p.Helper()
	lock, err := json.Marshal(map[string]any{"pid": 4711, "host": host, "started": at.Add(-24 * time.Hour)})
	if err != nil {
		p.Fatal(err)
	}
	p.write("runs/.a.lock", string(lock)+"\n")
	state, err := json.Marshal(map[string]any{"status": "running", "pid": 4711, "host": host, "heartbeat": at})
	if err != nil {
		p.Fatal(err)
	}
	p.write("runs/a/.trainer/state.json", string(state))
}

func TestRunOfAnotherHostIsTakenOverOnlyWhenItIsSilent(t *testing.T) {
	needTorch(t)
	p := newPlace(t)
	p.ok("train", "x.yaml")
	p.claimedBy("elsewhere", time.Now())
	for _, args := range [][]string{{"train", "x.yaml"}, {"resume", "runs/a"}} {
		if r := p.run(nil, args...); r.code != 2 || !strings.Contains(r.messages, "in use by process 4711 on host elsewhere") {
			t.Errorf("%v: exit code %d\n%s", args, r.code, r.messages)
		}
	}
	p.claimedBy("elsewhere", time.Now().Add(-time.Hour))
	if r := p.ok("resume", "runs/a"); !strings.Contains(r.messages, "process 4711 on host elsewhere") {
		t.Errorf("no notice in\n%s", r.messages)
	}
}

// A run beats by itself, also where one step or evaluation takes longer than a beat.
func TestHeartbeatGoesOnWhileTraining(t *testing.T) {
	if !soak {
		t.Skip("takes half a minute; TRAINER_SOAK=1 runs it")
	}
	needTorch(t)
	p := newPlace(t)
	first, _ := p.command(nil, "train", "x.yaml", "--set", "training.epochs=1000000", "--set", "checkpoint.save_strategy=last")
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	defer first.Process.Kill()
	seen := map[time.Time]bool{}
	for end := time.Now().Add(2 * time.Minute); len(seen) < 3 && time.Now().Before(end); {
		time.Sleep(200 * time.Millisecond)
		var s struct {
			Heartbeat time.Time `json:"heartbeat"`
		}
		if b, err := os.ReadFile(p.path("runs/a/.trainer/state.json")); err == nil && json.Unmarshal(b, &s) == nil {
			seen[s.Heartbeat] = true
		}
	}
	if len(seen) < 3 {
		t.Errorf("%d heartbeats in two minutes", len(seen))
	}
}
