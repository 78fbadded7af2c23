// Package safetensors reads the safetensors format: a length, a JSON header that names
// dtype, shape and byte range of each tensor, and the bytes.
//
// It promises that nothing is allocated before it was checked against the size of the
// file, and that a file is refused unless its ranges fit dtype and shape and cover the
// data without holes or overlaps, as the format demands.
package safetensors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
)

// maxHeader is the format's own limit.
const maxHeader = 100_000_000

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
	r, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	info, err := r.Stat()
	if err != nil {
		return nil, err
	}
	f, err := Read(r, info.Size())
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return f, nil
}

// Read reads a file of the given size.
func Read(r io.ReaderAt, size int64) (*File, error) {
	var length [8]byte
	if size < 8 {
		return nil, fmt.Errorf("%d bytes are no safetensors file", size)
	}
	if _, err := r.ReadAt(length[:], 0); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint64(length[:])
	if n > maxHeader || n > uint64(size-8) {
		return nil, fmt.Errorf("the header has %d bytes, the file %d: it is cut or no safetensors file", n, size)
	}
	header := make([]byte, n)
	if _, err := r.ReadAt(header, 8); err != nil {
		return nil, err
	}
	f, entries, err := parse(header)
	if err != nil {
		return nil, err
	}
	begin := 8 + int64(n)
	if err := check(entries, size-begin); err != nil {
		return nil, err
	}
	for _, e := range entries {
		data := make([]byte, e.Offsets[1]-e.Offsets[0])
		if _, err := r.ReadAt(data, begin+e.Offsets[0]); err != nil {
			return nil, fmt.Errorf("tensor %s: %w", e.name, err)
		}
		f.names = append(f.names, e.name)
		f.tensors[e.name] = Tensor{e.DType, e.Shape, data}
	}
	return f, nil
}

type entry struct {
	name    string
	DType   string   `json:"dtype"`
	Shape   []int64  `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"`
}

// parse reads the header; its keys must be unique.
func parse(header []byte) (*File, []entry, error) {
	f := &File{tensors: map[string]Tensor{}}
	if len(header) == 0 || header[0] != '{' {
		return nil, nil, errors.New("the header is no JSON object")
	}
	d := json.NewDecoder(bytes.NewReader(header))
	d.DisallowUnknownFields()
	if _, err := d.Token(); err != nil {
		return nil, nil, fmt.Errorf("the header is no JSON: %w", err)
	}
	var entries []entry
	seen := map[string]bool{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return nil, nil, fmt.Errorf("the header is no JSON: %w", err)
		}
		name := token.(string) // a key of an object always is one
		if seen[name] {
			return nil, nil, fmt.Errorf("tensor %s stands twice in the header", name)
		}
		seen[name] = true
		if name == "__metadata__" {
			err = d.Decode(&f.Metadata)
		} else {
			e := entry{name: name}
			err = d.Decode(&e)
			entries = append(entries, e)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("the header's entry %s: %w", name, err)
		}
	}
	if _, err := d.Token(); err != nil {
		return nil, nil, fmt.Errorf("the header is no JSON: %w", err)
	}
	if rest := header[d.InputOffset():]; strings.Trim(string(rest), " ") != "" {
		return nil, nil, errors.New("the header goes on after its JSON object")
	}
	return f, entries, nil
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
			return fmt.Errorf("tensor %s: %w", e.name, err)
		case begin != at || end < begin || end > size:
			return fmt.Errorf("tensor %s lies at %d to %d, expected it to begin at %d and end within %d", e.name, begin, end, at, size)
		case end-begin != want:
			return fmt.Errorf("tensor %s has %d bytes, %s %v needs %d", e.name, end-begin, e.DType, e.Shape, want)
		}
		at = e.Offsets[1]
	}
	if at != size {
		return fmt.Errorf("the tensors have %d bytes, the file %d", at, size)
	}
	return nil
}

var sizes = map[string]int64{
	"BOOL": 1, "U8": 1, "I8": 1, "I16": 2, "U16": 2, "F16": 2, "BF16": 2,
	"I32": 4, "U32": 4, "F32": 4, "I64": 8, "U64": 8, "F64": 8,
}

// bytes is what dtype and shape need.
func (e entry) bytes() (int64, error) {
	n, ok := sizes[e.DType]
	if !ok {
		return 0, fmt.Errorf("dtype %q is not known", e.DType)
	}
	for _, s := range e.Shape {
		if s < 0 || s > 0 && n > math.MaxInt64/s {
			return 0, fmt.Errorf("shape %v is impossible", e.Shape)
		}
		n *= s
	}
	return n, nil
}
