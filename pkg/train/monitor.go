package train

import (
	"fmt"
	"math"
	"strings"
)

// Monitor names the metric that decides which epoch is best.
type Monitor struct {
	Name string // "val/loss"
	Max  bool   // larger is better
}

// better says whether a is better than b by more than delta. NaN is never better;
// anything else is better than NaN.
func (m Monitor) better(a, b, delta float64) bool {
	switch {
	case math.IsNaN(a):
		return false
	case math.IsNaN(b):
		return true
	case m.Max:
		return a > b+delta
	}
	return a < b-delta
}

// EarlyStopping ends a run after Patience epochs without an improvement of more than
// MinDelta.
type EarlyStopping struct {
	Patience int64
	MinDelta float64
}

// Score is what the run knows of its monitored metric; its zero value is not ready:
// use newScore.
type Score struct {
	Last      float64 // of the last finished epoch
	Best      float64 // NaN before there is one
	BestEpoch int64   // 0 before there is one
	Reference float64 // the value that early stopping compares with
	Bad       int64   // epochs in a row without an improvement on it
}

func newScore() Score {
	nan := math.NaN()
	return Score{Last: nan, Best: nan, Reference: nan}
}

// add takes the value of an epoch and answers whether it is the best so far; the
// first of equals stays.
func (s *Score) add(m Monitor, stop *EarlyStopping, epoch int64, v float64) bool {
	s.Last = v
	var delta float64
	if stop != nil {
		delta = stop.MinDelta
	}
	if m.better(v, s.Reference, delta) {
		s.Reference, s.Bad = v, 0
	} else {
		s.Bad++
	}
	if !m.better(v, s.Best, 0) {
		return false
	}
	s.Best, s.BestEpoch = v, epoch
	return true
}

func (s *Score) exhausted(stop *EarlyStopping) bool { return stop != nil && s.Bad >= stop.Patience }

// Resolve answers the monitor to use with the given metric names: without val
// metrics, val/x falls back to train/loss with a notice. An unknown name is the
// user's mistake.
func (m Monitor) Resolve(metrics []string, hasVal bool) (Monitor, string, error) {
	split, name, _ := strings.Cut(m.Name, "/")
	known := false
	for _, k := range metrics {
		known = known || k == name
	}
	if !known || split != "train" && split != "val" {
		return m, "", &Mistake{fmt.Sprintf("checkpoint.monitor: found %q, expected train/ or val/ and one of %s", m.Name, strings.Join(metrics, ", "))}
	}
	if split == "val" && !hasVal {
		return Monitor{Name: "train/loss"}, fmt.Sprintf("there is no validation split: train/loss decides which epoch is best, not %s", m.Name), nil
	}
	return m, "", nil
}

// Mistake is an error that is the user's to mend.
type Mistake struct{ Msg string }

func (e *Mistake) Error() string { return e.Msg }

// UserError marks the error as the user's.
func (e *Mistake) UserError() bool { return true }
