package dataset

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gotrainer/trainer/pkg/internal/bounded"
)

func FuzzReadIDXHeader(f *testing.F) {
	addIDX(f)
	f.Add([]byte{0, 0, 14, 3, 0x80, 0, 0, 0, 0x80, 0, 0, 0, 0x80, 0, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		bounded.Run(t, func() {
			h, err := readIDXHeader(bytes.NewReader(data), int64(len(data)))
			if err != nil {
				wantSentence(t, err)
			} else if h.DataOffset < 8 || h.Bytes() < 0 || h.DataOffset+h.Bytes() > int64(len(data)) {
				t.Errorf("%+v does not fit in %d bytes", h, len(data))
			}
		})
	})
}

// FuzzOpenIDX goes through gzip, splitting and decoding as well.
func FuzzOpenIDX(f *testing.F) {
	addIDX(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "x-ubyte")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		bounded.Run(t, func() {
			d, err := Open(Spec{Source: "idx", Path: path, Split: Fractions{1, 0, 0}, Memory: 1 << 26})
			if err != nil {
				wantSentence(t, err)
				return
			}
			defer d.Close()
			row := int64(1)
			for _, n := range d.Shape {
				row *= n
			}
			if err := d.Train.Read(make([]float32, row), []int{d.Train.Len() - 1}); err != nil {
				t.Error(err)
			}
		})
	})
}

func addIDX(f *testing.F) {
	for _, name := range []string{"images-idx3-ubyte", "labels-idx1-ubyte", "values-idx2-float", "images-idx3-ubyte.gz"} {
		data, err := os.ReadFile("../npy/testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
}

func wantSentence(t *testing.T, err error) {
	var u interface{ UserError() bool }
	if !errors.As(err, &u) || !u.UserError() || strings.ContainsAny(err.Error(), "\n\r") {
		t.Errorf("no sentence for the user: %q", err)
	}
}
