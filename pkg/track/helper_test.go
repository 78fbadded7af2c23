package track

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/gotrainer/trainer/internal/vt"
)

func noon() time.Time { return time.Date(2026, 1, 31, 12, 30, 0, 0, time.UTC) }

// clock is a time that moves only when it is told to.
type clock struct{ at time.Time }

func (c *clock) now() time.Time            { return c.at }
func (c *clock) pass(d time.Duration)      { c.at = c.at.Add(d) }
func (c *clock) display(d Display) Display { d.Now = c.now; return d }

// fakeTerminal is a terminal that counts what is written to it.
type fakeTerminal struct {
	*vt.Screen
	width, height int
	writes        int
	changed       func() // nil: nobody watches
}

func newTerminal(width int) *fakeTerminal { return newTerminalOf(width, 24, true) }

func newTerminalOf(width, height int, reflow bool) *fakeTerminal {
	return &fakeTerminal{Screen: vt.New(width, height, reflow), width: width, height: height}
}

func (f *fakeTerminal) Size() (columns, lines int) { return f.width, f.height }

func (f *fakeTerminal) Watch(changed func()) (stop func()) {
	f.changed = changed
	return func() { f.changed = nil }
}

// resize is a person who drags the window's corner.
func (f *fakeTerminal) resize(width, height int) {
	f.width, f.height = width, height
	f.Resize(width, height)
	f.changed()
}

// Write shows text as a terminal does, where a line feed also goes to the line's start.
func (f *fakeTerminal) Write(p []byte) (int, error) {
	f.writes++
	if _, err := f.Screen.Write(bytes.ReplaceAll(p, []byte("\n"), []byte("\r\n"))); err != nil {
		return 0, err
	}
	return len(p), nil
}

// bottom is the last row that is not empty.
func (f *fakeTerminal) bottom() string {
	rows := f.Rows()
	if len(rows) == 0 {
		return ""
	}
	return rows[len(rows)-1]
}

// failing is a writer and a sink that only gives an error.
type failing struct {
	err   error
	tried int
}

func (f *failing) Write([]byte) (int, error) { f.tried++; return 0, f.err }
func (f *failing) Log(Event) error           { f.tried++; return f.err }
func (f *failing) Close() error              { return nil }

// recorder is a sink that remembers.
type recorder struct {
	events []Event
	closed bool
}

func (r *recorder) Log(e Event) error { r.events = append(r.events, e); return nil }
func (r *recorder) Close() error      { r.closed = true; return nil }

func wantText(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func wantFile(t *testing.T, path, want string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	wantText(t, string(data), want)
}

func putFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "metrics.jsonl")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func record(kind string, step, epoch int64, rest string) string {
	return fmt.Sprintf(`{"time":"2026-01-31T12:30:00.000Z","kind":%q,"step":%d,"epoch":%d%s}`+"\n", kind, step, epoch, rest)
}
