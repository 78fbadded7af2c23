package npy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/bits"
)

// magic are the first bytes of every .npy file; two version bytes follow.
const magic = "\x93NUMPY"

const (
	maxHeader = 1 << 16 // bytes of header text; numpy itself stops at 10,000
	maxRank   = 32
)

// Header describes an array in a file.
type Header struct {
	DType      string  // kind and bytes: f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 u8 b1
	Fortran    bool    // first axis fastest
	Shape      []int64 // empty for a single number
	DataOffset int64   // where the elements begin, bytes from the start of the file
	BigEndian  bool    // always false for one-byte types
}

// Count is the number of elements.
func (h Header) Count() int64 {
	n, _ := product(h.Shape)
	return n
}

// ItemSize is the number of bytes of one element.
func (h Header) ItemSize() int64 { return itemSize(h.DType) }

// Bytes is the size of all elements.
func (h Header) Bytes() int64 { return h.Count() * h.ItemSize() }

// String is for messages: `float32 [100 64]`.
func (h Header) String() string { return fmt.Sprintf("%s %v", TypeName(h.DType), h.Shape) }

// ReadHeader reads the header of a .npy file of size bytes. It allocates at most
// 64 KiB, accepts format versions 1 to 3, and answers with a user error where the
// file is not a .npy file, holds elements that are not plain numbers, or is
// shorter than its header says. Bytes after the array are ignored, as numpy does.
func ReadHeader(r io.ReaderAt, size int64) (Header, error) {
	text, offset, err := headerText(r, size)
	if err != nil {
		return Header{}, err
	}
	h, err := parseHeader(text)
	if err != nil {
		return Header{}, err
	}
	h.DataOffset = offset
	if err := h.Check(size); err != nil {
		return Header{}, err
	}
	return h, nil
}

// Check says whether the header is possible in a file of size bytes: a known
// type, no overflow, and no more data than the file has.
func (h Header) Check(size int64) error {
	if h.ItemSize() == 0 {
		return bad("unknown element type %q", h.DType)
	}
	if len(h.Shape) > maxRank {
		return bad("the array has %d dimensions; at most %d are supported", len(h.Shape), maxRank)
	}
	n, ok := product(h.Shape)
	if !ok || n > (math.MaxInt64-h.DataOffset)/h.ItemSize() {
		return bad("the shape %v is larger than any file can be; the header is damaged, write the file again", h.Shape)
	}
	if have := size - h.DataOffset; h.Bytes() > have {
		return bad("the header promises %v, %d bytes of data, but the file holds %d; it was cut off or is still being written, copy or write it again",
			h, h.Bytes(), max(have, 0))
	}
	return nil
}

// product multiplies the dimensions; false when one is negative or the result
// does not fit.
func product(shape []int64) (int64, bool) {
	n, zero := uint64(1), false
	for _, d := range shape {
		if d < 0 {
			return 0, false
		}
		if d == 0 {
			zero = true
			continue
		}
		hi, lo := bits.Mul64(n, uint64(d))
		if hi != 0 || lo > math.MaxInt64 {
			return 0, false
		}
		n = lo
	}
	if zero {
		return 0, true
	}
	return int64(n), true
}

// headerText finds the dictionary and where the data begin.
func headerText(r io.ReaderAt, size int64) (text []byte, offset int64, err error) {
	if size == 0 {
		return nil, 0, bad("the file is empty (0 bytes); expected a .npy file, write it with numpy.save")
	}
	var head [12]byte
	n, err := readAt(r, head[:], 0, size)
	if err != nil {
		return nil, 0, err
	}
	if err := checkMagic(head[:n]); err != nil {
		return nil, 0, err
	}
	if n < len(head) {
		return nil, 0, bad("the file ends inside the .npy header (%d bytes); it was cut off, copy or write it again", size)
	}
	length, start := int64(binary.LittleEndian.Uint16(head[8:])), int64(10)
	if head[6] > 1 {
		length, start = int64(binary.LittleEndian.Uint32(head[8:])), 12
	}
	if length > maxHeader {
		return nil, 0, bad("the .npy header claims to be %d bytes long, at most %d are accepted; the file is damaged, write it again", length, maxHeader)
	}
	text = make([]byte, length)
	if n, err = readAt(r, text, start, size); err != nil {
		return nil, 0, err
	}
	if int64(n) < length {
		return nil, 0, bad("the file ends inside the .npy header (%d bytes, the header needs %d); it was cut off, copy or write it again", size, start+length)
	}
	return text, start + length, nil
}

// readAt fills p as far as the file goes.
func readAt(r io.ReaderAt, p []byte, off, size int64) (int, error) {
	if left := size - off; int64(len(p)) > left {
		p = p[:max(left, 0)]
	}
	n, err := r.ReadAt(p, off)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

func checkMagic(head []byte) error {
	if len(head) < 8 || string(head[:6]) != magic {
		what := fmt.Sprintf("begins with the bytes % x", head[:min(len(head), 6)])
		if len(head) > 4 && string(head[:4]) == "PK\x03\x04" {
			what = "is a zip archive, perhaps an .npz"
		}
		return bad("not a .npy file: it %s, expected % x; write the array with numpy.save", what, magic)
	}
	if v := head[6]; v < 1 || v > 3 || head[7] != 0 {
		return bad("the .npy format version is %d.%d; versions 1.0, 2.0 and 3.0 are known, write the file again with numpy.save", v, head[7])
	}
	return nil
}
