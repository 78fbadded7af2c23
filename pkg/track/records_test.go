package track

import (
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func stepAndEpoch() []Event {
	return []Event{
		{Kind: KindStep, Step: 5, Epoch: 1, Time: noon(), Values: []Value{{"train/loss", 2}, {"lr", 0.5}}},
		{Kind: KindEpoch, Step: 8, Epoch: 1, Time: noon(), Values: []Value{{"train/loss", 1}, {"val/loss", math.NaN()}, {"lr", 0.25}}},
	}
}

func TestPointsTellAStepsMeanFromAnEpochs(t *testing.T) {
	var got []string
	for _, e := range append(stepAndEpoch(), Event{Kind: KindNote, Text: "x"}, Event{Kind: KindMetric, Values: []Value{{"own", 1}}}) {
		for _, v := range e.Points() {
			got = append(got, v.Name)
		}
	}
	if s := strings.Join(got, " "); s != "train/loss_step lr epoch train/loss val/loss lr epoch own" {
		t.Error(s)
	}
}

func TestTheCSVGetsAColumnForAMetricThatComesLater(t *testing.T) {
	path := filepath.Join(t.TempDir(), "metrics.csv")
	where := func() string { return path }
	events := stepAndEpoch()
	c, err := OpenCSV(where, events[:1])
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range append(events[1:], Event{Kind: KindNote, Text: "x"}, Event{Kind: KindEpoch, Step: 16, Epoch: 2, Time: noon(), Values: []Value{{"val/loss", 0.1}}}) {
		if err := c.Log(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	want := `time,kind,step,epoch,train/loss_step,lr,train/loss,val/loss
2026-01-31T12:30:00.000Z,step,5,1,2,0.5,,
2026-01-31T12:30:00.000Z,epoch,8,1,,0.25,1,NaN
2026-01-31T12:30:00.000Z,epoch,16,2,,,,0.1
`
	if err != nil || string(text) != want {
		t.Errorf("got %s%v", text, err)
	}
}

func TestTensorBoardFilesAreRowsOfCheckedRecords(t *testing.T) {
	dir := t.TempDir()
	b, err := OpenTensorBoard(dir, 4, noon())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range stepAndEpoch() {
		if err := b.Log(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "events.out.tfevents.*"))
	data, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for ; len(data) > 0; n++ {
		size := binary.LittleEndian.Uint64(data)
		body := data[12 : 12+size]
		if binary.LittleEndian.Uint32(data[8:]) != masked(data[:8]) || binary.LittleEndian.Uint32(data[12+size:]) != masked(body) {
			t.Fatalf("record %d: wrong checksum", n)
		}
		data = data[16+size:]
	}
	if n != 4 { // version, restart, two events
		t.Errorf("%d records", n)
	}
	// RFC 3720's vector of CRC-32C: 32 zeros give 8a9136aa, masked as TFRecord says.
	if got, crc := masked(make([]byte, 32)), uint32(0x8a9136aa); got != (crc>>15|crc<<17)+0xa282ead8 {
		t.Errorf("the checksum is %x", got)
	}
}

func TestAModelLogsIntoTheRunningRun(t *testing.T) {
	if err := errors.Join(LogMetric("x", 1, 1), LogArtifact("x", "")); !errors.Is(err, ErrNoRun) {
		t.Errorf("without a run: %v", err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "plot.svg")
	if err := os.WriteFile(file, []byte("<svg/>"), 0o644); err != nil {
		t.Fatal(err)
	}
	journal, err := OpenJournal(filepath.Join(dir, "metrics.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	tracker := NewTracker(func() time.Time { return noon() }, journal)
	release := Bind(tracker, func() string { return filepath.Join(dir, "artifacts") })
	if err := errors.Join(LogMetric("mine", 1.5, 7), LogArtifact(file, "plots/a")); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []error{LogMetric("step", 1, 1), LogMetric("system/x", 1, 1), LogMetric("", 1, 1), LogArtifact(file, "../out"), LogArtifact("/none", "")} {
		if bad == nil {
			t.Error("taken, expected an error")
		}
	}
	release()
	if err := tracker.Close(); err != nil {
		t.Fatal(err)
	}
	text, _ := os.ReadFile(filepath.Join(dir, "metrics.jsonl"))
	if !strings.HasSuffix(string(text), `"kind":"metric","step":7,"epoch":0,"mine":1.5}`+"\n") {
		t.Errorf("the journal has %s", text)
	}
	if copied, err := os.ReadFile(filepath.Join(dir, "artifacts", "plots", "a", "plot.svg")); err != nil || string(copied) != "<svg/>" {
		t.Errorf("%q, %v", copied, err)
	}
}

func TestAFollowerReadsWholeLinesOfAGrowingJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	line, err := formatLine(stepAndEpoch()[0])
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w, err := FollowJournal(path)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for i, c := range []struct {
		write string
		want  int
	}{{string(line), 1}, {string(line[:10]), 0}, {"", 0}, {string(line[10:]) + "nonsense\n" + string(line), 2}} {
		if _, err := f.WriteString(c.write); err != nil {
			t.Fatal(err)
		}
		if got, err := w.Next(); err != nil || len(got) != c.want {
			t.Errorf("read %d: %d events, %v; expected %d", i, len(got), err, c.want)
		}
	}
}
