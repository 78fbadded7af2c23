package npy_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/gotrainer/trainer/pkg/internal/bounded"
	"github.com/gotrainer/trainer/pkg/npy"
)

func FuzzReadHeader(f *testing.F) {
	files, err := filepath.Glob("testdata/*.npy")
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add(file(dict("'<f4'", "(4294967296, 4294967296)"), 8))
	f.Fuzz(func(t *testing.T, data []byte) {
		var h npy.Header
		var err error
		bounded.Run(t, func() { h, err = npy.ReadHeader(bytes.NewReader(data), int64(len(data))) })
		if err != nil {
			if !isUserError(err) {
				t.Errorf("not a user error: %v", err)
			}
			return
		}
		if h.DataOffset < 10 || h.Bytes() < 0 || h.DataOffset+h.Bytes() > int64(len(data)) {
			t.Errorf("%+v does not fit in %d bytes", h, len(data))
		}
	})
}

// FuzzOpen goes through gzip, mapping, Fortran order and decoding as well.
func FuzzOpen(f *testing.F) {
	for _, name := range []string{"f2.npy", "f4.npy.gz", "fortran.npy", "big_i8.npy", "scalar.npy"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "x.npy")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, mode := range []npy.Mode{npy.Mapped, npy.InMemory} {
			var a *npy.Array
			var err error
			bounded.Run(t, func() { a, err = npy.Open(path, npy.Options{Mode: mode, Memory: 1 << 26}) })
			if err != nil {
				if !isUserError(err) {
					t.Errorf("not a user error: %v", err)
				}
				continue
			}
			if a.Rows() > 0 {
				last := []int{int(a.Rows() - 1)}
				if err := a.Gather(make([]float32, a.RowLen()), last, nil); err != nil {
					t.Error(err)
				}
			}
			a.Close()
		}
	})
}
