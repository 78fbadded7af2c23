package dataset_test

import (
	"path/filepath"
	"sync"
	"testing"

	"github.com/gotrainer/trainer/pkg/dataset"
)

func TestReadingIsSafeFromManyGoroutines(t *testing.T) {
	path := save(t, filepath.Join(t.TempDir(), "x.npy"), []int64{1000, 8}, ramp(8000))
	d := open(t, dataset.Spec{Source: "npy", Path: path, Split: whole, InMemory: "false", Normalize: "standard"})
	want := readAll(t, d.Train, 8)
	var wait sync.WaitGroup
	for w := range 4 {
		wait.Go(func() {
			x := make([]float32, 8)
			for r := w; r < 1000; r += 4 {
				if err := d.Train.Read(x, []int{r}); err != nil {
					t.Error(err)
				}
				for j, v := range x {
					if v != want[r*8+j] {
						t.Errorf("row %d: %v", r, x)
					}
				}
			}
		})
	}
	wait.Wait()
}

func TestReadRefusesWrongRowsAndBuffers(t *testing.T) {
	file := save(t, filepath.Join(t.TempDir(), "x.npy"), []int64{10, 2}, ramp(20))
	for _, s := range []dataset.Spec{
		{Source: "npy", Path: file},
		{Source: "npy", Path: file, InMemory: "false"},
		{Source: "synthetic_sparse", Count: 10, Dim: 2},
	} {
		d := open(t, s)
		x := make([]float32, 2)
		for _, rows := range [][]int{{-1}, {8}, {0, 1}, {}} {
			if err := d.Train.Read(x, rows); err == nil {
				t.Errorf("%s: rows %v of 8 into 2 numbers: no error", s.Source, rows)
			}
		}
		if err := d.Train.Read(x, []int{7}); err != nil {
			t.Error(err)
		}
	}
}

// BenchmarkRead reads shuffled batches of 128 samples of 784 float32.
func BenchmarkRead(b *testing.B) {
	for _, c := range []struct{ name, memory, normalize string }{
		{"mapped", "false", "none"}, {"memory", "true", "none"}, {"memory-standard", "true", "standard"}, {"memory-unit_norm", "true", "unit_norm"},
	} {
		b.Run(c.name, func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "x.npy")
			benchmarkFile(b, path, 10_000, 784)
			d, err := dataset.Open(dataset.Spec{Source: "npy", Path: path, InMemory: c.memory, Normalize: c.normalize})
			if err != nil {
				b.Fatal(err)
			}
			defer d.Close()
			s, x := dataset.NewSampler(d.Train.Len(), 128, 1, true), make([]float32, 128*784)
			b.SetBytes(int64(4 * len(x)))
			b.ReportAllocs()
			for b.Loop() {
				rows, _ := s.Next()
				if err := d.Train.Read(x, rows); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
