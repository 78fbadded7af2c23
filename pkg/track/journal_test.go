package track

import (
	"errors"
	"math"
	"os"
	"os/signal"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func openJournal(t *testing.T, path string) *Journal {
	t.Helper()
	j, err := OpenJournal(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

func TestJournalLinesHaveTheirKeysInOrder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "metrics.jsonl")
	j := openJournal(t, path)
	east := time.FixedZone("east", 2*3600)
	for _, e := range []Event{
		{Kind: KindStep, Step: 50, Epoch: 1, Time: noon().In(east), Values: []Value{{"train/loss", 0.1}, {"a", math.NaN()}, {"z", math.Inf(1)},
			{"b", math.Inf(-1)}, {"lr", 1e-5}, {"big", 1e21}, {"float32", float64(float32(0.1))}}},
		{Kind: KindStep, Step: 51, Epoch: 1, Time: noon()},
		{Kind: KindEpoch, Step: 52, Epoch: 1, Time: noon().Add(1500 * time.Microsecond)},
		{Kind: KindNote, Step: 52, Epoch: 1, Time: noon(), Text: "a \"b\" <c> & ü\n"},
	} {
		if err := j.Log(e); err != nil {
			t.Fatal(err)
		}
	}
	wantFile(t, path, record("step", 50, 1, `,"train/loss":0.1,"a":"NaN","z":"Infinity","b":"-Infinity","lr":1e-05,"big":1e+21,"float32":0.10000000149011612`)+
		strings.Replace(record("epoch", 52, 1, ""), ".000Z", ".001Z", 1)+
		record("note", 52, 1, `,"text":"a \"b\" <c> & ü\n"`))
}

func TestJournalReadsBackWhatWasWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "metrics.jsonl")
	j := openJournal(t, path)
	want := []Event{
		{Kind: KindStep, Step: 1 << 60, Epoch: 3, Time: noon(), Values: []Value{{"z", 1.0 / 3}, {"a", -5e-324}, {"m", math.Inf(-1)}, {"p", math.Inf(1)}}},
		{Kind: KindNote, Time: noon(), Text: "weird \x00 \u2028 \" text"},
		{Kind: KindEpoch, Time: noon(), Values: []Value{{"\"key\"", math.MaxFloat64}}},
	}
	for _, e := range want {
		if err := j.Log(e); err != nil {
			t.Fatal(err)
		}
	}
	got, err := ReadJournal(path)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("read %+v, %v\nwant %+v", got, err, want)
	}
	if err := j.Log(Event{Kind: KindStep, Values: []Value{{"x", math.NaN()}}}); err != nil {
		t.Fatal(err)
	}
	got, err = ReadJournal(path)
	if err != nil || len(got) != 4 || !math.IsNaN(got[3].Values[0].Value) || got[3].Time.IsZero() {
		t.Errorf("read %+v, %v; want a fourth record of NaN, now", got, err)
	}
}

func TestMetricThatTakesAKeyIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "logs", "metrics.jsonl")
	if err := os.Mkdir(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	j := openJournal(t, path)
	for _, values := range [][]Value{{{"time", 1}}, {{"epoch", 1}}, {{"text", 1}}, {{"a", 1}, {"b", 1}, {"a", 2}}} {
		err := j.Log(Event{Kind: KindStep, Values: values})
		if err == nil || !strings.Contains(err.Error(), "write logs/metrics.jsonl: a metric is called "+`"`+values[0].Name+`"`) {
			t.Errorf("%v: error %v, want one that names the metric", values, err)
		}
	}
	wantFile(t, path, "")
}

func TestTornLastLineIsToleratedAndMended(t *testing.T) {
	whole := record("step", 1, 1, `,"a":1`) + record("step", 2, 1, `,"a":2`)
	next := record("step", 3, 1, `,"a":3`)
	long := record("note", 3, 1, `,"text":"`+strings.Repeat("x", 10000)+`"`)
	for _, tail := range []string{"", next[:1], next[:20], next[:len(next)-2], strings.TrimSuffix(next, "\n"), long[:9000], "\x00\x00\x00"} {
		path := putFile(t, whole+tail)
		want, text := 2, whole
		if tail == strings.TrimSuffix(next, "\n") {
			want, text = 3, whole+next
		}
		if events, err := ReadJournal(path); err != nil || len(events) != want {
			t.Errorf("tail %.30q: %d events, %v; want %d", tail, len(events), err, want)
		}
		j := openJournal(t, path)
		if err := j.Log(Event{Kind: KindStep, Step: 9, Epoch: 1, Time: noon(), Values: []Value{{"a", 9}}}); err != nil {
			t.Fatal(err)
		}
		wantFile(t, path, text+record("step", 9, 1, `,"a":9`))
	}
	path := putFile(t, next[:20]) // nothing but a torn line
	openJournal(t, path)
	wantFile(t, path, "")
}

func TestSpoiltLineIsNamed(t *testing.T) {
	good := record("step", 1, 1, `,"a":1`)
	for _, bad := range []string{"x", "[]", `{"a":1}`, `{"time":"noon","kind":"step"}`, `{"time":"2026-01-31T12:30:00Z"}`,
		strings.TrimSuffix(good, "\n") + "{}", record("step", 1, 1, `,"a":"one"`), record("step", 1, 1, `,"a":[1]`), record("step", 1, 1, `,"a":null`),
		`{"time":"2026-01-31T12:30:00Z","kind":"step","step":1.5}`} {
		path := putFile(t, good+strings.TrimSuffix(bad, "\n")+"\n"+good)
		if events, err := ReadJournal(path); err == nil || !strings.Contains(err.Error(), "metrics.jsonl:2: ") {
			t.Errorf("%s: %d events, error %v; want one that names line 2", bad, len(events), err)
		}
	}
	if _, err := ReadJournal(filepath.Join(t.TempDir(), "none.jsonl")); err == nil {
		t.Error("a missing journal was read")
	}
}

func TestTruncateKeepsWhatWasKnownAtTheStep(t *testing.T) {
	one, epoch, note := record("step", 10, 1, `,"a": 1.50`), record("epoch", 20, 1, `,"a":2`), record("note", 20, 1, `,"text":"x"`)
	later := record("step", 21, 2, `,"a":3`)
	tests := []struct {
		name, text string
		after      int64
		want       string
	}{
		{"all", one + epoch + note + later, 21, one + epoch + note + later},
		{"the step itself stays", one + epoch + note + later, 20, one + epoch + note},
		{"between", one + epoch + note + later, 19, one},
		{"none", one + epoch, 9, ""},
		{"torn tail", one + later[:30], 20, one},
		{"missing newline", one + strings.TrimSuffix(epoch, "\n"), 20, one + epoch},
		{"spoilt line", one + "\x00\x00\n\n" + epoch, 20, one + epoch},
		{"out of order", later + one, 20, one},
		{"empty", "", 5, ""},
	}
	for _, tt := range tests {
		path := putFile(t, tt.text)
		if err := TruncateJournal(path, tt.after, 1); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		wantFile(t, path, tt.want)
	}
	unfinished := putFile(t, one+epoch)
	if err := TruncateJournal(unfinished, 20, 0); err != nil {
		t.Fatal(err)
	}
	wantFile(t, unfinished, one) // the epoch's last step was done, its end was not
	missing := filepath.Join(t.TempDir(), "metrics.jsonl")
	if err := TruncateJournal(missing, 5, 1); err != nil {
		t.Errorf("a missing journal: %v", err)
	}
	if _, err := os.Stat(missing); err == nil {
		t.Error("a missing journal was made")
	}
}

func TestLineThatFitsInPartIsTakenBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "metrics.jsonl")
	j := openJournal(t, path)
	e := Event{Kind: KindStep, Step: 1, Epoch: 1, Time: noon(), Values: []Value{{"a", 1}}}
	whole := record("step", 1, 1, `,"a":1`)
	if err := j.Log(e); err != nil {
		t.Fatal(err)
	}
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	signal.Ignore(unix.SIGXFSZ)
	defer signal.Reset(unix.SIGXFSZ)
	small := unix.Rlimit{Cur: uint64(len(whole) + 10), Max: old.Max}
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &small); err != nil {
		t.Fatal(err)
	}
	err := j.Log(e)
	if back := unix.Setrlimit(unix.RLIMIT_FSIZE, &old); back != nil {
		t.Fatal(back)
	}
	if !errors.Is(err, unix.EFBIG) {
		t.Errorf("error %v, want one of a file that may not grow", err)
	}
	wantFile(t, path, whole)
	if err := j.Log(e); err != nil {
		t.Fatal(err)
	}
	wantFile(t, path, whole+whole)
}
