package npy

import (
	"errors"
	"fmt"
	"io/fs"
)

// Error is a file that cannot be used as it is: the user's mistake, in one
// sentence. Path is empty where only a reader was given.
type Error struct {
	Path string
	Msg  string
}

// Error is the sentence, the path first.
func (e *Error) Error() string {
	if e.Path == "" {
		return e.Msg
	}
	return e.Path + ": " + e.Msg
}

// UserError marks the error as the user's mistake.
func (e *Error) UserError() bool { return true }

// ChangedError is a file that was cut or altered while it was in use. It is not
// the user's mistake in the sense of a wrong argument: the run was right when it
// began.
type ChangedError struct {
	Path string
	Msg  string
}

// Error is the sentence, the path first.
func (e *ChangedError) Error() string { return e.Path + ": " + e.Msg }

func bad(format string, args ...any) error {
	return &Error{Msg: fmt.Sprintf(format, args...)}
}

// at names the file in an error that does not name it yet.
func at(path string, err error) error {
	var e *Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &e) && e.Path == "":
		return &Error{Path: path, Msg: e.Msg}
	case errors.As(err, &e):
		return err
	case errors.Is(err, fs.ErrNotExist):
		return &Error{Path: path, Msg: "no such file"}
	case errors.Is(err, fs.ErrPermission):
		return &Error{Path: path, Msg: "permission denied; make it readable for this user"}
	}
	return fmt.Errorf("read %s: %w", path, err)
}
