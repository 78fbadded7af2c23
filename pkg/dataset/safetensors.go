package dataset

import (
	"errors"
	"io"

	"github.com/gotrainer/trainer/pkg/npy"
	"github.com/gotrainer/trainer/pkg/safetensors"
)

// tensorTypes are the element types of safetensors that arrays can have.
var tensorTypes = map[string]string{
	"F16": "f2", "BF16": npy.BFloat16, "F32": "f4", "F64": "f8", "BOOL": "b1",
	"I8": "i1", "I16": "i2", "I32": "i4", "I64": "i8",
	"U8": "u1", "U16": "u2", "U32": "u4", "U64": "u8",
}

// safetensorsHeader describes one tensor of a safetensors file, chosen as npzHeader
// does. It reads no data: the tensor is mapped like a .npy file.
func safetensorsHeader(name string, others []string) headerReader {
	return func(r io.ReaderAt, size int64) (npy.Header, error) {
		places, err := safetensors.ReadHeader(r, size)
		var wrong *safetensors.Error
		if errors.As(err, &wrong) {
			return npy.Header{}, broken("%v", wrong)
		} else if err != nil {
			return npy.Header{}, err
		}
		var names []string
		for _, p := range places {
			names = append(names, p.Name)
		}
		i, err := chooseArray(names, name, others)
		if err != nil {
			return npy.Header{}, err
		}
		h := npy.Header{DType: tensorTypes[places[i].DType], Shape: places[i].Shape, DataOffset: places[i].Offset}
		if h.DType == "" {
			return h, broken("the tensor %q is %s; save it as F32, F16 or BF16 (in PyTorch: x.float())", names[i], places[i].DType)
		}
		return h, h.Check(size)
	}
}
