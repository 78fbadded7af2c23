package npy_test

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gotrainer/trainer/pkg/internal/bounded"
	"github.com/gotrainer/trainer/pkg/npy"
)

// A small file that claims a terabyte fails before memory is taken for it.
func TestSmallFilesThatClaimMuchTakeLittleMemory(t *testing.T) {
	tera := file(dict("'<f4'", "(262144, 1048576)"), 512)
	longHeader := append([]byte("\x93NUMPY\x02\x00\xff\xff\xff\xff"), make([]byte, 500)...)
	for name, c := range map[string]struct {
		data  []byte
		limit uint64
	}{
		"shape":                 {tera, 64 << 10},
		"shape that overflows":  {file(dict("'<f8'", "(4611686018427387904, 4611686018427387904)"), 512), 64 << 10},
		"Fortran order":         {file(strings.Replace(dict("'<f4'", "(262144, 1048576)"), "False", "True", 1), 512), 64 << 10},
		"header length":         {longHeader, 64 << 10},
		"many dimensions":       {file(dict("'<f4'", "("+strings.Repeat("1,", 400)+")"), 4), 64 << 10},
		"shape in gzip":         {gzipped(t, tera), 256 << 10}, // the window of DEFLATE and a buffer
		"header length in gzip": {gzipped(t, longHeader), 256 << 10},
	} {
		path := filepath.Join(t.TempDir(), "x.npy")
		if err := os.WriteFile(path, c.data, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, mode := range []npy.Mode{npy.Auto, npy.Mapped, npy.InMemory} {
			var err error
			used := bounded.Memory(func() { _, err = npy.Open(path, npy.Options{Mode: mode, Memory: 1 << 50}) })
			if err == nil || !isUserError(err) || len(c.data) > 1024 {
				t.Errorf("%s: error %v, file of %d bytes", name, err, len(c.data))
			}
			if used > c.limit {
				t.Errorf("%s, mode %d: %d bytes of memory were taken, at most %d are allowed", name, mode, used, c.limit)
			}
		}
	}
}

func gzipped(t *testing.T, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
