package track

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/gotrainer/trainer/pkg/atomicfile"
)

// Log is logs/training.log: a block of lines about the run and its machine, then
// one line for every epoch and every note, each with its time. It is written to be
// read alone, a year later.
type Log struct {
	f      *os.File
	epochs int64
}

var _ Sink = (*Log)(nil)

// LogOptions say what the log's block contains.
type LogOptions struct {
	Title  string    // what begins, such as "training started" or "training resumed at epoch 4"
	Header []string  // the lines of the block: versions, host, device, data sizes, parameter table
	Epochs int64     // of the whole run; 0 = not known
	Time   time.Time // of the beginning; zero = now
}

const (
	rule      = "----------------------------------------------------------------------"
	lineTime  = "2006-01-02 15:04:05"
	blockTime = "2006-01-02 15:04:05 -07:00"
)

// OpenLog appends the block to the log at path, which is made where it is missing.
func OpenLog(path string, o LogOptions) (*Log, error) {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err // names the path already
	}
	if o.Time.IsZero() {
		o.Time = time.Now()
	}
	var b strings.Builder
	if info, err := f.Stat(); err == nil && info.Size() > 0 {
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "%s\n%s  %s\n\n", rule, o.Time.Format(blockTime), oneLine(o.Title))
	for _, line := range o.Header {
		b.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	b.WriteString(rule + "\n")
	l := &Log{f: f, epochs: o.Epochs}
	if err := l.write(b.String()); err != nil {
		f.Close()
		return nil, err
	}
	return l, nil
}

// Log writes the line of an epoch or a note. Step events are not for the log.
func (l *Log) Log(e Event) error {
	text := ""
	switch e.Kind {
	case KindEpoch:
		text = strings.Join(epochParts(e, l.epochs), "  ")
	case KindNote:
		text = oneLine(e.Text)
	default:
		return nil
	}
	at := e.Time
	if at.IsZero() {
		at = time.Now()
	}
	return l.write(at.Format(lineTime) + "  " + text + "\n")
}

// AppendNote writes a note into the log of a run that has ended.
func AppendNote(path, text string) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err // names the path already
	}
	l := &Log{f: f}
	return errors.Join(l.Log(Event{Kind: KindNote, Text: text}), l.Close())
}

// Close makes the log durable and closes it.
func (l *Log) Close() error { return syncClose(l.f) }

func (l *Log) write(text string) error {
	_, err := atomicfile.Write(l.f, l.f.Name(), []byte(text))
	return writeError(l.f, err)
}

// writeError names the file by its folder and name only: the run's directory may
// have another name by now than when the file was opened.
func writeError(f *os.File, err error) error {
	if err == nil {
		return nil
	}
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	name := filepath.Join(filepath.Base(filepath.Dir(f.Name())), filepath.Base(f.Name()))
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("write %s: %w; free some space", name, err)
	}
	return fmt.Errorf("write %s: %w", name, err)
}

// syncClose makes a file durable and closes it.
func syncClose(f *os.File) error {
	err := atomicfile.Point("fsync", f.Name())
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return writeError(f, err)
}
