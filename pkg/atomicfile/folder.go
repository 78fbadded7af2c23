package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Folder is a folder of files that is being written. It takes its name in Commit, whole;
// until then it has a hidden one beside it.
type Folder struct {
	path, tmp string
	done      bool
}

// CreateFolder starts a folder that will be called path. The folder that it is in must
// exist; what a killed process left of the same folder is removed. Every Folder must end
// with Commit or Abort; `defer f.Abort()` is always right.
func CreateFolder(path string) (*Folder, error) {
	path = filepath.Clean(path)
	dir, base := filepath.Split(path)
	old, _ := filepath.Glob(filepath.Join(dir, "."+base+".tmp-*"))
	for _, name := range old {
		if IsStale(filepath.Base(name)) {
			os.RemoveAll(name) // only tidying
		}
	}
	f := &Folder{path: path, tmp: tempName(path)}
	if err := Point("mkdir", path); err != nil {
		return nil, describe("make", path, err)
	}
	if err := os.Mkdir(f.tmp, 0o755); err != nil {
		return nil, describe("make", path, err)
	}
	return f, nil
}

// Create starts the file of that name in the folder.
func (f *Folder) Create(name string) (*File, error) { return Create(filepath.Join(f.tmp, name)) }

// Commit gives the folder its name. What had that name is exchanged for it in one step and
// then removed; whether it may be is for the caller to know. On a file system that cannot
// exchange, a kill between two renames leaves no folder of that name.
func (f *Folder) Commit() error {
	if f.done {
		return &Error{Op: "write", Path: f.path, Err: fs.ErrClosed}
	}
	defer f.Abort()
	if err := SyncDir(f.tmp); err != nil {
		return err
	}
	if err := Point("rename", f.path); err != nil {
		return describe("write", f.path, err)
	}
	old, err := swap(f.tmp, f.path)
	if err != nil {
		return describe("write", f.path, err)
	}
	f.done = true
	if old != "" {
		os.RemoveAll(old) // hidden, and removed with the next folder of this name if not now
	}
	return SyncDir(filepath.Dir(f.path))
}

// swap gives the folder new the name path; old is where what had it is now.
func swap(new, path string) (old string, err error) {
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return "", os.Rename(new, path)
	}
	if unix.Renameat2(unix.AT_FDCWD, new, unix.AT_FDCWD, path, unix.RENAME_EXCHANGE) == nil {
		return new, nil
	}
	old = tempName(path)
	if err := os.Rename(path, old); err != nil {
		return "", err
	}
	if err := os.Rename(new, path); err != nil {
		return "", errors.Join(err, os.Rename(old, path))
	}
	return old, nil
}

// Abort removes the folder and what is in it. After Commit, or a second time, it does
// nothing.
func (f *Folder) Abort() {
	if f.done {
		return
	}
	f.done = true
	os.RemoveAll(f.tmp)
}
