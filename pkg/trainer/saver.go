package trainer

import (
	"fmt"
	"slices"
)

// maxFailures saves in a row that fail end a run, with on_error: retry.
const maxFailures = 3

// saver writes checkpoints on a goroutine of its own while training goes on: one at a
// time and in order. What could not be written is tried again with the next one; until
// then its state is kept in memory, so that a best epoch is not lost to a disk that was
// full for a minute. Its methods are called by one goroutine.
type saver struct {
	stop     bool // at the first failure
	note     func(string)
	running  chan outcome // of the save in flight; nil where there is none
	owed     []save       // saves that failed, oldest first
	failures int          // in a row
	gaveUp   bool         // settle has answered an error
}

// save is a checkpoint that is to get names; run may be given fewer of them.
type save struct {
	names []string
	run   func(names []string) (notices []string, err error)
	done  func() // called when nothing more is to be written
}

type outcome struct {
	left    []save // what was not written
	notices []string
	err     error
}

func newSaver(onError string, note func(string)) *saver {
	return &saver{stop: onError == "stop", note: note}
}

// start begins a save; the one before has settled.
func (s *saver) start(next save) {
	var jobs []save
	for _, old := range s.owed {
		// A name that is written now needs no older content.
		old.names = slices.DeleteFunc(old.names, func(n string) bool { return slices.Contains(next.names, n) })
		if len(old.names) > 0 {
			jobs = append(jobs, old)
		} else {
			old.done()
		}
	}
	s.run(append(jobs, next))
}

func (s *saver) run(jobs []save) {
	running := make(chan outcome, 1)
	s.owed, s.running = nil, running
	go func() { running <- runAll(jobs) }()
}

// runAll runs saves in order until one fails.
func runAll(jobs []save) (o outcome) {
	for i, j := range jobs {
		notices, err := j.run(j.names)
		o.notices = append(o.notices, notices...)
		if err != nil {
			o.left, o.err = jobs[i:], err
			return o
		}
		j.done()
	}
	return o
}

// settle waits for the save in flight. Its error ends the run by the rule of on_error.
func (s *saver) settle() error {
	err := s.wait()
	switch {
	case err == nil:
		return nil
	case s.stop || s.failures >= maxFailures:
		s.gaveUp = true
		return fmt.Errorf("checkpoint: %w", err)
	}
	s.note(fmt.Sprintf("checkpoint: %v; training goes on and tries again at the next checkpoint", err))
	return nil
}

// wait waits for the save in flight and tells how it ended.
func (s *saver) wait() error {
	if s.running == nil {
		return nil
	}
	o := <-s.running
	s.running = nil
	for _, n := range o.notices {
		s.note(n)
	}
	s.failures++
	if o.err == nil {
		s.failures = 0
	}
	s.owed = o.left
	return o.err
}

// retry begins what is owed once more, where nothing else is to be saved.
func (s *saver) retry() error {
	if err := s.settle(); err != nil {
		return err
	}
	if len(s.owed) > 0 {
		s.run(s.owed)
	}
	return nil
}

// flush waits until everything is written, with a last try for what is owed.
func (s *saver) flush() error {
	if s.gaveUp {
		return nil // that error ended the run
	}
	err := s.wait()
	if len(s.owed) > 0 && !s.stop {
		if err != nil {
			s.note(fmt.Sprintf("checkpoint: %v; trying once more", err))
		}
		s.run(s.owed)
		err = s.wait()
	}
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	return nil
}
