package safetensors

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gotrainer/trainer/pkg/internal/bounded"
)

// FuzzRead: no file makes the reader panic or take more than it is large.
func FuzzRead(f *testing.F) {
	f.Add(pack(`{"a":{"dtype":"U8","shape":[2,2],"data_offsets":[0,4]}}`, 1, 2, 3, 4))
	f.Add(pack(`{"__metadata__":{"format":"pt"},"b":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}  `, 0, 0, 128, 63))
	f.Add(pack(`{"__metadata__":{}}`))
	b, err := os.ReadFile(filepath.Join("..", "..", "interop", "parity", "custom_mae.safetensors"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, file []byte) {
		var got *File
		var err error
		bounded.Run(t, func() { got, err = read(file) })
		var u *Error
		if err != nil {
			if !errors.As(err, &u) || strings.ContainsAny(err.Error(), "\n\r") {
				t.Errorf("no sentence for the user: %q", err)
			}
			return
		}
		total := 0
		for _, name := range got.Names() {
			a, _ := got.Tensor(name)
			total += len(a.Data)
		}
		if total > len(file) {
			t.Errorf("%d bytes of a file of %d", total, len(file))
		}
	})
}
