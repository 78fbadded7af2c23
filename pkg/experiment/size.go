package experiment

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// Content is a file of a run.
type Content struct {
	Path    string // relative to the run's directory
	Size    int64  // bytes
	ModTime time.Time
	Shared  bool // the same file as one before it in the list: it takes no room of its own

	file [2]uint64 // device and inode of a file with several names; zero for one
}

// Same says whether two contents are names of one file.
func (c Content) Same(d Content) bool { return c.file == d.file && c.file != [2]uint64{} }

// Contents lists the regular files below the run's directory dir in the order of their
// paths. A file that goes away meanwhile is left out.
func Contents(dir string) ([]Content, error) {
	var list []Content
	seen := map[[2]uint64]bool{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return gone(err)
		}
		info, err := d.Info()
		if err != nil {
			return gone(err)
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		c := Content{Path: rel, Size: info.Size(), ModTime: info.ModTime()}
		if st, ok := info.Sys().(*syscall.Stat_t); ok && st.Nlink > 1 {
			id := [2]uint64{uint64(st.Dev), st.Ino}
			c.file, c.Shared, seen[id] = id, seen[id], true
		}
		list = append(list, c)
		return nil
	})
	return list, explain("read", dir, err)
}

// Size is the sum of the files' sizes in bytes; one with several names counts once.
func Size(list []Content) (bytes int64) {
	for _, c := range list {
		if !c.Shared {
			bytes += c.Size
		}
	}
	return bytes
}

// gone drops the error of a file that was removed meanwhile.
func gone(err error) error {
	if os.IsNotExist(err) {
		return nil
	}
	return err
}
