package track

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/gotrainer/trainer/pkg/atomicfile"
)

// Journal is logs/metrics.jsonl: one JSON object for each event, on a line of its
// own, with the keys time, kind, step, epoch, then text for a note, then the
// metrics in their order. Values that JSON has no number for are the strings "NaN",
// "Infinity" and "-Infinity". Each line is one write.
type Journal struct{ f *os.File }

var _ Sink = (*Journal)(nil)

// journalTime is UTC to the millisecond.
const journalTime = "2006-01-02T15:04:05.000Z"

// reserved are the keys that no metric may have.
var reserved = []string{"time", "kind", "step", "epoch", "text"}

// OpenJournal opens the journal at path for appending, and makes it where it is
// missing. A last line that a crash cut short is removed first.
func OpenJournal(path string) (*Journal, error) {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err // names the path already
	}
	if err := mendTail(f); err != nil {
		f.Close()
		return nil, err
	}
	return &Journal{f}, nil
}

// mendTail makes the file end with a whole line.
func mendTail(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	end, err := lastLineEnd(f, info.Size())
	if err != nil || end == info.Size() {
		return err
	}
	tail, err := io.ReadAll(io.NewSectionReader(f, end, info.Size()-end))
	if err != nil {
		return err
	}
	if _, bad := parseLine(tail); bad == nil { // only the newline is missing
		_, err = f.WriteString("\n")
		return err
	}
	return f.Truncate(end)
}

// lastLineEnd is the offset behind the last newline, 0 if there is none.
func lastLineEnd(f *os.File, size int64) (int64, error) {
	buf := make([]byte, 4096)
	for end := size; end > 0; {
		start := max(0, end-int64(len(buf)))
		chunk := buf[:end-start]
		if _, err := f.ReadAt(chunk, start); err != nil {
			return 0, err
		}
		if i := bytes.LastIndexByte(chunk, '\n'); i >= 0 {
			return start + int64(i) + 1, nil
		}
		end = start
	}
	return 0, nil
}

// Log appends the event. A step event without values is a mere sign of progress
// and is left out.
func (j *Journal) Log(e Event) error {
	if e.Kind == KindStep && len(e.Values) == 0 {
		return nil
	}
	line, err := formatLine(e)
	if err != nil {
		return writeError(j.f, err)
	}
	n, err := atomicfile.Write(j.f, j.f.Name(), line)
	if err != nil && n > 0 { // a full disk took a part: leave whole lines only
		if info, statErr := j.f.Stat(); statErr == nil {
			j.f.Truncate(info.Size() - int64(n))
		}
	}
	return writeError(j.f, err)
}

// Close makes the journal durable and closes it.
func (j *Journal) Close() error { return syncClose(j.f) }

// formatLine is the event as one line of JSON, with its newline.
func formatLine(e Event) ([]byte, error) {
	at := e.Time
	if at.IsZero() {
		at = time.Now()
	}
	b := []byte(`{"time":"` + at.UTC().Format(journalTime) + `","kind":`)
	b = appendString(b, e.Kind)
	b = append(strconv.AppendInt(append(b, `,"step":`...), e.Step, 10), `,"epoch":`...)
	b = strconv.AppendInt(b, e.Epoch, 10)
	if e.Text != "" {
		b = appendString(append(b, `,"text":`...), e.Text)
	}
	used := append([]string(nil), reserved...)
	for _, v := range e.Values {
		for _, name := range used {
			if v.Name == name {
				return nil, fmt.Errorf("a metric is called %q, which is taken in this line", name)
			}
		}
		used = append(used, v.Name)
		b = append(appendString(append(b, ','), v.Name), ':')
		if name, ok := special(v.Value); ok {
			b = appendString(b, name)
		} else {
			b = strconv.AppendFloat(b, v.Value, 'g', -1, 64)
		}
	}
	return append(b, '}', '\n'), nil
}

// appendString appends s as a JSON string, with < and & as they are.
func appendString(b []byte, s string) []byte {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.Encode(s) // a string always encodes, and a Buffer always takes it
	return append(b, bytes.TrimSuffix(buf.Bytes(), []byte("\n"))...)
}
