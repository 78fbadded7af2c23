package trainer

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// disk records what was written; it refuses as long as full is positive.
type disk struct {
	full    int
	written []string
}

func (d *disk) save(state string, names ...string) save {
	return save{names: names, done: func() {}, run: func(names []string) ([]string, error) {
		if d.full > 0 {
			d.full--
			return nil, errors.New("no space left on device")
		}
		for _, n := range names {
			d.written = append(d.written, n+"="+state)
		}
		return nil, nil
	}}
}

func TestSavesHappenInOrderOneAtATime(t *testing.T) {
	d, s := &disk{}, newSaver("retry", func(string) {})
	for i := range 20 {
		if err := s.settle(); err != nil {
			t.Fatal(err)
		}
		s.start(d.save(fmt.Sprint(i), "last"))
	}
	if err := s.flush(); err != nil {
		t.Fatal(err)
	}
	for i, w := range d.written {
		if w != fmt.Sprintf("last=%d", i) {
			t.Fatalf("written %v", d.written)
		}
	}
}

func TestABestThatFailedIsWrittenWithTheNextCheckpoint(t *testing.T) {
	d, notes := &disk{full: 1}, []string{}
	s := newSaver("retry", func(n string) { notes = append(notes, n) })
	s.start(d.save("epoch 1", "best", "last"))
	if err := s.settle(); err != nil {
		t.Fatal(err)
	}
	if len(notes) != 1 || !strings.Contains(notes[0], "no space left on device; training goes on") {
		t.Errorf("notes %q", notes)
	}
	s.start(d.save("epoch 2", "last"))
	if err := s.flush(); err != nil {
		t.Fatal(err)
	}
	if want := []string{"best=epoch 1", "last=epoch 2"}; !slices.Equal(d.written, want) {
		t.Errorf("written %v, want %v", d.written, want)
	}
}

func TestThreeFailuresInARowEndTheRun(t *testing.T) {
	d, s := &disk{full: 99}, newSaver("retry", func(string) {})
	for i := range 3 {
		err := s.settle()
		if err != nil {
			t.Fatalf("after %d failures: %v", i, err)
		}
		s.start(d.save("x", "last"))
	}
	if err := s.settle(); err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("after 3 failures: %v", err)
	}
}

func TestStopEndsTheRunAtTheFirstFailure(t *testing.T) {
	d, s := &disk{full: 1}, newSaver("stop", func(string) {})
	s.start(d.save("x", "last"))
	if err := s.settle(); err == nil {
		t.Error("no error")
	}
}

func TestTheLastCheckpointIsTriedAgainBeforeTheEnd(t *testing.T) {
	d, s := &disk{full: 1}, newSaver("retry", func(string) {})
	s.start(d.save("x", "last"))
	if err := s.flush(); err != nil || len(d.written) != 1 {
		t.Errorf("written %v, err %v", d.written, err)
	}
	d.full = 2
	s.start(d.save("y", "last"))
	if err := s.flush(); err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("err = %v", err)
	}
}
