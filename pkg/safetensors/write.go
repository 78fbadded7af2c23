package safetensors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"slices"
)

// Named is a tensor with its name.
type Named struct {
	Name string
	Tensor
}

// Write writes a file of the tensors, those with the largest elements first, so that each
// lies where its type is aligned. The file is a function of its content: metadata are
// sorted by name. A tensor whose bytes do not fit its shape is an error.
func Write(w io.Writer, metadata map[string]string, tensors []Named) error {
	tensors = slices.Clone(tensors)
	slices.SortStableFunc(tensors, func(a, b Named) int { return cmp.Compare(sizes[b.DType], sizes[a.DType]) })
	header, err := header(metadata, tensors)
	if err != nil {
		return err
	}
	if _, err := w.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(header)))); err != nil {
		return err
	}
	if _, err := w.Write(header); err != nil {
		return err
	}
	for _, t := range tensors {
		if _, err := w.Write(t.Data); err != nil {
			return err
		}
	}
	return nil
}

// header is the JSON object, with spaces behind it up to a multiple of 8 bytes.
func header(metadata map[string]string, tensors []Named) ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	entry := func(name string, value any) {
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		for i, v := range []any{name, value} {
			text, _ := json.Marshal(v) // names, numbers and texts have a JSON form
			if i == 1 {
				b.WriteByte(':')
			}
			b.Write(text)
		}
	}
	if len(metadata) > 0 {
		entry("__metadata__", metadata)
	}
	at, seen := int64(0), map[string]bool{"__metadata__": true}
	for _, t := range tensors {
		size, err := entrySize(t)
		switch {
		case err != nil:
			return nil, fmt.Errorf("safetensors: tensor %s: %w", short(t.Name), err)
		case seen[t.Name]:
			return nil, fmt.Errorf("safetensors: the name %s stands twice", short(t.Name))
		}
		seen[t.Name] = true
		entry(t.Name, struct {
			DType   string   `json:"dtype"`
			Shape   []int64  `json:"shape"`
			Offsets [2]int64 `json:"data_offsets"`
		}{t.DType, append([]int64{}, t.Shape...), [2]int64{at, at + size}})
		at += size
	}
	b.WriteByte('}')
	if pad := -b.Len() & 7; pad > 0 {
		b.Write(bytes.Repeat([]byte{' '}, pad))
	}
	return b.Bytes(), nil
}

func entrySize(t Named) (int64, error) {
	want, err := entry{DType: t.DType, Shape: t.Shape}.bytes()
	if err == nil && want != int64(len(t.Data)) {
		err = fmt.Errorf("%s %v needs %d bytes, found %d", t.DType, t.Shape, want, len(t.Data))
	}
	return want, err
}
