package npy

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/gotrainer/trainer/pkg/atomicfile"
)

// Writer writes one array row by row, in C order. The file appears under its name
// only in Close; until then, and after Abort, nothing of it is seen.
type Writer struct {
	file    *atomicfile.File
	header  Header
	want    int64 // bytes of data that the header promises
	got     int64
	scratch []byte
}

// Create starts the file path with elements of a type that is written
// little-endian (see Header.DType) and a shape that is known beforehand. Every
// Writer must end with Close or Abort; `defer w.Abort()` is always right.
func Create(path, dtype string, shape []int64) (*Writer, error) {
	h := Header{DType: dtype, Shape: slices.Clone(shape)}
	text := headerBytes(h)
	h.DataOffset = int64(len(text))
	if err := h.Check(math.MaxInt64); err != nil {
		return nil, at(path, err)
	}
	file, err := atomicfile.Create(path)
	if err != nil {
		return nil, err
	}
	if _, err := file.Write(text); err != nil {
		file.Abort()
		return nil, err
	}
	return &Writer{file: file, header: h, want: h.Bytes()}, nil
}

// Write appends raw little-endian elements.
func (w *Writer) Write(raw []byte) (int, error) {
	if int64(len(raw)) > w.want-w.got {
		return 0, w.mismatch(w.got + int64(len(raw)))
	}
	n, err := w.file.Write(raw)
	w.got += int64(n)
	return n, err
}

// WriteFloat32s appends values to an array of dtype f4, f8 or f2. A finite value
// that float16 cannot hold (beyond 65504) is a user error.
func (w *Writer) WriteFloat32s(v []float32) error {
	var err error
	switch w.header.DType {
	case "f4":
		if littleHost {
			_, err = w.Write(asBytes(v))
			return err
		}
		return chunks(w, v, 4, func(dst []byte, x float32) error {
			binary.LittleEndian.PutUint32(dst, math.Float32bits(x))
			return nil
		})
	case "f8":
		return chunks(w, v, 8, func(dst []byte, x float32) error {
			binary.LittleEndian.PutUint64(dst, math.Float64bits(float64(x)))
			return nil
		})
	case "f2":
		return chunks(w, v, 2, func(dst []byte, x float32) error {
			h := Float32To16(x)
			if h&0x7fff == 0x7c00 && !math.IsInf(float64(x), 0) {
				return &Error{Path: w.file.Path(), Msg: fmt.Sprintf("the value %g does not fit in float16 (at most 65504); choose float32", x)}
			}
			binary.LittleEndian.PutUint16(dst, h)
			return nil
		})
	}
	return &Error{Path: w.file.Path(), Msg: "float32 values cannot be written to an array of " + TypeName(w.header.DType)}
}

// WriteInt64s appends values to an array of dtype i8.
func (w *Writer) WriteInt64s(v []int64) error {
	if w.header.DType != "i8" {
		return &Error{Path: w.file.Path(), Msg: "int64 values cannot be written to an array of " + TypeName(w.header.DType)}
	}
	return chunks(w, v, 8, func(dst []byte, x int64) error {
		binary.LittleEndian.PutUint64(dst, uint64(x))
		return nil
	})
}

// chunks converts v a piece at a time, so that memory stays small.
func chunks[T any](w *Writer, v []T, size int, put func(dst []byte, x T) error) error {
	const piece = 1 << 16
	if w.scratch == nil {
		w.scratch = make([]byte, piece*size)
	}
	for len(v) > 0 {
		n := min(len(v), piece)
		for i, x := range v[:n] {
			if err := put(w.scratch[i*size:], x); err != nil {
				return err
			}
		}
		if _, err := w.Write(w.scratch[:n*size]); err != nil {
			return err
		}
		v = v[n:]
	}
	return nil
}

// Close makes the file durable and gives it its name. With fewer bytes than the
// shape promises it is an error, and nothing is left.
func (w *Writer) Close() error {
	defer w.file.Abort()
	if w.got != w.want {
		return w.mismatch(w.got)
	}
	return w.file.Commit()
}

// Abort gives up: the temporary file is removed. After Close it does nothing.
func (w *Writer) Abort() { w.file.Abort() }

func (w *Writer) mismatch(got int64) error {
	return fmt.Errorf("write %s: %d bytes of data for an array %v, which has %d", w.file.Path(), got, w.header, w.want)
}

// EncodeHeader is everything before the data of an array in C order, byte for byte
// as numpy writes it: room for the first axis to grow, then spaces up to a
// multiple of 64. Fortran and DataOffset are not read.
func EncodeHeader(h Header) []byte { return headerBytes(h) }

func headerBytes(h Header) []byte {
	order := "<"
	switch {
	case h.ItemSize() == 1:
		order = "|"
	case h.BigEndian:
		order = ">"
	}
	dims := make([]string, len(h.Shape))
	for i, d := range h.Shape {
		dims[i] = strconv.FormatInt(d, 10)
	}
	shape := strings.Join(dims, ", ")
	if len(dims) == 1 {
		shape += ","
	}
	text := fmt.Sprintf("{'descr': '%s%s', 'fortran_order': False, 'shape': (%s), }", order, h.DType, shape)
	if len(dims) > 0 {
		text += strings.Repeat(" ", max(21-len(dims[0]), 0))
	}
	const fixed = len(magic) + 2 + 2 // magic, version 1.0, length
	pad := 64 - (fixed+len(text)+1)%64
	text += strings.Repeat(" ", pad) + "\n"
	out := append([]byte(magic), 1, 0)
	out = binary.LittleEndian.AppendUint16(out, uint16(len(text)))
	return append(out, text...)
}
