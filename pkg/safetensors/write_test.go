package safetensors

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestWhatIsWrittenIsReadBack(t *testing.T) {
	tensors := []Named{
		{"bytes", Tensor{"U8", []int64{3}, []byte{1, 2, 3}}},
		{"scalar", Tensor{"I64", nil, []byte{7, 0, 0, 0, 0, 0, 0, 0}}},
		{"empty", Tensor{"F32", []int64{0, 4}, nil}},
		{"half", Tensor{"F16", []int64{1, 2}, []byte{0, 60, 0, 64}}},
	}
	metadata := map[string]string{"format": "pt", "a": "line\n\"quoted\" é"}
	var b bytes.Buffer
	if err := Write(&b, metadata, tensors); err != nil {
		t.Fatal(err)
	}
	f, err := read(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(f.Metadata, metadata) {
		t.Errorf("metadata %v", f.Metadata)
	}
	if got := f.Names(); !slices.Equal(got, []string{"scalar", "empty", "half", "bytes"}) {
		t.Errorf("names %v: elements of 8 bytes come first", got)
	}
	for _, want := range tensors {
		got, ok := f.Tensor(want.Name)
		if !ok || got.DType != want.DType || !slices.Equal(got.Shape, want.Shape) || !bytes.Equal(got.Data, want.Data) {
			t.Errorf("%s is %+v", want.Name, got)
		}
	}
	var again bytes.Buffer
	if Write(&again, metadata, tensors) != nil || !bytes.Equal(b.Bytes(), again.Bytes()) {
		t.Error("the same content is another file")
	}
}

func TestWriteRefusesWhatNoFileCanHold(t *testing.T) {
	one := Named{"a", Tensor{"F32", []int64{1}, make([]byte, 4)}}
	for want, tensors := range map[string][]Named{
		"needs 8 bytes, found 4": {{"a", Tensor{"F32", []int64{2}, make([]byte, 4)}}},
		"dtype \"F33\"":          {{"a", Tensor{"F33", []int64{1}, make([]byte, 4)}}},
		"stands twice":           {one, one},
		"__metadata__":           {{"__metadata__", one.Tensor}},
	} {
		var b bytes.Buffer
		if err := Write(&b, nil, tensors); err == nil || !strings.Contains(err.Error(), want) || b.Len() > 0 {
			t.Errorf("%s: %v, %d bytes written", want, err, b.Len())
		}
	}
}
