package checkpoint

import (
	"path/filepath"
	"testing"
)

// weights of the benchmarks: 64 tensors of 256 KiB, as a model of 4 million numbers.
func manyWeights() *File {
	f := sample()
	f.Model = NewDict()
	for i := range 64 {
		f.Model.Set(string(rune('a'+i)), &Tensor{DType: Float32, Shape: []int64{256, 256}, Data: make([]byte, 4*256*256)})
	}
	return f
}

const manyBytes = 64 * 4 * 256 * 256

func BenchmarkSave(b *testing.B) {
	f, path := manyWeights(), filepath.Join(b.TempDir(), "x.pt")
	b.SetBytes(manyBytes)
	b.ReportAllocs()
	for b.Loop() {
		if err := Save(path, f); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	path := filepath.Join(b.TempDir(), "x.pt")
	if err := Save(path, manyWeights()); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(manyBytes)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Load(path); err != nil {
			b.Fatal(err)
		}
	}
}
