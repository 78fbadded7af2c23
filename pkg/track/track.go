// Package track takes what happens in a run to the places where people look for
// it: the log (logs/training.log), the journal for programs (logs/metrics.jsonl)
// and the progress on the terminal. Each is a Sink; a Tracker feeds several.
//
// It promises that no sink ends a training run: an error of one is told once,
// through the others, and the run goes on.
package track

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// The kinds of events.
const (
	KindStep  = "step"  // metrics between two epochs' ends, or a mere sign of progress
	KindEpoch = "epoch" // the end of an epoch
	KindNote  = "note"  // a sentence for people: a warning, or how the run ended

	KindMetric = "metric" // what a model of the user's own logged (LogMetric)
	KindSystem = "system" // how busy the machine is; Step counts the samples

	KindEvaluation = "evaluation" // what a command computed of a checkpoint; Step is the checkpoint's
)

// Value is a named number, such as train/loss. The value named lr is the learning
// rate; progress shows it as such.
type Value struct {
	Name  string
	Value float64
}

// Event is one thing that happened.
type Event struct {
	Kind    string
	Step    int64 // optimizer steps done
	Epoch   int64 // from 1; in a step event the epoch being trained
	Values  []Value
	Text    string        // of a note
	Detail  bool          // note: for the log alone
	Samples int64         // samples this process has trained on; 0 = not known
	Best    bool          // epoch: its metric is the best so far
	Took    time.Duration // epoch: its wall time; filled in by the Tracker
	Time    time.Time     // filled in by the Tracker
}

// stepSuffix is behind the names of what is a mean over some steps, where a place of
// records tells metrics apart by name and step alone.
const stepSuffix = "_step"

// Points are the values of an event as places of records take them that have one value
// for a name and a step: metrics between two epochs' ends have `_step` behind their
// names (train/loss_step beside the epoch's train/loss), the learning rate does not, and
// the epoch is a value of its own.
func (e Event) Points() []Value {
	var points []Value
	for _, v := range e.Values {
		if e.Kind == KindStep && v.Name != rateName {
			v.Name += stepSuffix
		}
		points = append(points, v)
	}
	if len(points) > 0 && (e.Kind == KindStep || e.Kind == KindEpoch) {
		points = append(points, Value{"epoch", float64(e.Epoch)})
	}
	return points
}

// Sink is a place where events go. Log and Close are called by one goroutine at a
// time.
type Sink interface {
	Log(Event) error
	Close() error
}

// Tracker hands every event to all of its sinks. It may be used from several
// goroutines.
type Tracker struct {
	mu        sync.Mutex
	now       func() time.Time
	sinks     []Sink
	errs      []error // the first error of each sink
	lastEpoch time.Time
}

// NewTracker makes a Tracker; now is its clock, nil for time.Now.
func NewTracker(now func() time.Time, sinks ...Sink) *Tracker {
	if now == nil {
		now = time.Now
	}
	return &Tracker{now: now, sinks: sinks, errs: make([]error, len(sinks)), lastEpoch: now()}
}

// Log sends an event to all sinks. A sink's first error goes to the other sinks as
// a note; further ones are dropped, but the sink goes on being tried.
func (t *Tracker) Log(e Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e.Time.IsZero() {
		e.Time = t.now()
	}
	if e.Kind == KindEpoch {
		if e.Took == 0 {
			e.Took = e.Time.Sub(t.lastEpoch)
		}
		t.lastEpoch = e.Time
	}
	t.send(e)
}

// Note sends a sentence for people to all sinks.
func (t *Tracker) Note(step, epoch int64, text string) {
	t.Log(Event{Kind: KindNote, Step: step, Epoch: epoch, Text: text})
}

// send is called once more for each sink that has its first error.
func (t *Tracker) send(e Event) {
	for i, s := range t.sinks {
		if err := s.Log(e); err != nil && t.errs[i] == nil {
			t.errs[i] = err
			t.send(Event{Kind: KindNote, Step: e.Step, Epoch: e.Epoch, Time: e.Time,
				Text: fmt.Sprintf("training goes on without part of its records: %v", err)})
		}
	}
}

// Close closes all sinks and returns the first error of each, also of earlier calls.
func (t *Tracker) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, s := range t.sinks {
		if err := s.Close(); err != nil && t.errs[i] == nil {
			t.errs[i] = err
		}
	}
	t.sinks = nil
	return errors.Join(t.errs...)
}
