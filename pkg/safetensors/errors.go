package safetensors

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
)

// Error says in one sentence what is wrong with a file, or that it is not there.
type Error struct {
	Path string // empty when read from something without a name
	Msg  string
}

// Error is `PATH: MSG`.
func (e *Error) Error() string {
	if e.Path == "" {
		return "safetensors: " + e.Msg
	}
	return e.Path + ": " + e.Msg
}

// UserError is true: another file is needed.
func (e *Error) UserError() bool { return true }

func bad(format string, args ...any) *Error { return &Error{Msg: fmt.Sprintf(format, args...)} }

func reason(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	return err.Error()
}

// readAt fills b from the file, whose size was known when b was made.
func readAt(r io.ReaderAt, b []byte, at int64) error {
	if _, err := r.ReadAt(b, at); err != nil && !(errors.Is(err, io.EOF) && len(b) == 0) {
		if errors.Is(err, io.EOF) {
			return bad("the file became shorter while it was read")
		}
		return err
	}
	return nil
}

// short is text from a file as a message shows it: without control characters, and cut.
func short(name string) string {
	text := quoted(name)
	return text[1 : len(text)-1]
}

func quoted(s string) string {
	const most = 120
	if len(s) > most {
		return strconv.Quote(s[:most]) + "…"
	}
	return strconv.Quote(s)
}
