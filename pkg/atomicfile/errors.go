package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Error is a file operation that did not succeed, as one sentence.
type Error struct {
	Op   string // "write", "sync folder", …
	Path string // the final path, not the temporary one
	Err  error  // the cause, usually a syscall.Errno
	Need int64  // bytes of the whole file; 0 = not known
	Hint string // what the user can do; may be empty
}

// Error is `OP PATH: CAUSE; HINT`, with the needed and free space where it is about
// space.
func (e *Error) Error() string {
	s := fmt.Sprintf("%s %s: %v", e.Op, e.Path, e.Err)
	if errors.Is(e.Err, syscall.ENOSPC) || errors.Is(e.Err, syscall.EDQUOT) {
		s += e.space()
	}
	if e.Hint != "" {
		s += "; " + e.Hint
	}
	return s
}

// space is " (3.2 MB needed, 1.0 MB free)", as far as it is known; a quota's rest is not.
func (e *Error) space() string {
	var parts []string
	if e.Need > 0 {
		parts = append(parts, megabytes(e.Need)+" needed")
	}
	if free, err := Free(filepath.Dir(e.Path)); err == nil && errors.Is(e.Err, syscall.ENOSPC) {
		parts = append(parts, megabytes(free)+" free")
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }

// needing adds the size of the whole file to an error about it.
func needing(err error, size int64) error {
	var e *Error
	if size > 0 && errors.As(err, &e) && e.Need == 0 {
		with := *e
		with.Need = size
		return &with
	}
	return err
}

// Unwrap gives the cause, so that errors.Is(err, syscall.ENOSPC) works.
func (e *Error) Unwrap() error { return e.Err }

// describe turns an error of package os into an *Error on the final path.
func describe(op, path string, err error) error {
	var done *Error
	if errors.As(err, &done) {
		return done
	}
	return &Error{Op: op, Path: path, Err: Cause(err), Hint: hint(err)}
}

// Cause takes off the wrapping of package os, which repeats the path, here that of a
// temporary file.
func Cause(err error) error {
	var pe *fs.PathError
	var le *os.LinkError
	switch {
	case errors.As(err, &pe):
		return pe.Err
	case errors.As(err, &le):
		return le.Err
	}
	return err
}

func hint(err error) string {
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return "free some space or choose another output_dir"
	case errors.Is(err, syscall.EDQUOT):
		return "free some of your quota or choose another output_dir"
	case errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission):
		return "make the folder writable or choose another output_dir"
	case errors.Is(err, syscall.EFBIG):
		return "raise the limit on file sizes (ulimit -f) or choose another output_dir"
	}
	return ""
}

// Free is the number of bytes that this user can still write to the file system
// that holds the folder dir.
func Free(dir string) (int64, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, &Error{Op: "read free space of", Path: dir, Err: err}
	}
	return int64(st.Bavail) * int64(st.Bsize), nil
}

// SpaceError says that a file would not fit.
type SpaceError struct {
	Path string // the file that was to be written
	Need int64  // bytes
	Free int64  // bytes
}

// Error names the file and both figures, and says what to do.
func (e *SpaceError) Error() string {
	return fmt.Sprintf("write %s: needs %d bytes and the disk has %d bytes free; free some space or choose another output_dir",
		e.Path, e.Need, e.Free)
}

// Is makes errors.Is(err, syscall.ENOSPC) true.
func (e *SpaceError) Is(target error) bool { return target == syscall.ENOSPC }

// CheckSpace returns a *SpaceError when fewer than need bytes are free where path
// is to be written. A file system that cannot say how much is free passes.
func CheckSpace(path string, need int64) error {
	free, err := Free(filepath.Dir(path))
	if err != nil || free >= need {
		return nil
	}
	return &SpaceError{Path: path, Need: need, Free: free}
}
