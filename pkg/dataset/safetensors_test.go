package dataset_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gotrainer/trainer/pkg/dataset"
)

// tensorFile holds x, F16 [2,2], and y, I64 [2]; the type of x can be another of its size.
func tensorFile(dtype string) []byte {
	header := fmt.Sprintf(`{"x":{"dtype":%q,"shape":[2,2],"data_offsets":[0,8]},"y":{"dtype":"I64","shape":[2],"data_offsets":[8,24]}}`, dtype)
	out := append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...)
	for _, half := range []uint16{0x3c00, 0xc000, 0x3800, 0} { // 1, -2, 0.5, 0
		out = binary.LittleEndian.AppendUint16(out, half)
	}
	out = binary.LittleEndian.AppendUint64(out, 1)
	return binary.LittleEndian.AppendUint64(out, 0)
}

func TestTensorsOfASafetensorsFileAreReadByName(t *testing.T) {
	path := put(t, filepath.Join(t.TempDir(), "x.safetensors"), tensorFile("F16"))
	for _, mode := range []string{"true", "false"} {
		d := open(t, dataset.Spec{Source: "safetensors", Path: path, LabelArrays: []string{"y"}, Split: whole, InMemory: mode})
		if got := readAll(t, d.Train, 2); !slices.Equal(got, []float32{1, -2, 0.5, 0}) {
			t.Errorf("samples %v", got)
		}
		if got := readLabels(t, d.Train, 1); !slices.Equal(got, []float32{1, 0}) || d.Classes != 2 {
			t.Errorf("labels %v of %d classes", got, d.Classes)
		}
	}
	spec := dataset.Spec{Source: "safetensors", Path: path}
	openError(t, spec, path, "2 arrays that could be the samples", "it holds x, y")
	spec.Array = "z"
	openError(t, spec, path, `not exactly one array named "z"`)
	spec.Array = "x"
	put(t, path, bytes.Replace(tensorFile("BOOL"), []byte("BOOL"), []byte("I128"), 1))
	openError(t, spec, path)
	put(t, path, tensorFile("F16")[:150])
	openError(t, spec, path)
	put(t, path, nil)
	openError(t, spec, path, "0 bytes are no safetensors file")
}

func TestBfloat16OfPyTorchIsReadExactly(t *testing.T) {
	want := []float32{0, 0.10009765625, 0.2001953125, 0.30078125, 0.400390625, 0.5, 0.6015625, 0.69921875, 0.80078125, -1.0002555517425873e+30, 1.0078125, 3.390625}
	for _, mode := range []string{"true", "false"} {
		d := open(t, dataset.Spec{Source: "safetensors", Path: "testdata/bf16.safetensors", LabelArrays: []string{"y"}, Split: whole, InMemory: mode})
		if got := readAll(t, d.Train, 3); !slices.Equal(got, want) {
			t.Errorf("samples %v", got)
		}
	}
}
