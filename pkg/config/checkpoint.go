package config

import (
	"regexp"
	"strconv"
	"time"
)

// Checkpoint is what a run keeps and which metric decides it.
type Checkpoint struct {
	SaveStrategy string `yaml:"save_strategy" default:"best" check:"oneof=best|last|all" doc:"which files are kept"`
	Monitor      string `yaml:"monitor" default:"val/loss" check:"monitor" doc:"the metric that decides which is best"`
	Mode         string `yaml:"mode" default:"min" check:"oneof=min|max" doc:"whether less or more of it is better"`
	ResumeEvery  string `yaml:"resume_every" default:"none" check:"every" doc:"how often a resume.pt is written"`
	OnError      string `yaml:"on_error" default:"retry" check:"oneof=retry|stop" doc:"what to do when a checkpoint cannot be written: try again at the next one and stop after 3 in a row, or stop"`
}

// Every gives ResumeEvery as a number of steps or a duration; both 0 for none.
func (c Checkpoint) Every() (steps int64, every time.Duration) {
	steps, every, _ = parseEvery(c.ResumeEvery)
	return steps, every
}

var stepsText = regexp.MustCompile(`^([1-9][0-9]{0,17})( steps?)?$`)

// parseEvery reads none, a number of steps (500, 500 steps) or a duration (10m, 1h30m).
func parseEvery(s string) (steps int64, every time.Duration, ok bool) {
	if s == "none" {
		return 0, 0, true
	}
	if m := stepsText.FindStringSubmatch(s); m != nil {
		steps, err := strconv.ParseInt(m[1], 10, 64)
		return steps, 0, err == nil
	}
	every, err := time.ParseDuration(s)
	return 0, every, err == nil && every > 0
}
