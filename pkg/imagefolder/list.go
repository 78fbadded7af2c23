// Package imagefolder reads folders of pictures: which there are, of what class each is,
// and their pixels at one size.
//
// A folder holds either pictures, which then have no class, or a folder for each class,
// with pictures in it at any depth. Classes are numbered in the order of their names.
// Names that begin with a dot are passed over.
package imagefolder

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// File is one picture.
type File struct {
	Name    string // below the folder
	Size    int64
	ModTime int64 // nanoseconds
	Class   int   // of Listing.Classes; 0 without classes
}

// Listing is what a folder holds, in the order of classes and names.
type Listing struct {
	Root    string
	Files   []File
	Classes []string // names; nil where the pictures have no class
}

// Error is what is wrong with a folder or a picture, in one sentence that names it.
type Error struct{ Msg string }

func (e *Error) Error() string { return e.Msg }

// UserError is true: the folder is to be mended.
func (e *Error) UserError() bool { return true }

func bad(format string, args ...any) error { return &Error{Msg: fmt.Sprintf(format, args...)} }

// read and unread are the endings of names of pictures that can be read, and of those that
// cannot: to pass over them would train on less than the user believes.
var (
	read   = []string{".png", ".jpg", ".jpeg", ".webp"}
	unread = []string{".gif", ".bmp", ".tif", ".tiff", ".heic", ".avif", ".jp2", ".ppm"}
)

const maxDepth = 32 // of folders: a link to a folder above it has no end

// List looks through a folder. It opens no picture.
func List(root string) (*Listing, error) {
	l := &Listing{Root: root}
	entries, err := list(root)
	if err != nil {
		return nil, err
	}
	var folders []string
	for _, e := range entries {
		if e.IsDir() {
			folders = append(folders, e.Name())
		} else if err := l.add(e.Name(), e, 0); err != nil {
			return nil, err
		}
	}
	loose := len(l.Files)
	for _, name := range folders {
		before := len(l.Files)
		if err := l.walk(name, len(l.Classes), 1); err != nil {
			return nil, err
		}
		switch {
		case loose > 0 && len(l.Files) > before:
			return nil, bad("%s holds pictures (%s) and folders of pictures (%s); expected either a folder for each class, or pictures alone", root, l.Files[0].Name, name)
		case loose == 0 && len(l.Files) == before:
			return nil, bad("%s holds no pictures, so its class has no samples; remove it, or put PNG, JPEG or WebP files into it", filepath.Join(root, name))
		}
		l.Classes = append(l.Classes, name)
	}
	if loose > 0 {
		l.Classes = nil
	}
	if len(l.Files) == 0 {
		return nil, bad("%s holds no pictures; expected PNG, JPEG or WebP files, or a folder of them for each class", root)
	}
	return l, nil
}

// walk adds the pictures of a class's folder.
func (l *Listing) walk(dir string, class, depth int) error {
	if depth > maxDepth {
		return bad("%s lies more than %d folders deep; a link in it may lead back to a folder above", filepath.Join(l.Root, dir), maxDepth)
	}
	entries, err := list(filepath.Join(l.Root, dir))
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := filepath.Join(dir, e.Name())
		if e.IsDir() {
			err = l.walk(name, class, depth+1)
		} else {
			err = l.add(name, e, class)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (l *Listing) add(name string, info fs.FileInfo, class int) error {
	ending := strings.ToLower(filepath.Ext(name))
	switch {
	case slices.Contains(unread, ending):
		return bad("%s: pictures of this kind are not read; convert it to PNG, JPEG or WebP, or move it away", filepath.Join(l.Root, name))
	case slices.Contains(read, ending):
		l.Files = append(l.Files, File{Name: filepath.ToSlash(name), Size: info.Size(), ModTime: info.ModTime().UnixNano(), Class: class})
	}
	return nil
}

// list are the entries of a folder in the order of their names, links followed.
func list(dir string) ([]fs.FileInfo, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, bad("%s cannot be listed: %v; expected a folder of pictures", dir, reason(err))
	}
	var out []fs.FileInfo
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		info, err := os.Stat(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, bad("%s cannot be read: %v; restore it or remove it", filepath.Join(dir, e.Name()), reason(err))
		}
		out = append(out, named{info, e.Name()})
	}
	return out, nil
}

// named has the name of a link, and not that of what it leads to.
type named struct {
	fs.FileInfo
	name string
}

func (n named) Name() string { return n.name }

func reason(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// Key is the SHA-256 of names, sizes and times: it differs where a picture was added,
// removed or written.
func (l *Listing) Key() string {
	return l.hash(func(f File) string { return fmt.Sprintf("%q %d %d\n", f.Name, f.Size, f.ModTime) })
}

// Digest is the SHA-256 of names and sizes, which a copy of the folder has too.
func (l *Listing) Digest() string {
	return l.hash(func(f File) string { return fmt.Sprintf("%q %d\n", f.Name, f.Size) })
}

func (l *Listing) hash(line func(File) string) string {
	h := sha256.New()
	for _, f := range l.Files {
		h.Write([]byte(line(f)))
	}
	return hex.EncodeToString(h.Sum(nil))
}
