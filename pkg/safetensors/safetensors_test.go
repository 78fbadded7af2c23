package safetensors

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"
)

// pack makes a file of a header and data.
func pack(header string, data ...byte) []byte {
	file := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(file, header...), data...)
}

func read(file []byte) (*File, error) { return Read(bytes.NewReader(file), int64(len(file))) }

func TestTensorsComeInTheOrderOfTheirData(t *testing.T) {
	f, err := read(pack(`{"__metadata__":{"format":"pt"},"b":{"dtype":"U8","shape":[2],"data_offsets":[4,6]},`+
		`"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"none":{"dtype":"I64","shape":[0,3],"data_offsets":[4,4]}}  `, 0, 0, 128, 63, 7, 8))
	if err != nil {
		t.Fatal(err)
	}
	if got := f.Names(); !slices.Equal(got, []string{"a", "none", "b"}) {
		t.Errorf("names = %v", got)
	}
	if b, ok := f.Tensor("b"); !ok || b.DType != "U8" || !slices.Equal(b.Data, []byte{7, 8}) || !slices.Equal(b.Shape, []int64{2}) {
		t.Errorf("b = %+v, %v", b, ok)
	}
	if a, _ := f.Tensor("a"); len(a.Shape) != 0 || len(a.Data) != 4 {
		t.Errorf("a = %+v", a)
	}
	if _, ok := f.Tensor("c"); ok || f.Metadata["format"] != "pt" {
		t.Errorf("c is there, or metadata = %v", f.Metadata)
	}
}

func TestBrokenFilesAreRefused(t *testing.T) {
	one := func(dtype, shape, offsets string) []byte {
		return pack(`{"a":{"dtype":"`+dtype+`","shape":`+shape+`,"data_offsets":`+offsets+`}}`, 1, 2, 3, 4)
	}
	huge := binary.LittleEndian.AppendUint64(nil, 1<<62)
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"empty":             {nil, "no safetensors file"},
		"header beyond end": {append(huge, '{', '}'), "cut or no safetensors file"},
		"not JSON":          {pack("hello"), "no JSON object"},
		"cut JSON":          {pack(`{"a":{"dtype":"F32"`), "entry a"},
		"two objects":       {pack(`{}{}`), "goes on after"},
		"twice":             {pack(`{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}`), "twice"},
		"twice below":       {pack(`{"a":{"dtype":"U8","dtype":"I8","shape":[0],"data_offsets":[0,0]}}`), "dtype stands twice"},
		"metadata twice":    {pack(`{"__metadata__":{"x":"1","x":"2"}}`), "x stands twice"},
		"metadata number":   {pack(`{"__metadata__":{"x":1}}`), "where a text is expected"},
		"key missing":       {pack(`{"a":{"dtype":"U8","shape":[0]}}`), "it has 2 keys"},
		"other case":        {pack(`{"a":{"DType":"U8","shape":[0],"data_offsets":[0,0]}}`), "unknown key"},
		"three offsets":     {one("U8", "[4]", "[0,4,4]"), "data_offsets has 3 numbers"},
		"fraction":          {one("U8", "[4.0]", "[0,4]"), `"4.0" is not a size`},
		"null shape":        {one("U8", "null", "[0,4]"), "where a [ is expected"},
		"not UTF-8":         {pack("{\"\xff\":1}"), "not UTF-8"},
		"many dimensions":   {one("U8", "["+strings.Repeat("1,", 99)+"4]", "[0,4]"), "at most 64 are read"},
		"unknown dtype":     {one("Q4", "[4]", "[0,4]"), `dtype "Q4" is not known`},
		"unknown key":       {pack(`{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"x":1}}`), "unknown key"},
		"wrong size":        {one("F32", "[2]", "[0,4]"), "F32 [2] needs 8"},
		"beyond the end":    {one("U8", "[9]", "[0,9]"), "end within 4"},
		"hole":              {one("U8", "[3]", "[1,4]"), "begin at 0"},
		"backwards":         {one("U8", "[0]", "[0,-4]"), "end within 4"},
		"bytes left over":   {one("U8", "[3]", "[0,3]"), "the tensors have 3 bytes, the file 4"},
		"overflow":          {one("F64", "[4294967296,4294967296]", "[0,4]"), "impossible"},
		"negative size":     {one("U8", "[-4]", "[0,4]"), "impossible"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := read(c.file)
			var user interface{ UserError() bool }
			if err == nil || !strings.Contains(err.Error(), c.want) || !errors.As(err, &user) || strings.Contains(err.Error(), "\n") {
				t.Errorf("err = %v, want %q", err, c.want)
			}
		})
	}
}
