package crash

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/gotrainer/trainer/pkg/checkpoint"
)

// words are what a user reads of each error.
var words = map[string]string{"ENOSPC": "no space left on device", "EIO": "input/output error", "EDQUOT": "disk quota exceeded"}

var figures = map[string]*regexp.Regexp{
	"ENOSPC": regexp.MustCompile(`no space left on device \([0-9.]+ MB needed, [0-9.]+ MB free\); free some space or choose another output_dir`),
	"EDQUOT": regexp.MustCompile(`disk quota exceeded \([0-9.]+ MB needed\); free some of your quota or choose another output_dir`),
}

// half is a place with a run of two epochs that is to go on to four, and more the
// arguments that do it.
func half(t *testing.T) (p place, more []string) {
	p = newPlace(t)
	p.ok("train", "x.yaml", "--set", "training.epochs=2")
	return p, []string{"resume", "runs/a", "--set", "training.epochs=4"}
}

// checkFault checks how a run ended in which one change of the disk failed: with
// everything saved, or with one sentence and the checkpoints of before.
func (p place) checkFault(kind string, r result, more []string, want []byte) {
	p.Helper()
	if strings.Contains(r.messages, "internal error") || r.code != 0 && r.code != 1 && r.code != 2 {
		p.Fatalf("exit code %d\n%s", r.code, r.messages)
	}
	op, _, _ := strings.Cut(p.struck(), " ")
	inSave := phase(p.struck()) == "save" && op != "remove"
	if inSave && op != "sync" && !strings.Contains(r.messages, words[kind]) {
		p.Errorf("the fault is not told\n%s", r.messages)
	}
	if f := figures[kind]; inSave && f != nil && (op == "write" || op == "rest" || op == "fsync") && !f.MatchString(r.messages) {
		p.Errorf("no figures of space in\n%s", r.messages)
	}
	if r.code != 0 && strings.Count("\n"+r.messages, "\ntrainer: ") != 1 {
		p.Errorf("not told in one sentence:\n%s", r.messages)
	}
	if p.checkWhole("runs/a") < 4 {
		p.Error("a checkpoint of before is gone")
	}
	if r.code != 0 {
		p.ok(more...)
	}
	p.checkTidy()
	if !bytes.Equal(p.read("runs", "a", "checkpoints", "last_model.pt"), want) {
		p.Errorf("last_model.pt differs from that of a run without faults\n%s", r.messages)
	}
}

func TestOneFaultAtEachChangeOfTheDiskLosesNothing(t *testing.T) {
	needTorch(t)
	before, more := half(t)
	clean := before.copied(t)
	if r := clean.run(faults(""), more...); r.code != 0 {
		t.Fatal(r.messages)
	}
	want := clean.read("runs", "a", "checkpoints", "last_model.pt")
	for _, kind := range []string{"ENOSPC", "EIO", "EDQUOT"} {
		t.Run(kind, func(t *testing.T) {
			c, codes := counts{}, map[int]int{}
			n := 1
			for ; ; n += many(len(clean.points())/5, 1) {
				p := before.copied(t)
				r := p.run(faults(fmt.Sprintf("%s@%d", kind, n)), more...)
				if p.struck() == "" {
					break // the first run without a fault
				}
				c[phase(p.struck())]++
				codes[r.code]++
				p.checkFault(kind, r, more, want)
				if t.Failed() {
					t.Fatalf("at point %d: %s", n, p.struck())
				}
				os.RemoveAll(p.dir)
			}
			c.report(t, fmt.Sprintf("faults by %s (exit codes %v)", kind, codes))
		})
	}
}

// keptBefore checks that best and last are what they were.
func (p place) keptBefore(before place) {
	p.Helper()
	for _, name := range []string{checkpoint.BestName, checkpoint.LastName} {
		if !bytes.Equal(p.read("runs", "a", "checkpoints", name), before.read("runs", "a", "checkpoints", name)) {
			p.Errorf("%s is not what it was before the disk was full", name)
		}
	}
}

func TestDiskThatStaysFullEndsTheRunAfterThreeCheckpoints(t *testing.T) {
	needTorch(t)
	before, more := half(t)
	for _, c := range []struct{ rule, onError string }{{"retry", "retry"}, {"stop", "stop"}} {
		t.Run(c.rule, func(t *testing.T) {
			p := before.copied(t)
			env := append(faults("ENOSPC@1+"), "TRAINER_FAULT_ONLY=/checkpoints/")
			r := p.run(env, append(more, "--set", "checkpoint.on_error="+c.onError)...)
			again := strings.Count(r.messages, "training goes on and tries again at the next checkpoint")
			if want := map[string]int{"retry": 2, "stop": 0}[c.rule]; r.code != 1 || again != want {
				t.Errorf("exit code %d after %d notices; want 1 after %d\n%s", r.code, again, want, r.messages)
			}
			p.keptBefore(before)
			p.ok(more...)
			p.checkTidy()
		})
	}
}

func TestFullDiskOfLogsAndStateCostsNoCheckpoint(t *testing.T) {
	needTorch(t)
	_, want := reference(t)
	p := newPlace(t)
	// The first 6 write the state of the beginning and the head of the log.
	env := append(faults("ENOSPC@7+"), "TRAINER_FAULT_ONLY=^(write|rest|create|fsync) .*(/logs/|/[.]trainer/)")
	r := p.run(env, "train", "x.yaml")
	if r.code != 0 || !strings.Contains(r.messages, "training goes on without part of its records") {
		t.Errorf("exit code %d\n%s", r.code, r.messages)
	}
	if !bytes.Equal(p.read("runs", "a", "checkpoints", "last_model.pt"), want) {
		t.Error("last_model.pt differs from that of a run without faults")
	}
}

func TestSpaceIsCheckedBeforeACheckpointIsWritten(t *testing.T) {
	needTorch(t)
	p := newPlace(t)
	if err := os.Mkdir(p.path("runs"), 0o755); err != nil {
		t.Fatal(err)
	}
	probe, err := shell("mount -t tmpfs -o size=120k tmpfs runs && echo mounted", p.dir)
	if err != nil || !strings.Contains(probe, "mounted") {
		t.Skipf("this system mounts nothing for tests: %v %s", err, probe)
	}
	out, err := shell("mount -t tmpfs -o size=120k tmpfs runs && "+program+" train x.yaml 2>&1; echo code $?; ls -a runs/a/checkpoints; cp -r runs kept", p.dir)
	if err != nil {
		t.Fatal(err, out)
	}
	if !regexp.MustCompile(`needs [0-9]+ bytes and the disk has [0-9]+ bytes free; free some space or choose another output_dir`).MatchString(out) {
		t.Errorf("said\n%s", out)
	}
	if !strings.Contains(out, "code 1\n") || strings.Contains(out, ".tmp-") {
		t.Errorf("said\n%s\nwant exit code 1 and no temporary file", out)
	}
	if p.checkWhole("kept/a") == 0 {
		t.Error("no checkpoint is left")
	}
}

func TestFaultInAnExtractionLeavesTheOldFiles(t *testing.T) {
	needTorch(t)
	before := newPlace(t)
	before.ok("train", "x.yaml")
	before.ok("extract-embeddings", "runs/a")
	before.ok("predict", "runs/a")
	for _, command := range []string{"extract-embeddings", "predict"} {
		faulted := 0
		for n := 1; ; n += many(4, 1) {
			p := before.copied(t)
			r := p.run(faults(fmt.Sprintf("ENOSPC@%d", n)), command, "runs/a")
			if p.struck() == "" {
				if r.code != 0 {
					t.Errorf("%s without a fault: exit code %d\n%s", command, r.code, r.messages)
				}
				break
			}
			faulted++
			if r.code != 1 || strings.Count("\n"+r.messages, "\ntrainer: ") != 1 || !strings.Contains(r.messages, words["ENOSPC"]) {
				t.Errorf("%s, %s: exit code %d\n%s", command, p.struck(), r.code, r.messages)
			}
			for _, name := range []string{"embeddings/train_embeddings.npy", "embeddings/test_embeddings.npy", "predictions/test_predictions.npy"} {
				if !bytes.Equal(p.read("runs/a", filepath.FromSlash(name)), before.read("runs/a", filepath.FromSlash(name))) {
					t.Errorf("%s, %s: %s is not what it was", command, p.struck(), name)
				}
			}
			p.checkTidy()
		}
		t.Logf("%s: %d faults", command, faulted)
	}
}
