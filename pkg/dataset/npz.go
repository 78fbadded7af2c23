package dataset

import (
	"archive/zip"
	"io"
	"strings"

	"github.com/gotrainer/trainer/pkg/npy"
)

// headerReader finds an array in a file of size bytes.
type headerReader func(r io.ReaderAt, size int64) (npy.Header, error)

// npzHeader reads the header of one array of an .npz file, a zip archive of .npy files.
// Where name is empty, the archive must hold one array besides the one called other. The
// array lies in the file as it is, so that it is mapped like a .npy file.
func npzHeader(name, other string) headerReader {
	return func(r io.ReaderAt, size int64) (npy.Header, error) {
		archive, err := zip.NewReader(r, size)
		if err != nil {
			return npy.Header{}, broken("not an .npz file or cut off (%v); write it again with numpy.savez", err)
		}
		entry, err := npzEntry(archive.File, name, other)
		if err != nil {
			return npy.Header{}, err
		}
		if entry.Method != zip.Store {
			return npy.Header{}, broken("the array %q is compressed; write the file with numpy.savez in place of savez_compressed", arrayName(entry))
		}
		begin, err := entry.DataOffset()
		if err != nil {
			return npy.Header{}, broken("the array %q cannot be found in the .npz file (%v); write it again", arrayName(entry), err)
		}
		length := int64(min(entry.UncompressedSize64, uint64(max(size-begin, 0))))
		h, err := npy.ReadHeader(io.NewSectionReader(r, begin, length), length)
		if err != nil {
			return h, err
		}
		h.DataOffset += begin
		return h, h.Check(size)
	}
}

// npzEntry chooses the array.
func npzEntry(files []*zip.File, name, other string) (*zip.File, error) {
	var names []string
	var found []*zip.File
	for _, f := range files {
		names = append(names, arrayName(f))
		if arrayName(f) == name || name == "" && arrayName(f) != other {
			found = append(found, f)
		}
	}
	held := "it holds " + strings.Join(names[:min(len(names), 10)], ", ")
	switch {
	case len(files) == 0:
		return nil, broken("the .npz file holds no arrays")
	case name != "" && len(found) != 1:
		return nil, broken("the .npz file has %d arrays named %q, expected one; %s", len(found), name, held)
	case len(found) != 1:
		return nil, broken("the .npz file has %d arrays that could be the samples; name one in data.array, %s", len(found), held)
	}
	return found[0], nil
}

func arrayName(f *zip.File) string { return strings.TrimSuffix(f.Name, ".npy") }

// npzLabels reads data.label_array from the file of the samples.
func npzLabels(s Spec, path string) (*labelSet, error) {
	set, err := readLabels(s, path, func(r io.ReaderAt, size int64) (npy.Header, bool, error) {
		h, err := npzHeader(s.LabelArray, "")(r, size)
		if err == nil {
			err = labelsShape(h)
		}
		return h, false, err
	})
	if err != nil {
		return nil, err
	}
	set.digest += " " + s.LabelArray
	return set, nil
}
