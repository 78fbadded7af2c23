package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"
)

// result is what a config reaches on its test split.
type result struct {
	Variant string             `json:"variant"`
	Seconds float64            `json:"seconds"`     // of `trainer train`, from its start to its end
	CPU     float64            `json:"cpu_seconds"` // of all its threads
	Cores   int                `json:"cores"`
	Metrics map[string]float64 `json:"metrics"`
}

// run trains a config and evaluates it.
func run(name string) (r result, err error) {
	var trained struct{ Dir string }
	start := time.Now()
	used, err := train(name, &trained)
	if err != nil {
		return r, err
	}
	r.Seconds, r.Cores = time.Since(start).Seconds(), runtime.NumCPU()
	r.CPU = (used.UserTime() + used.SystemTime()).Seconds()

	var evaluated struct {
		Splits map[string]struct{ Metrics map[string]any }
	}
	if err := answer(exec.Command(trainer, "evaluate", trained.Dir, "--quiet", "--json", "--set", "splits=[test]"), &evaluated); err != nil {
		return r, err
	}
	r.Metrics = map[string]float64{}
	for k, v := range evaluated.Splits["test"].Metrics {
		if number, ok := v.(float64); ok {
			r.Metrics[k] = number
		}
	}
	r.Variant, err = variant(trained.Dir)
	return r, err
}

// train runs a config, in the place of an earlier run, and reads what it answers.
func train(name string, into any) (used *os.ProcessState, err error) {
	c := exec.Command(trainer, "train", filepath.Join(folder, name+".yaml"), "--quiet", "--json", "--set", "experiment.on_exists=overwrite")
	err = answer(c, into)
	return c.ProcessState, err
}

// answer runs a command of trainer and reads its JSON.
func answer(c *exec.Cmd, into any) error {
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err != nil {
		return fmt.Errorf("%s: %w", c, err)
	}
	return json.Unmarshal(out, into)
}

// variant is that of a run.
func variant(dir string) (string, error) {
	var shown struct{ Variant string }
	err := answer(exec.Command(trainer, "show", dir, "--json"), &shown)
	return shown.Variant, err
}
