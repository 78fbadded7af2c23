package archive

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/gotrainer/trainer/pkg/atomicfile"
)

// Unpack restores the folder in an archive into dir, an existing empty folder, which
// takes the archived one's mode and times. Everything is checked as Verify does, files
// before they are closed, and on disk when Unpack returns. After an error dir holds a
// part, which the caller removes.
func Unpack(file, dir string, progress func(bytes int64)) (Contents, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return Contents{}, fmt.Errorf("restore to %s: %w", dir, err)
	}
	defer root.Close()
	u := &unpacker{root: root, base: dir}
	found, err := read(file, u, progress)
	if err != nil {
		return found, u.explain(err)
	}
	return found, u.explain(u.finish())
}

// unpacker writes below a root that nothing can lead out of. Symbolic links are made
// last, so that nothing is written through one.
type unpacker struct {
	root  *os.Root
	base  string  // where it is
	dirs  []entry // in the order of the archive: parents first
	links []entry
}

type entry struct {
	rel, to string
	header  *tar.Header
}

// explain names the folder in an error of the disk.
func (u *unpacker) explain(err error) error {
	var own *Error
	if err == nil || errors.As(err, &own) {
		return err
	}
	return fmt.Errorf("restore to %s: %w", u.base, err)
}

func (u *unpacker) path(rel string) string { return filepath.Join(u.base, rel) }

// dir makes a folder that is written to; its mode and times come in finish.
func (u *unpacker) dir(rel string, h *tar.Header) error {
	u.dirs = append(u.dirs, entry{rel: rel, header: h})
	if rel == "." {
		return nil
	}
	return u.root.Mkdir(rel, 0o700)
}

func (u *unpacker) file(rel string, h *tar.Header, content io.Reader) error {
	if err := atomicfile.CheckSpace(u.path(rel), h.Size); err != nil {
		return err
	}
	f, err := u.root.OpenFile(rel, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := io.Copy(f, content); err != nil {
		return err
	}
	if err := f.Chmod(h.FileInfo().Mode().Perm()); err != nil { // no set-user-id of others
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return u.root.Chtimes(rel, h.ModTime, h.ModTime)
}

func (u *unpacker) link(rel, to string, _ *tar.Header) error { return u.root.Link(to, rel) }

func (u *unpacker) symlink(rel, to string, h *tar.Header) error {
	u.links = append(u.links, entry{rel, to, h})
	return nil
}

// finish makes the links, and gives the folders their modes and times: those that are
// in others first.
func (u *unpacker) finish() error {
	for _, l := range u.links {
		if err := u.root.Symlink(l.to, l.rel); err != nil {
			return err
		}
		at := unix.NsecToTimespec(l.header.ModTime.UnixNano())
		if err := unix.UtimesNanoAt(unix.AT_FDCWD, u.path(l.rel), []unix.Timespec{at, at}, unix.AT_SYMLINK_NOFOLLOW); err != nil {
			return err
		}
	}
	for _, d := range slices.Backward(u.dirs) {
		if err := atomicfile.SyncDir(u.path(d.rel)); err != nil {
			return err
		}
		mode := d.header.FileInfo().Mode() & (fs.ModePerm | fs.ModeSetgid | fs.ModeSticky)
		if err := u.root.Chtimes(d.rel, d.header.ModTime, d.header.ModTime); err != nil {
			return err
		}
		if err := u.root.Chmod(d.rel, mode); err != nil {
			return err
		}
	}
	return nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
