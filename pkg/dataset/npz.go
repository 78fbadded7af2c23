package dataset

import (
	"archive/zip"
	"io"
	"strings"

	"github.com/gotrainer/trainer/pkg/npy"
)

// npzHeader reads the header of one array of an .npz file, a zip archive of .npy files.
// Where name is empty, the archive must hold one array besides those called others. The
// array lies in the file as it is, so that it is mapped like a .npy file.
func npzHeader(name string, others []string) headerReader {
	return func(r io.ReaderAt, size int64) (npy.Header, error) {
		archive, err := zip.NewReader(r, size)
		if err != nil {
			return npy.Header{}, broken("not an .npz file or cut off (%v); write it again with numpy.savez", err)
		}
		var names []string
		for _, f := range archive.File {
			names = append(names, arrayName(f))
		}
		i, err := chooseArray(names, name, others)
		if err != nil {
			return npy.Header{}, err
		}
		entry := archive.File[i]
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

func arrayName(f *zip.File) string { return strings.TrimSuffix(f.Name, ".npy") }
