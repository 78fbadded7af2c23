package dataset

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/gotrainer/trainer/pkg/npy"
)

// idxTypes are the element types of the idx format, by its code.
var idxTypes = map[byte]string{0x08: "u1", 0x09: "i1", 0x0b: "i2", 0x0c: "i4", 0x0d: "f4", 0x0e: "f8"}

// readIDXHeader reads the header of an idx file (MNIST's format) of size bytes: two
// zero bytes, a type, the rank, then the sizes, all numbers big-endian. The file
// must hold at least what the header says.
func readIDXHeader(r io.ReaderAt, size int64) (npy.Header, error) {
	h := npy.Header{}
	if size == 0 {
		return h, broken("the file is empty (0 bytes); expected an idx file")
	}
	var head [4]byte
	if n, err := r.ReadAt(head[:], 0); n < len(head) {
		return h, short(err, "the file has %d bytes, too few for an idx file; copy it again", size)
	}
	if head[0] != 0 || head[1] != 0 || idxTypes[head[2]] == "" {
		return h, broken("not an idx file: it begins with the bytes % x, expected 00 00 08 and the number of dimensions; for .npy files set data.source: npy", head)
	}
	rank := int(head[3])
	if rank < 1 || rank > 8 {
		return h, broken("the idx file claims %d dimensions, expected 1 to 8; it is damaged, copy it again", rank)
	}
	dims := make([]byte, 4*rank)
	if n, err := r.ReadAt(dims, 4); n < len(dims) {
		return h, short(err, "the file ends inside the idx header (%d bytes, the header needs %d); it was cut off, copy it again", size, 4+len(dims))
	}
	for i := range rank {
		h.Shape = append(h.Shape, int64(binary.BigEndian.Uint32(dims[4*i:])))
	}
	h.DType, h.DataOffset = idxTypes[head[2]], int64(4+len(dims))
	h.BigEndian = h.ItemSize() > 1
	return h, h.Check(size)
}

// broken is a user error that npy.Open completes with the file's name.
func broken(format string, args ...any) error {
	return &npy.Error{Msg: fmt.Sprintf(format, args...)}
}

// short is a sentence for a file that ended, the error itself for any other.
func short(err error, format string, args ...any) error {
	if err == nil || errors.Is(err, io.EOF) {
		return broken(format, args...)
	}
	return fmt.Errorf("read idx header: %w", err)
}

// idxSampleShape gives images their channel: a sample [h, w] is [1, h, w].
func idxSampleShape(shape []int64) []int64 {
	if len(shape) == 2 {
		return []int64{1, shape[0], shape[1]}
	}
	return shape
}
