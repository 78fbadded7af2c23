package gpu

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

const (
	longRun  = 10_000 // steps
	early    = 2_000  // by then everything that is made once is there
	tolerate = 48     // MB: heaps of Go and libc breathe, and the GPU has other users
)

func TestTenThousandStepsNeedNoMoreMemoryThanTwoThousand(t *testing.T) {
	s := newSite(t, "vae")
	cmd := exec.Command(s.program, "train", "x.yaml", "--no-progress", "-q", "--set", graph(), "--set", fmt.Sprintf("training.steps=%d", longRun),
		"--set", "training.log_every_steps=100", "--set", "checkpoint.save_strategy=last", "--set", "data.image_size=8", "--set", "training.accumulate=1")
	var messages strings.Builder
	cmd.Stderr = &messages
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	atEarly, last := 0.0, 0.0
	for running := true; running; {
		select {
		case err := <-done:
			if err != nil {
				t.Fatalf("%v\n%s", err, messages.String())
			}
			running = false
		case <-time.After(20 * time.Millisecond):
			if mb := resident(cmd.Process.Pid); mb > 0 {
				last = mb
			}
			if atEarly == 0 && lastStep() >= early {
				atEarly = last
			}
		}
	}
	if atEarly == 0 || last-atEarly > tolerate {
		t.Errorf("the process had %.0f MB after %d steps and %.0f MB at its end", atEarly, early, last)
	}
	if device.IsCUDA() {
		if grown := gpuMemory(longRun) - gpuMemory(early); grown > tolerate {
			t.Errorf("the GPU's memory grew by %.0f MB", grown)
		}
	}
}

// resident is the memory of a process in MB; 0 when it has ended.
func resident(pid int) float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	var size, pages int64
	if _, scanErr := fmt.Sscan(string(text), &size, &pages); err != nil || scanErr != nil {
		return 0
	}
	return float64(pages*int64(os.Getpagesize())) / 1e6
}

type record struct {
	Kind string
	Step int64
	GPU  float64 `json:"system/gpu_0_memory_usage_megabytes"`
}

// records are the step records of the run so far; a line that is being written is left
// out. The run is staged in a hidden folder until its first epoch has ended.
func records() (all []record) {
	text, err := os.ReadFile("runs/a/logs/metrics.jsonl")
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(text)) {
		var r record
		if json.Unmarshal([]byte(line), &r) == nil && r.Kind == "step" {
			all = append(all, r)
		}
	}
	return all
}

func lastStep() int64 {
	all := records()
	if len(all) == 0 {
		return 0
	}
	return all[len(all)-1].Step
}

// gpuMemory is what the GPU's memory held in MB at the first record at or behind a step.
func gpuMemory(step int64) float64 {
	for _, r := range records() {
		if r.Step >= step {
			return r.GPU
		}
	}
	return 0
}
