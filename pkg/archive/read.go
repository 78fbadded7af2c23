package archive

import (
	"archive/tar"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Contents is what an archive holds.
type Contents struct {
	Name  string // of the folder
	Files int    // regular files, further names of one included
	Bytes int64  // of their content
}

// Verify reads a whole archive and checks every file in it against the list of
// checksums. progress is told how many bytes of content are read. What is damaged or was
// not made by Pack is an *Error that names the file.
func Verify(file string, progress func(bytes int64)) (Contents, error) {
	return read(file, nothing{}, progress)
}

// sink takes what is read.
type sink interface {
	dir(rel string, h *tar.Header) error
	file(rel string, h *tar.Header, content io.Reader) error
	link(rel, to string, h *tar.Header) error    // another name of a file that came before
	symlink(rel, to string, h *tar.Header) error // to something in the folder
}

// nothing is a sink that keeps nothing.
type nothing struct{}

func (nothing) dir(string, *tar.Header) error             { return nil }
func (nothing) link(string, string, *tar.Header) error    { return nil }
func (nothing) symlink(string, string, *tar.Header) error { return nil }
func (nothing) file(_ string, _ *tar.Header, content io.Reader) error {
	_, err := io.Copy(io.Discard, content)
	return err
}

// reader walks an archive.
type reader struct {
	path     string // the archive
	tar      *tar.Reader
	to       sink
	progress func(int64)
	found    Contents
	sums     map[string][32]byte // of the files that were read
	seen     map[string]bool     // every member
	member   string              // the one being read
	listed   bool                // the list of checksums was read
}

// read checks an archive while a sink takes what is in it.
func read(file string, to sink, progress func(int64)) (Contents, error) {
	f, err := os.Open(file)
	if err != nil {
		return Contents{}, unreadable(file, err)
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return Contents{}, bad(file, "is not a file, expected an archive (.tar.zst or .tar.gz)")
	}
	z, closeZ, err := decompressor(f)
	if err != nil {
		return Contents{}, bad(file, "is neither zstd nor gzip, expected an archive of `trainer archive`")
	}
	defer closeZ()
	r := &reader{path: file, tar: tar.NewReader(z), to: to, progress: progress, sums: map[string][32]byte{}, seen: map[string]bool{}}
	for {
		h, err := r.tar.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return r.found, damaged(file, r.after(), err)
		}
		if err := r.entry(h); err != nil {
			return r.found, err
		}
	}
	if _, err := io.Copy(io.Discard, z); err != nil { // its own checksum comes last
		return r.found, damaged(file, "its end", err)
	}
	if !r.listed {
		return r.found, bad(file, "damaged, or not made by `trainer archive`: its list of checksums is missing; `tar -xf` unpacks what is there")
	}
	return r.found, nil
}

// after names where a header could not be read.
func (r *reader) after() string {
	if r.member == "" {
		return ""
	}
	return "what follows " + r.member
}

// entry checks one member and hands it on.
func (r *reader) entry(h *tar.Header) error {
	r.member = strings.TrimSuffix(h.Name, "/")
	if r.found.Name == "" {
		return r.first(h)
	}
	if r.listed {
		return r.refuse("stands behind the list of checksums")
	}
	if h.Name == sumsName(r.found.Name) && h.Typeflag == tar.TypeReg {
		return r.list(h)
	}
	rel, ok := r.relative(r.member)
	if !ok {
		return r.refuse("lies outside the folder %s", r.found.Name)
	}
	if r.seen[rel] {
		return r.refuse("comes twice")
	}
	r.seen[rel] = true
	if parent := path.Dir(rel); parent != "." && !r.seen[parent] {
		return r.refuse("comes before its folder")
	}
	switch h.Typeflag {
	case tar.TypeDir:
		return r.to.dir(rel, h)
	case tar.TypeReg:
		return r.file(rel, h)
	case tar.TypeLink:
		return r.hardLink(rel, h)
	case tar.TypeSymlink:
		if !inside(rel, h.Linkname) {
			return r.refuse("is a symbolic link out of the folder, to %s", h.Linkname)
		}
		return r.to.symlink(rel, h.Linkname, h)
	}
	return r.refuse("is neither a file nor a folder nor a link")
}

// first takes the folder itself.
func (r *reader) first(h *tar.Header) error {
	if h.Typeflag != tar.TypeDir || r.member == "" || strings.ContainsAny(r.member, `/\`) || !filepath.IsLocal(r.member) || r.member == "." {
		return bad(r.path, "was not made by `trainer archive`: it begins with %q, not with a folder; `tar -xf` unpacks it", h.Name)
	}
	r.found.Name = r.member
	return r.to.dir(".", h)
}

// relative is the path of a member below the folder.
func (r *reader) relative(member string) (string, bool) {
	rel, ok := strings.CutPrefix(member, r.found.Name+"/")
	return rel, ok && filepath.IsLocal(rel) && path.Clean(rel) == rel && rel != "." && !strings.Contains(rel, "\x00")
}

func (r *reader) refuse(format string, args ...any) error {
	return bad(r.path, "is not restored: %s %s", r.member, fmt.Sprintf(format, args...))
}

func (r *reader) file(rel string, h *tar.Header) error {
	hash := sha256.New()
	content := &source{r: r, from: io.TeeReader(r.tar, hash)}
	err := r.to.file(rel, h, content)
	if content.err != nil {
		return damaged(r.path, r.member, content.err)
	}
	if err != nil {
		return err
	}
	r.sums[r.member] = [32]byte(hash.Sum(nil))
	r.found.Files++
	return nil
}

// source is a member's content; it remembers errors of the archive, and counts.
type source struct {
	r    *reader
	from io.Reader
	err  error
}

func (s *source) Read(b []byte) (int, error) {
	n, err := s.from.Read(b)
	s.r.found.Bytes += int64(n)
	s.r.progress(s.r.found.Bytes)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

func (r *reader) hardLink(rel string, h *tar.Header) error {
	to, ok := r.relative(h.Linkname)
	if _, known := r.sums[h.Linkname]; !ok || !known {
		return r.refuse("is a link to %s, which is no file before it", h.Linkname)
	}
	r.found.Files++
	return r.to.link(rel, to, h)
}

// list compares the list of checksums with what was read.
func (r *reader) list(h *tar.Header) error {
	if h.Size > maxSums {
		return bad(r.path, "its list of checksums has %d bytes, more than any run needs", h.Size)
	}
	text, err := io.ReadAll(r.tar)
	if err != nil {
		return damaged(r.path, r.member, err)
	}
	want, err := parseSums(string(text))
	if err != nil {
		return damaged(r.path, r.member, err)
	}
	for _, name := range sortedKeys(r.sums) {
		switch sum, known := want[name]; {
		case !known:
			return damaged(r.path, name, errors.New("it is not in the list of checksums"))
		case sum != r.sums[name]:
			return damaged(r.path, name, errors.New("its content is not what the list of checksums says"))
		}
	}
	for _, name := range sortedKeys(want) {
		if _, known := r.sums[name]; !known {
			return damaged(r.path, name, errors.New("it is missing"))
		}
	}
	r.listed = true
	return nil
}
