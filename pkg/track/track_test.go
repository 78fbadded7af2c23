package track

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestTrackerFeedsAllSinksAndStampsEvents(t *testing.T) {
	c := &clock{noon()}
	a, b := &recorder{}, &recorder{}
	tr := NewTracker(c.now, a, b)
	c.pass(time.Minute)
	tr.Log(Event{Kind: KindEpoch, Step: 10, Epoch: 1})
	c.pass(time.Second)
	tr.Note(11, 2, "careful")
	c.pass(29 * time.Second)
	tr.Log(Event{Kind: KindEpoch, Step: 20, Epoch: 2})
	if err := tr.Close(); err != nil {
		t.Fatal(err)
	}
	for _, r := range []*recorder{a, b} {
		if len(r.events) != 3 || !r.closed {
			t.Fatalf("%d events, closed %v; want 3 and closed", len(r.events), r.closed)
		}
		e, note, last := r.events[0], r.events[1], r.events[2]
		if e.Took != time.Minute || !e.Time.Equal(noon().Add(time.Minute)) || last.Took != 30*time.Second {
			t.Errorf("epochs took %v and %v, the first ended at %v; want 1m, 30s, a minute past noon", e.Took, last.Took, e.Time)
		}
		if note.Kind != KindNote || note.Text != "careful" || note.Step != 11 || note.Epoch != 2 {
			t.Errorf("note %+v", note)
		}
	}
}

func TestErrorOfOneSinkIsToldOnceToTheOthers(t *testing.T) {
	bad, good := &failing{err: errors.New("write logs/training.log: disk on fire")}, &recorder{}
	tr := NewTracker(nil, bad, good)
	for step := range int64(3) {
		tr.Log(Event{Kind: KindStep, Step: step})
	}
	var notes []string
	for _, e := range good.events {
		if e.Kind == KindNote {
			notes = append(notes, e.Text)
		}
	}
	if len(notes) != 1 || !strings.Contains(notes[0], "training goes on") || !strings.Contains(notes[0], "disk on fire") {
		t.Errorf("notes %q, want the error once", notes)
	}
	if len(good.events) != 4 || bad.tried != 4 {
		t.Errorf("%d events in the good sink, %d tries of the bad one; want 4 and 4", len(good.events), bad.tried)
	}
	if err := tr.Close(); err == nil || !strings.Contains(err.Error(), "disk on fire") {
		t.Errorf("Close gives %v, want the sink's error", err)
	}
	if !good.closed {
		t.Error("the good sink is not closed")
	}
}

func TestAllSinksMayFail(t *testing.T) {
	tr := NewTracker(nil, &failing{err: errors.New("a")}, &failing{err: errors.New("b")})
	tr.Note(0, 0, "x")
	if err := tr.Close(); err == nil || err.Error() != "a\nb" {
		t.Errorf("Close gives %v, want both errors", err)
	}
	tr.Note(0, 0, "after the end")
}
