package dataset

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/kshedden/gonpy"

	"github.com/gotrainer/trainer/pkg/npy"
)

// gonpyReads tells the arrays that gonpy can read: it knows neither float16,
// bfloat16 nor bool, and leaves the axes of Fortran order to its caller.
func gonpyReads(h npy.Header) bool {
	return !h.Fortran && !slices.Contains([]string{"f2", "b1", npy.BFloat16}, h.DType)
}

// readWithGonpy reads the array of a .npy file, gzip or not, whose header npy.Open
// has accepted. gonpy panics on hostile headers and believes their sizes, so it
// never sees the file's: it gets one of ours that says the same.
func readWithGonpy(path string, h npy.Header) ([]float32, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, mistake("%s: %v", path, reason(err))
	}
	defer file.Close()
	content := bufio.NewReader(file)
	data := io.Reader(content)
	if first, err := content.Peek(2); err == nil && bytes.Equal(first, []byte{0x1f, 0x8b}) {
		if data, err = gzip.NewReader(content); err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
	}
	if _, err := io.CopyN(io.Discard, data, h.DataOffset); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	r, err := gonpy.NewReader(io.MultiReader(bytes.NewReader(npy.EncodeHeader(h)), data))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	values, err := convert(r)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return values, nil
}

// convert gets the values in their own type and turns them into float32.
func convert(r *gonpy.NpyReader) ([]float32, error) {
	switch r.Dtype {
	case "f4":
		return r.GetFloat32()
	case "f8":
		return narrow(r.GetFloat64())
	case "i1":
		return narrow(r.GetInt8())
	case "i2":
		return narrow(r.GetInt16())
	case "i4":
		return narrow(r.GetInt32())
	case "i8":
		return narrow(r.GetInt64())
	case "u1":
		return narrow(r.GetUint8())
	case "u2":
		return narrow(r.GetUint16())
	case "u4":
		return narrow(r.GetUint32())
	case "u8":
		return narrow(r.GetUint64())
	}
	return nil, fmt.Errorf("labels of type %s", r.Dtype)
}

func narrow[T int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64 | float64](v []T, err error) ([]float32, error) {
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = float32(x)
	}
	return out, err
}
