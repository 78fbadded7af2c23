package dataset

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"testing"

	"github.com/gotrainer/trainer/pkg/internal/bounded"
)

// A small idx file that claims a terabyte, or far more than an int64 holds, fails before
// memory is taken for it.
func TestSmallIDXFilesThatClaimMuchTakeLittleMemory(t *testing.T) {
	tera := append([]byte{0, 0, 8, 3, 0, 16, 0, 0, 0, 0, 4, 0, 0, 0, 4, 0}, make([]byte, 900)...)
	overflow := append([]byte{0, 0, 14, 8}, bytes.Repeat([]byte{255}, 32)...)
	for name, data := range map[string][]byte{"terabyte": tera, "overflow": overflow} {
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		if _, err := z.Write(data); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		for ext, content := range map[string][]byte{"": data, ".gz": packed.Bytes()} {
			path := filepath.Join(t.TempDir(), "x-ubyte"+ext)
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			var err error
			used := bounded.Memory(func() { _, err = Open(Spec{Source: "idx", Path: path, Memory: 1 << 50}) })
			if err == nil || len(content) > 1024 {
				t.Fatalf("%s%s: error %v, file of %d bytes", name, ext, err, len(content))
			}
			wantSentence(t, err)
			if used > 256<<10 { // the window of DEFLATE and a buffer
				t.Errorf("%s%s: %d bytes of memory were taken", name, ext, used)
			}
		}
	}
}
