package dataset

import (
	"bytes"
	"errors"
	"os"
	"testing"
)

func FuzzReadIDXHeader(f *testing.F) {
	for _, name := range []string{"images-idx3-ubyte", "labels-idx1-ubyte", "values-idx2-float"} {
		data, err := os.ReadFile("../npy/testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte{0, 0, 14, 3, 0x80, 0, 0, 0, 0x80, 0, 0, 0, 0x80, 0, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := readIDXHeader(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			var u interface{ UserError() bool }
			if !errors.As(err, &u) {
				t.Errorf("not a user error: %v", err)
			}
			return
		}
		if h.DataOffset < 8 || h.Bytes() < 0 || h.DataOffset+h.Bytes() > int64(len(data)) {
			t.Errorf("%+v does not fit in %d bytes", h, len(data))
		}
	})
}

func TestRandomNumbersBelowAreWithoutBias(t *testing.T) {
	g := newGenerator(1, forOrder, 0)
	seen := [6]int{}
	for range 60_000 {
		seen[g.below(6)]++
	}
	for v, n := range seen {
		if n < 9_600 || n > 10_400 {
			t.Errorf("%d came %d times of 60000", v, n)
		}
	}
	for range 100 {
		if g.below(1) != 0 || g.below(1<<63+1) > 1<<63 {
			t.Error("out of range")
		}
	}
}
