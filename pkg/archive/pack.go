package archive

import (
	"archive/tar"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"syscall"
	"time"

	"github.com/gotrainer/trainer/pkg/atomicfile"
)

// Pack writes the folder dir, whatever it is called, into a new archive at file as the
// folder name; the file appears when it is whole. progress is told how many bytes of
// content are packed. A file that exists, a link that leads out of the folder, and what
// is neither file, folder nor link are the user's to mend, and nothing is written.
func Pack(dir, name, file string, progress func(bytes int64)) error {
	if err := CheckName(file); err != nil {
		return err
	}
	if _, err := os.Lstat(file); err == nil {
		return bad(file, "exists; it is not overwritten: remove it or choose another name")
	}
	out, err := atomicfile.Create(file)
	if err != nil {
		return err
	}
	defer out.Abort()
	z, err := compressor(file, out)
	if err != nil {
		return fmt.Errorf("pack %s: %w", dir, err)
	}
	p := &packer{dir: dir, name: name, tar: tar.NewWriter(z), progress: progress, files: map[[2]uint64]string{}}
	err = filepath.WalkDir(dir, p.add)
	if err == nil {
		err = p.finish()
	}
	if closeErr := z.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return p.explain(err)
	}
	return out.Commit()
}

type packer struct {
	dir, name string
	tar       *tar.Writer
	sums      []sum
	done      int64
	progress  func(int64)
	files     map[[2]uint64]string // device and inode of files with several names
}

// explain leaves errors that name their file alone, and names the folder in others.
func (p *packer) explain(err error) error {
	var own *Error
	var written *atomicfile.Error
	if errors.As(err, &own) || errors.As(err, &written) {
		return err
	}
	return fmt.Errorf("pack %s: %w", p.dir, err)
}

// add packs one entry of the folder.
func (p *packer) add(at string, d fs.DirEntry, err error) error {
	if err != nil {
		return err
	}
	info, err := os.Lstat(at)
	if err != nil {
		return err
	}
	rel, err := filepath.Rel(p.dir, at)
	if err != nil {
		return err
	}
	member := path.Join(p.name, filepath.ToSlash(rel))
	link := ""
	switch mode := info.Mode(); {
	case mode&fs.ModeSymlink != 0:
		if link, err = os.Readlink(at); err != nil {
			return err
		}
		if !inside(rel, link) {
			return bad(at, "is a symbolic link out of the folder, to %s, which no archive of it can hold: remove it, or put the real file in its place", link)
		}
	case !mode.IsRegular() && !mode.IsDir():
		return bad(at, "is neither a file nor a folder nor a link: remove it")
	}
	h, err := tar.FileInfoHeader(info, link)
	if err != nil {
		return err
	}
	h.Name, h.Format = member, tar.FormatPAX
	h.Uid, h.Gid, h.Uname, h.Gname = 0, 0, "", ""
	h.AccessTime, h.ChangeTime = time.Time{}, time.Time{}
	if info.IsDir() {
		h.Name += "/"
	}
	if info.Mode().IsRegular() {
		return p.file(at, h, info)
	}
	return p.tar.WriteHeader(h)
}

// inside says whether a link at rel leads to something in the folder.
func inside(rel, target string) bool {
	return !filepath.IsAbs(target) && filepath.IsLocal(filepath.Join(filepath.Dir(rel), target))
}

// file packs a regular file, or, where it is the second name of one, a hard link.
func (p *packer) file(at string, h *tar.Header, info fs.FileInfo) error {
	if st, ok := info.Sys().(*syscall.Stat_t); ok && st.Nlink > 1 {
		id := [2]uint64{uint64(st.Dev), st.Ino}
		if first, known := p.files[id]; known {
			h.Typeflag, h.Linkname, h.Size = tar.TypeLink, first, 0
			return p.tar.WriteHeader(h)
		}
		p.files[id] = h.Name
	}
	f, err := os.Open(at)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := p.tar.WriteHeader(h); err != nil {
		return err
	}
	hash := sha256.New()
	n, err := io.Copy(io.MultiWriter(p.tar, hash, counter{p}), f)
	if errors.Is(err, tar.ErrWriteTooLong) || err == nil && n != h.Size {
		return bad(at, "changed while it was packed; try again when nothing writes to it")
	}
	p.sums = append(p.sums, sum{h.Name, [32]byte(hash.Sum(nil))})
	return err
}

type counter struct{ p *packer }

func (c counter) Write(b []byte) (int, error) {
	c.p.done += int64(len(b))
	c.p.progress(c.p.done)
	return len(b), nil
}

// finish writes the list of checksums.
func (p *packer) finish() error {
	list := formatSums(p.sums)
	h := &tar.Header{Typeflag: tar.TypeReg, Name: sumsName(p.name), Mode: 0o644, Size: int64(len(list)), ModTime: time.Now().Truncate(time.Second), Format: tar.FormatPAX}
	if err := p.tar.WriteHeader(h); err != nil {
		return err
	}
	if _, err := p.tar.Write(list); err != nil {
		return err
	}
	return p.tar.Close()
}
