// Package atomicfile writes files that are either whole or absent.
//
// A file is written under a temporary name in the folder where it belongs, made
// durable, and only then given its name. Whoever opens the final name, at any
// moment and after any crash, finds the old content or the new content, never a
// part of one. Errors name the final path and, where there is something the user
// can do (a full disk, a folder that cannot be written), say what.
package atomicfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
)

// mode is the permission of new files, before the umask.
const mode = 0o644

// File is a file that is being written. It takes its name in Commit. A File is
// not safe for concurrent use, WriteAt included.
type File struct {
	f    *os.File
	path string // the final name
	tmp  string // the name until Commit
	size int64  // bytes that it will have, where that is known
	err  error  // the first error; Commit refuses a file that had one
	done bool

	written, begun int64 // bytes: given to the system, and of those to the disk
}

// Create starts a new file that will be called path. The folder must exist.
// Every File must end with Commit or Abort; `defer f.Abort()` is always right.
func Create(path string) (*File, error) {
	if info, err := os.Lstat(path); err == nil && info.IsDir() {
		return nil, &Error{Op: "write", Path: path, Err: syscall.EISDIR}
	}
	if err := Point("create", path); err != nil {
		return nil, describe("write", path, err)
	}
	for try := 0; ; try++ {
		tmp := tempName(path)
		f, err := os.OpenFile(tmp, os.O_RDWR|os.O_CREATE|os.O_EXCL, mode)
		if err == nil {
			return &File{f: f, path: path, tmp: tmp}, nil
		}
		if !errors.Is(err, fs.ErrExist) || try == 100 {
			return nil, describe("write", path, err)
		}
	}
}

// CreateSized is Create of a file that will have size bytes. Where the disk has not
// that many free, nothing is begun and the error is a *SpaceError; errors of a disk
// that gets full later name the size too.
func CreateSized(path string, size int64) (*File, error) {
	if err := CheckSpace(path, size); err != nil {
		return nil, err
	}
	f, err := Create(path)
	if err != nil {
		return nil, needing(err, size)
	}
	f.size = size
	return f, nil
}

// Write appends p to the file.
func (f *File) Write(p []byte) (int, error) {
	n, err := Write(f.f, f.path, p)
	f.writeBack(n)
	return n, f.note(err)
}

// WriteAt writes p at the byte offset off; it does not move the position of Write.
func (f *File) WriteAt(p []byte, off int64) (int, error) {
	if err := Point("write", f.path); err != nil {
		return 0, f.note(err)
	}
	n, err := f.f.WriteAt(p, off)
	return n, f.note(err)
}

// File is the open temporary file, for calls that need a descriptor. Errors of
// direct writes to it are not seen by Commit.
func (f *File) File() *os.File { return f.f }

// Path is the final name of the file.
func (f *File) Path() string { return f.path }

// Commit makes the content durable and gives the file its name, replacing what
// had that name. After an error the temporary file is gone and the old file, if
// there was one, is untouched; only when the last step, the fsync of the folder,
// reports an error is the new file in place but perhaps not yet durable.
func (f *File) Commit() error {
	if f.done {
		return &Error{Op: "write", Path: f.path, Err: fs.ErrClosed}
	}
	defer f.Abort()
	if f.err != nil {
		return f.err
	}
	for _, step := range []struct {
		op string
		do func() error
	}{{"fsync", f.f.Sync}, {"close", f.f.Close}, {"rename", func() error { return os.Rename(f.tmp, f.path) }}} {
		err := Point(step.op, f.path)
		if err == nil {
			err = step.do()
		}
		if err != nil {
			return f.note(err)
		}
	}
	f.done = true
	return SyncDir(filepath.Dir(f.path))
}

// Abort removes the temporary file. After Commit, or a second time, it does nothing.
func (f *File) Abort() {
	if f.done {
		return
	}
	f.done = true
	f.f.Close() // closed already when Commit came that far; nothing to save here
	os.Remove(f.tmp)
}

// note remembers the first error of a write, as a sentence with the final path.
func (f *File) note(err error) error {
	if err == nil {
		return nil
	}
	err = needing(describe("write", f.path, err), f.size)
	if f.err == nil {
		f.err = err
	}
	return err
}

// WriteFile writes data as the whole content of path, atomically.
func WriteFile(path string, data []byte) error {
	f, err := Create(path)
	if err != nil {
		return err
	}
	defer f.Abort()
	if _, err := f.Write(data); err != nil {
		return err
	}
	return f.Commit()
}

// Link gives the content of the existing file the name path as well, atomically:
// by a hard link, or by a copy where the file system has none. A later atomic
// write to either name leaves the other as it is.
func Link(existing, path string) error {
	if sameFile(existing, path) {
		return nil
	}
	if err := Point("link", path); err != nil {
		return describe("link", path, err)
	}
	for try := 0; ; try++ {
		tmp := tempName(path)
		err := os.Link(existing, tmp)
		switch {
		case err == nil:
			return takeName(tmp, path)
		case errors.Is(err, fs.ErrExist) && try < 100:
		case errors.Is(err, fs.ErrNotExist):
			return describe("link", existing, err)
		default:
			return copyFile(existing, path)
		}
	}
}

func takeName(tmp, path string) error {
	err := Point("rename", path)
	if err == nil {
		err = os.Rename(tmp, path)
	}
	if err != nil {
		os.Remove(tmp)
		return describe("write", path, err)
	}
	return SyncDir(filepath.Dir(path))
}

func copyFile(from, path string) error {
	src, err := os.Open(from)
	if err != nil {
		return describe("read", from, err)
	}
	defer src.Close()
	dst, err := Create(path)
	if err != nil {
		return err
	}
	defer dst.Abort()
	if _, err := io.Copy(dst, src); err != nil {
		return describe("copy to", path, err)
	}
	return dst.Commit()
}

func sameFile(a, b string) bool {
	ai, errA := os.Stat(a)
	bi, errB := os.Lstat(b)
	return errA == nil && errB == nil && os.SameFile(ai, bi)
}

// SyncDir makes the names in the folder dir durable. File systems that cannot
// sync a folder are taken as they are.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return describe("sync folder", dir, err)
	}
	defer d.Close()
	if err = Point("sync", dir); err == nil {
		err = d.Sync()
	}
	if err == nil || errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return describe("sync folder", dir, err)
}

// tempName is `.NAME.tmp-<pid>-<rand>` beside path. The random part needs no
// secrecy: the file is opened with O_EXCL.
func tempName(path string) string {
	dir, base := filepath.Split(path)
	if len(base) > 200 { // leaves room in the 255 bytes of a file name
		base = base[:200]
	}
	return fmt.Sprintf("%s.%s.tmp-%d-%08x", dir, base, os.Getpid(), rand.Uint32())
}
