package checkpoint

import (
	"errors"
	"fmt"
	"strings"
)

// Error says in one sentence what is wrong with a checkpoint file, or that it is
// not there. It is the user's to mend: UserError reports true.
type Error struct {
	Path string // the file or folder; empty when read from something without a name
	Msg  string // what was found and what was expected
	Hint string // what to do; %[1]s stands for the path
	Err  error  // the cause, when there is one below
}

// Error is `PATH: MSG; HINT`.
func (e *Error) Error() string {
	path := e.Path
	if path == "" {
		path = "checkpoint"
	}
	s := path + ": " + e.Msg
	if e.Hint != "" {
		s += "; " + strings.ReplaceAll(e.Hint, "%[1]s", path)
	}
	return s
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// UserError is true: another file, or another setting, is needed.
func (e *Error) UserError() bool { return true }

// bad is an *Error about the content of the file that is being read.
func bad(format string, args ...any) *Error {
	return &Error{Msg: fmt.Sprintf(format, args...)}
}

func (e *Error) hint(h string) *Error {
	e.Hint = h
	return e
}

const useAnother = "use another checkpoint or make it again"

// atPath puts the path into an error from below: into the *Error when it is one,
// in front of any other.
func atPath(path string, err error) error {
	var e *Error
	if errors.As(err, &e) {
		e.Path = path
		return e
	}
	return fmt.Errorf("read %s: %w", path, err)
}

// internal is an error of the program, not of the user: a value that no
// checkpoint can hold.
func internal(format string, args ...any) error {
	return fmt.Errorf("checkpoint: "+format, args...)
}
