package track

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestLogReadsByItself(t *testing.T) {
	path := filepath.Join(t.TempDir(), "training.log")
	l, err := OpenLog(path, LogOptions{Title: "training started", Header: []string{"trainer   1.0", "data      4096 samples ", "", "encoder.0.weight  [256 1024]"},
		Epochs: 20, Time: noon()})
	if err != nil {
		t.Fatal(err)
	}
	at := noon().Add(72 * time.Second)
	events := []Event{
		{Kind: KindStep, Step: 1, Values: []Value{{"train/loss", 9}}, Time: at},
		{Kind: KindEpoch, Step: 26, Epoch: 1, Values: []Value{{"train/loss", 12.3456}, {"val/loss", 13}, {"lr", 0.001}}, Took: 72 * time.Second, Best: true, Time: at},
		{Kind: KindNote, Step: 26, Epoch: 1, Text: "warning: 3 steps\nwere skipped", Time: at},
		{Kind: KindEpoch, Step: 52, Epoch: 2, Values: []Value{{"train/loss", math.NaN()}}, Time: at},
		{Kind: KindNote, Text: "finished after 2 epochs", Time: at},
	}
	for _, e := range events {
		if err := l.Log(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	first := rule + `
2026-01-31 12:30:00 +00:00  training started

trainer   1.0
data      4096 samples

encoder.0.weight  [256 1024]
` + rule + `
2026-01-31 12:31:12  epoch  1/20  step 26  train/loss 12.35  val/loss 13.00  lr 0.001  1m12s  best
2026-01-31 12:31:12  warning: 3 steps were skipped
2026-01-31 12:31:12  epoch  2/20  step 52  train/loss NaN
2026-01-31 12:31:12  finished after 2 epochs
`
	wantFile(t, path, first)

	l, err = OpenLog(path, LogOptions{Title: "training resumed", Time: noon()})
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	wantFile(t, path, first+"\n"+rule+"\n2026-01-31 12:30:00 +00:00  training resumed\n\n"+rule+"\n")
}

func TestLogThatCannotBeWrittenSaysWhich(t *testing.T) {
	if _, err := OpenLog(filepath.Join(t.TempDir(), "logs", "training.log"), LogOptions{}); err == nil || !strings.Contains(err.Error(), "logs/training.log") {
		t.Errorf("error %v, want one that names the file", err)
	}
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	l := &Log{f: full}
	if err := l.Log(Event{Kind: KindNote, Text: "x"}); err == nil || err.Error() != "write dev/full: no space left on device; free some space" {
		t.Errorf("error %v, want a sentence about space", err)
	}
	full.Close()
	if err := l.Log(Event{Kind: KindStep}); err != nil {
		t.Errorf("a step was written: %v", err)
	}
}
