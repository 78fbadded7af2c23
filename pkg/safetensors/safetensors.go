// Package safetensors reads and writes the safetensors format: a length, a JSON header that names
// dtype, shape and byte range of each tensor, and the bytes.
//
// It promises that nothing is allocated before it was checked against the size of the
// file, and that a file is refused unless its ranges fit dtype and shape and cover the
// data without holes or overlaps, as the format demands. Its names and keys must be
// unique. What is wrong with a file is an *Error, the user's to mend.
package safetensors

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
)

// maxHeader is the format's own limit.
const maxHeader = 100_000_000

const maxRank = 64

// Tensor is one array; Data is little endian in C order.
type Tensor struct {
	DType string // "F32", "F64", "I64", …
	Shape []int64
	Data  []byte
}

// File is all that a safetensors file holds.
type File struct {
	names    []string // by position in the data
	tensors  map[string]Tensor
	Metadata map[string]string
}

// Names lists the tensors in the order of their data.
func (f *File) Names() []string { return f.names }

// Tensor answers the named tensor.
func (f *File) Tensor(name string) (Tensor, bool) {
	t, ok := f.tensors[name]
	return t, ok
}

// Open reads the file at path.
func Open(path string) (*File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, &Error{path, reason(err)}
	}
	if !info.Mode().IsRegular() {
		return nil, &Error{path, "not a regular file, expected a safetensors file"}
	}
	r, err := os.Open(path)
	if err != nil {
		return nil, &Error{path, reason(err)}
	}
	defer r.Close()
	if info, err = r.Stat(); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	f, err := Read(r, info.Size())
	var broken *Error
	switch {
	case errors.As(err, &broken):
		broken.Path = path
		return nil, broken
	case err != nil:
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return f, nil
}

// Sniff tells by its first bytes whether a file may be a safetensors file: they are the
// length of a header that fits, and the brace that opens it.
func Sniff(head []byte, size int64) bool {
	if len(head) < 9 || head[8] != '{' {
		return false
	}
	n := binary.LittleEndian.Uint64(head)
	return n <= maxHeader && n <= uint64(size-8)
}

// Read reads a file of the given size. The data of its tensors are in memory once.
func Read(r io.ReaderAt, size int64) (*File, error) {
	f, entries, begin, err := index(r, size)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		data := make([]byte, e.Offsets[1]-e.Offsets[0])
		if err := readAt(r, data, begin+e.Offsets[0]); err != nil {
			return nil, fmt.Errorf("tensor %s: %w", short(e.name), err)
		}
		f.names = append(f.names, e.name)
		f.tensors[e.name] = Tensor{e.DType, e.Shape, data}
	}
	return f, nil
}

// Place says what a tensor is and at which byte of the file its data begin.
type Place struct {
	Name, DType string
	Shape       []int64
	Offset      int64
}

// ReadHeader reads and checks what Read does, the data excepted: the tensors in the order
// of their data.
func ReadHeader(r io.ReaderAt, size int64) ([]Place, error) {
	_, entries, begin, err := index(r, size)
	if err != nil {
		return nil, err
	}
	places := make([]Place, len(entries))
	for i, e := range entries {
		places[i] = Place{e.name, e.DType, e.Shape, begin + e.Offsets[0]}
	}
	return places, nil
}

// index reads the header; the data begin at begin.
func index(r io.ReaderAt, size int64) (f *File, entries []entry, begin int64, err error) {
	var length [8]byte
	if size < 8 {
		return nil, nil, 0, bad("%d bytes are no safetensors file", size)
	}
	if err := readAt(r, length[:], 0); err != nil {
		return nil, nil, 0, err
	}
	n := binary.LittleEndian.Uint64(length[:])
	if n > maxHeader || n > uint64(size-8) {
		return nil, nil, 0, bad("the header has %d bytes, the file %d: it is cut or no safetensors file", n, size)
	}
	header := make([]byte, n)
	if err := readAt(r, header, 8); err != nil {
		return nil, nil, 0, err
	}
	f, entries, err = parse(header)
	if err != nil {
		return nil, nil, 0, err
	}
	begin = 8 + int64(n)
	if err := check(entries, size-begin); err != nil {
		return nil, nil, 0, err
	}
	return f, entries, begin, nil
}

// check sorts the entries by place and holds that they fill the data exactly.
func check(entries []entry, size int64) error {
	slices.SortStableFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.Offsets[0], b.Offsets[0]), cmp.Compare(a.Offsets[1], b.Offsets[1]))
	})
	at := int64(0)
	for _, e := range entries {
		want, err := e.bytes()
		switch begin, end := e.Offsets[0], e.Offsets[1]; {
		case err != nil:
			return bad("tensor %s: %v", short(e.name), err)
		case begin != at || end < begin || end > size:
			return bad("tensor %s lies at %d to %d, expected it to begin at %d and end within %d", short(e.name), begin, end, at, size)
		case end-begin != want:
			return bad("tensor %s has %d bytes, %s %v needs %d", short(e.name), end-begin, e.DType, e.Shape, want)
		}
		at = e.Offsets[1]
	}
	if at != size {
		return bad("the tensors have %d bytes, the file %d", at, size)
	}
	return nil
}

var sizes = map[string]int64{
	"BOOL": 1, "U8": 1, "I8": 1, "I16": 2, "U16": 2, "F16": 2, "BF16": 2,
	"F8_E5M2": 1, "F8_E4M3": 1, "F8_E8M0": 1, "C64": 8,
	"I32": 4, "U32": 4, "F32": 4, "I64": 8, "U64": 8, "F64": 8,
}

// bytes is what dtype and shape need.
func (e entry) bytes() (int64, error) {
	n, ok := sizes[e.DType]
	if !ok {
		return 0, fmt.Errorf("dtype %s is not known", quoted(e.DType))
	}
	if len(e.Shape) > maxRank {
		return 0, fmt.Errorf("it has %d dimensions, at most %d are read", len(e.Shape), maxRank)
	}
	for _, s := range e.Shape {
		if s < 0 || s > 0 && n > math.MaxInt64/s {
			return 0, fmt.Errorf("shape %v is impossible", e.Shape)
		}
		n *= s
	}
	return n, nil
}
