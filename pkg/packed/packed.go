// Package packed keeps arrays that take long to make, such as decoded images, in the
// user's cache folder: ${XDG_CACHE_HOME:-~/.cache}/trainer/packed.
//
// Promises:
//   - An array is a .npy file that is whole or absent, also when two processes make it at
//     once: the second waits for the first.
//   - There is one array for a place. It is made anew when its key differs, and the old
//     one is then removed; who has it open keeps it.
//   - Nothing but a missing or full folder is an error: what is damaged is made anew.
package packed

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/gotrainer/trainer/pkg/atomicfile"
	"github.com/gotrainer/trainer/pkg/npy"
)

// Array is what is kept.
type Array struct {
	Place string // what the array is made from and how: one array is kept for it
	Key   string // the content that it is made from; another key is another array
	DType string // as npy.Header has it
	Shape []int64
}

// Error is a cache folder that cannot be used, in one sentence.
type Error struct{ Msg string }

func (e *Error) Error() string { return e.Msg }

// UserError is true: another folder or more room is needed.
func (e *Error) UserError() bool { return true }

// Open is the file of the array. Where it is not there, fill writes its elements, little
// endian, and made is true.
func (a Array) Open(fill func(w io.Writer) error) (path string, made bool, err error) {
	dir, err := folder()
	if err != nil {
		return "", false, err
	}
	place := short(a.Place)
	path = filepath.Join(dir, place+"-"+short(fmt.Sprint(a.Key, a.DType, a.Shape))+".npy")
	if a.isAt(path) {
		return path, false, nil
	}
	unlock, err := lock(filepath.Join(dir, place+".lock"))
	if err != nil {
		return "", false, unusable(dir, err)
	}
	defer unlock()
	if a.isAt(path) { // made while this process waited
		return path, false, nil
	}
	if _, err := atomicfile.RemoveStale(dir); err != nil {
		return "", false, err
	}
	if err := room(dir, npy.Header{DType: a.DType, Shape: a.Shape}.Bytes()); err != nil {
		return "", false, err
	}
	w, err := npy.Create(path, a.DType, a.Shape)
	if err != nil {
		return "", false, unusable(dir, err)
	}
	defer w.Abort()
	if err := fill(w); errors.Is(err, syscall.ENOSPC) {
		return "", false, unusable(dir, syscall.ENOSPC)
	} else if err != nil {
		return "", false, err
	}
	if err := w.Close(); err != nil {
		return "", false, unusable(dir, err)
	}
	return path, true, removeOthers(dir, place, path)
}

// isAt says that the file is the array; what is damaged is not.
func (a Array) isAt(path string) bool {
	h, err := npy.OpenHeader(path, nil)
	return err == nil && h.DType == a.DType && fmt.Sprint(h.Shape) == fmt.Sprint(a.Shape)
}

// removeOthers removes what the place had before.
func removeOthers(dir, place, path string) error {
	old, err := filepath.Glob(filepath.Join(dir, place+"-*.npy"))
	if err != nil {
		return fmt.Errorf("list %s: %w", dir, err)
	}
	for _, p := range old {
		if p == path {
			continue
		}
		if err := os.Remove(p); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return unusable(dir, err)
		}
	}
	return nil
}

// folder is where arrays are kept; it is made where it is missing.
func folder() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", &Error{Msg: fmt.Sprintf("there is no cache folder (%v); set XDG_CACHE_HOME to a folder that can be written", err)}
	}
	dir := filepath.Join(cache, "trainer", "packed")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", unusable(dir, err)
	}
	return dir, nil
}

// room holds that an array of so many bytes fits on the disk.
func room(dir string, need int64) error {
	free, err := atomicfile.Free(dir)
	if err != nil || free >= need { // a file system that does not say is tried
		return nil
	}
	return &Error{Msg: fmt.Sprintf("the cache folder %s has %.1f GB free, and what is to be kept there needs %.1f GB; free some space, or set XDG_CACHE_HOME to a folder with room", dir, float64(free)/1e9, float64(need)/1e9)}
}

func unusable(dir string, err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	return &Error{Msg: fmt.Sprintf("the cache folder %s cannot be used: %v; set XDG_CACHE_HOME to a folder with room", dir, err)}
}

// lock waits until no other process has the lock. Its empty file stays.
func lock(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	for {
		if err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX); !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("lock: %w", err)
	}
	return func() { f.Close() }, nil
}

// short names a text by the beginning of its SHA-256.
func short(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:12])
}
