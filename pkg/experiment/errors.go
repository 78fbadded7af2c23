package experiment

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/gotrainer/trainer/pkg/atomicfile"
)

// The causes that a caller may want to tell apart, with errors.Is.
var (
	ErrLocked   = errors.New("experiment is in use")
	ErrExists   = errors.New("experiment exists")
	ErrNotFound = errors.New("experiment not found")
)

// Error is a mistake that the user can mend, as one sentence.
type Error struct {
	Msg string
	Err error // the cause; may be nil
}

// Error is the sentence.
func (e *Error) Error() string { return e.Msg }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// UserError marks the error as the user's to mend.
func (e *Error) UserError() bool { return true }

func mistake(cause error, format string, args ...any) error {
	return &Error{Msg: fmt.Sprintf(format, args...), Err: cause}
}

// explain turns an error of the file system into a sentence about path, and into
// a mistake of the user where a choice of the user's led to it; nil stays nil.
func explain(op, path string, err error) error {
	if err == nil {
		return nil
	}
	why := atomicfile.Cause(err)
	switch {
	case errors.Is(err, syscall.EROFS):
		return mistake(why, "%s %s: the file system is read-only; choose another experiment.output_dir", op, path)
	case errors.Is(err, fs.ErrPermission):
		return mistake(why, "%s %s: %v; make the folder writable or choose another experiment.output_dir", op, path, why)
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, fs.ErrExist):
		if file := fileOn(path); file != "" {
			return mistake(why, "%s %s: %s is a file, not a folder; choose another experiment.output_dir", op, path, file)
		}
	case errors.Is(err, syscall.ENAMETOOLONG):
		return mistake(why, "%s %s: the path is too long; choose a shorter experiment.name or experiment.output_dir", op, path)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("%s %s: %w; free some space or choose another experiment.output_dir", op, path, why)
	}
	return fmt.Errorf("%s %s: %w", op, path, why)
}

// fileOn is the first part of path that exists and is no folder, or "".
func fileOn(path string) string {
	for p := filepath.Clean(path); ; p = filepath.Dir(p) {
		info, err := os.Stat(p)
		if err == nil && !info.IsDir() {
			return p
		}
		if err == nil || p == filepath.Dir(p) {
			return ""
		}
	}
}
