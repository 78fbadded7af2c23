package track

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func noon() time.Time { return time.Date(2026, 1, 31, 12, 30, 0, 0, time.UTC) }

// clock is a time that moves only when it is told to.
type clock struct{ at time.Time }

func (c *clock) now() time.Time            { return c.at }
func (c *clock) pass(d time.Duration)      { c.at = c.at.Add(d) }
func (c *clock) display(d Display) Display { d.Now = c.now; return d }

// fakeTerminal is a terminal of a width: it keeps what stands on its lines, and
// every state of the bottom line.
type fakeTerminal struct {
	t      *testing.T
	width  int
	lines  []string
	column int
	frames []string
	colors int
	writes int
}

func newTerminal(t *testing.T, width int) *fakeTerminal {
	return &fakeTerminal{t: t, width: width, lines: []string{""}}
}

func (f *fakeTerminal) Width() int { return f.width }

func (f *fakeTerminal) Write(p []byte) (int, error) {
	f.writes++
	for text := string(p); text != ""; {
		last := len(f.lines) - 1
		switch {
		case text[0] == '\r':
			f.column = 0
			text = text[1:]
		case text[0] == '\n':
			f.lines = append(f.lines, "")
			f.column = 0
			text = text[1:]
		case strings.HasPrefix(text, "\x1b[K"):
			f.lines[last] = f.lines[last][:f.column]
			text = text[3:]
		case strings.HasPrefix(text, "\x1b["):
			f.colors++
			text = text[strings.IndexByte(text, 'm')+1:]
		default:
			if f.column >= f.width-1 {
				f.t.Errorf("wrote %q past the width %d of line %q", text, f.width, f.lines[last])
				return len(p), nil
			}
			line := f.lines[last] + strings.Repeat(" ", max(0, f.column+1-len(f.lines[last])))
			f.lines[last] = line[:f.column] + text[:1] + line[f.column+1:]
			f.column++
			text = text[1:]
		}
	}
	f.frames = append(f.frames, f.lines[len(f.lines)-1])
	return len(p), nil
}

// screen is what the terminal shows.
func (f *fakeTerminal) screen() string { return strings.Join(f.lines, "\n") }

func (f *fakeTerminal) frame() string { return f.lines[len(f.lines)-1] }

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
