package checkpoint

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/gotrainer/trainer/pkg/internal/bounded"
)

// Tensors of a file are in memory once, whatever their strides, and their storages are
// read one at a time.
func TestAFileIsInMemoryOnce(t *testing.T) {
	const n = 4 << 20 // float32: 16 MB
	whole := written(t, []any{&Tensor{Float32, []int64{n}, make([]byte, 4*n)}, &Tensor{Float32, []int64{n / 2, 2}, make([]byte, 4*n)}})
	used := bounded.Memory(func() {
		if _, err := readBytes(whole); err != nil {
			t.Fatal(err)
		}
	})
	if limit := uint64(len(whole) + 1<<20); used > limit {
		t.Errorf("%d bytes were taken for a file of %d", used, len(whole))
	}
	// A transposed tensor needs its copy, and the storage only while that is made.
	st := &storages{read: func(string) ([]byte, error) { return make([]byte, 24), nil }}
	s := &storage{key: "0", dtype: Float32, numel: 6}
	w := window{view{s, 0, []int64{3, 2}, []int64{1, 3}}, 6, &Tensor{DType: Float32, Shape: []int64{3, 2}}}
	s.views, st.order = []window{w}, []*storage{s}
	if err := st.fill(); err != nil || s.data != nil || len(w.t.Data) != 24 {
		t.Errorf("%v; the storage of a copy is kept: %v", err, s.data != nil)
	}
}

// A tensor of more than 4 GiB is read into memory of its own size and no more. It takes
// that memory, so it runs with the long tests only.
func TestATensorBeyond4GiBIsInMemoryOnce(t *testing.T) {
	if os.Getenv("TRAINER_SOAK") == "" {
		t.Skip("takes 4 GiB of memory; set TRAINER_SOAK=1")
	}
	const huge = 4<<30 + 64
	path := filepath.Join(t.TempDir(), "huge.pt")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	pickle := "\x80\x02" + rebuild(storageRef("FloatStorage", "0", huge/4), 0, huge/4, 1) + "."
	a := layOut("huge", []record{{recData + "0", huge, holes(f, huge)}, bytesRecord(recPickle, []byte(pickle)), bytesRecord(recVersion, []byte("3\n"))})
	if err := a.writeTo(f); err != nil {
		t.Fatal(err)
	}
	used := bounded.Memory(func() {
		v, err := Read(io.NewSectionReader(f, 0, a.size), a.size)
		if err != nil {
			t.Fatal(err)
		}
		if w := v.(*Tensor); int64(len(w.Data)) != huge {
			t.Errorf("%d bytes", len(w.Data))
		}
	})
	if used > huge+1<<20 {
		t.Errorf("%d bytes were taken for a tensor of %d", used, int64(huge))
	}
}
