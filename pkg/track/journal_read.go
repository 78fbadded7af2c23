package track

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"time"

	"github.com/gotrainer/trainer/pkg/atomicfile"
)

// ReadJournal reads the events of a journal in their order. A last line that a
// crash cut short is left out; any other line that is no record is an error with
// its number.
func ReadJournal(path string) ([]Event, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err // names the path already
	}
	var events []Event
	for n, line := range bytes.SplitAfter(data, []byte("\n")) {
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		e, err := parseLine(line)
		if err != nil {
			if line[len(line)-1] != '\n' {
				break
			}
			return nil, fmt.Errorf("read %s:%d: %w", path, n+1, err)
		}
		events = append(events, e)
	}
	return events, nil
}

// Follower reads a journal while it grows. It stays with the file where that is renamed.
type Follower struct {
	f    *os.File
	from int64
}

// FollowJournal opens the journal at path to be read from its beginning.
func FollowJournal(path string) (*Follower, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err // names the path already
	}
	return &Follower{f: f}, nil
}

// followAtOnce bounds what one Next reads; a line is shorter.
const followAtOnce = 1 << 20

// Next gives the events of the whole lines that came since the last call, at most
// about a megabyte of them; none where nothing is new. Lines that are no records are
// passed over.
func (w *Follower) Next() ([]Event, error) {
	data, err := io.ReadAll(io.NewSectionReader(w.f, w.from, followAtOnce))
	if err != nil {
		return nil, err // names the path already
	}
	end := bytes.LastIndexByte(data, '\n') + 1
	var events []Event
	for line := range bytes.Lines(data[:end]) {
		if e, err := parseLine(line); err == nil {
			events = append(events, e)
		}
	}
	w.from += int64(end)
	return events, nil
}

// Close closes the file.
func (w *Follower) Close() error { return w.f.Close() }

// TruncateJournal cuts the journal at path back to what was known after afterStep
// steps and afterEpoch finished epochs: records of later steps and ends of later
// epochs go, and so does what is no record. The file is replaced in one step. A
// journal that does not exist is left so.
func TruncateJournal(path string, afterStep, afterEpoch int64) error {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err // names the path already
	}
	kept := make([]byte, 0, len(data))
	for _, line := range bytes.Split(data, []byte("\n")) {
		e, err := parseLine(line)
		if err == nil && e.Step <= afterStep && (e.Kind != KindEpoch || e.Epoch <= afterEpoch) {
			kept = append(append(kept, line...), '\n')
		}
	}
	if bytes.Equal(kept, data) {
		return nil
	}
	return atomicfile.WriteFile(path, kept)
}

// ParseRecord reads one line of a journal.
func ParseRecord(line []byte) (Event, error) { return parseLine(line) }

// parseLine reads one record. Its metrics keep their order, so it goes through the
// tokens of the object.
func parseLine(line []byte) (e Event, err error) {
	dec := json.NewDecoder(bytes.NewReader(line))
	if tok, err := dec.Token(); err != nil || tok != json.Delim('{') {
		return e, errors.New("no JSON object")
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return e, fmt.Errorf("no JSON object: %w", err)
		}
		if err := e.field(key.(string), dec); err != nil { // a key is always a string
			return e, fmt.Errorf("key %q: %w", key, err)
		}
	}
	if tok, err := dec.Token(); err != nil || tok != json.Delim('}') || dec.More() {
		return e, errors.New("no JSON object on a line of its own")
	}
	if e.Kind == "" || e.Time.IsZero() {
		return e, errors.New("a record without a time or a kind")
	}
	return e, nil
}

// field reads the value of one key into the event.
func (e *Event) field(key string, dec *json.Decoder) error {
	switch key {
	case "time":
		var text string
		if err := dec.Decode(&text); err != nil {
			return err
		}
		at, err := time.Parse(time.RFC3339Nano, text)
		e.Time = at
		return err
	case "kind":
		return dec.Decode(&e.Kind)
	case "text":
		return dec.Decode(&e.Text)
	case "step":
		return dec.Decode(&e.Step)
	case "epoch":
		return dec.Decode(&e.Epoch)
	}
	x, err := metric(dec)
	e.Values = append(e.Values, Value{key, x})
	return err
}

// metric reads a number, or the name of a value that is none.
func metric(dec *json.Decoder) (float64, error) {
	tok, err := dec.Token()
	if err != nil {
		return 0, err
	}
	switch tok {
	case "NaN":
		return math.NaN(), nil
	case "Infinity":
		return math.Inf(1), nil
	case "-Infinity":
		return math.Inf(-1), nil
	}
	x, ok := tok.(float64)
	if !ok {
		return 0, fmt.Errorf("%v is no number", tok)
	}
	return x, nil
}
