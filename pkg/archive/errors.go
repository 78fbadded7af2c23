package archive

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/gotrainer/trainer/pkg/atomicfile"
)

// Error is something about an archive that the user can mend, as one sentence.
type Error struct {
	Path string // the archive, or what was to be packed
	Msg  string
	Err  error // the cause; may be nil
}

// Error is the sentence.
func (e *Error) Error() string { return e.Path + ": " + e.Msg }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// UserError marks the error as the user's to mend.
func (e *Error) UserError() bool { return true }

func bad(path, format string, args ...any) error {
	return &Error{Path: path, Msg: fmt.Sprintf(format, args...)}
}

// damaged is an archive whose bytes are not what was written; member is what was being
// read.
func damaged(path, member string, err error) error {
	why := err.Error()
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		why = "it ends too early"
	}
	where := "at its beginning"
	if member != "" {
		where = "in " + member
	}
	return &Error{Path: path, Msg: fmt.Sprintf("damaged %s: %s; use another copy", where, why), Err: err}
}

// unreadable is an archive that could not be opened.
func unreadable(path string, err error) error {
	why := atomicfile.Cause(err)
	if errors.Is(err, fs.ErrNotExist) {
		return &Error{Path: path, Msg: "no such file, expected an archive (.tar.zst or .tar.gz)", Err: err}
	}
	return &Error{Path: path, Msg: why.Error(), Err: err}
}
