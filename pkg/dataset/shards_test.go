package dataset_test

import (
	"archive/zip"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gotrainer/trainer/pkg/dataset"
	"github.com/gotrainer/trainer/pkg/npy"
)

// inShards saves ramp values as files of 2, 3 and 5 rows, and their labels.
func inShards(t *testing.T, dir string, dim int) {
	t.Helper()
	from := 0
	for i, n := range []int{2, 3, 5} {
		save(t, filepath.Join(dir, fmt.Sprintf("x-%d.npy", i)), []int64{int64(n), int64(dim)}, ramp(10 * dim)[from*dim:(from+n)*dim])
		save(t, filepath.Join(dir, fmt.Sprintf("y-%d.npy", i)), []int64{int64(n)}, ramp(10)[from:from+n])
		from += n
	}
}

func TestShardsAreOneDataSet(t *testing.T) {
	dir := t.TempDir()
	inShards(t, dir, 4)
	all := save(t, filepath.Join(dir, "all.npy"), []int64{10}, ramp(10))
	for _, labels := range []string{filepath.Join(dir, "y-*.npy"), all} {
		for _, mode := range []string{"true", "false"} {
			d := open(t, dataset.Spec{Source: "npy", Path: filepath.Join(dir, "x-?.npy"), Labels: dataset.Labels{Path: labels}, Split: whole, InMemory: mode})
			if d.Files != 3 || d.Train.Len() != 10 || d.Classes != 10 {
				t.Fatalf("%d files, %d samples, %d classes", d.Files, d.Train.Len(), d.Classes)
			}
			if got := readAll(t, d.Train, 4); !slices.Equal(got, ramp(40)) {
				t.Errorf("samples %v", got)
			}
			rows := []int{9, 0, 4, 2, 1, 9, 5}
			x, y := make([]float32, 4*len(rows)), make([]float32, len(rows))
			if err := d.Train.Read(x, rows); err != nil {
				t.Fatal(err)
			}
			if err := d.Train.ReadLabels(y, rows); err != nil {
				t.Fatal(err)
			}
			for k, r := range rows {
				if x[4*k] != float32(4*r) || x[4*k+3] != float32(4*r+3) || y[k] != float32(r) {
					t.Errorf("row %d is %v, label %v", r, x[4*k:4*k+4], y[k])
				}
			}
			if err := d.Train.Read(x[:4], []int{10}); err == nil {
				t.Error("a row after the last was read")
			}
		}
	}
}

// The rows of a split have the same values in shards as in one file, normalised too.
func TestASplitOfShardsIsThatOfOneFile(t *testing.T) {
	dir := t.TempDir()
	inShards(t, dir, 4)
	one := save(t, filepath.Join(dir, "whole"), []int64{10, 4}, ramp(40))
	spec := dataset.Spec{Source: "npy", Path: one, Split: dataset.Fractions{Train: 0.5, Val: 0.5}, Seed: 3, Normalize: "standard"}
	a := open(t, spec)
	spec.Path = filepath.Join(dir, "x-*")
	b := open(t, spec)
	if x, y := readAll(t, a.Val, 4), readAll(t, b.Val, 4); !slices.Equal(x, y) {
		t.Errorf("%v and %v", x, y)
	}
	if a.Fingerprint == b.Fingerprint {
		t.Error("other files have the same fingerprint")
	}
}

func TestBytesInShardsStayBytes(t *testing.T) {
	dir := t.TempDir()
	for i := range 2 {
		w, err := npy.Create(filepath.Join(dir, fmt.Sprintf("%d.npy", i)), "u1", []int64{2, 2})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte{byte(4 * i), byte(4*i + 1), byte(4*i + 2), 255}); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	d := open(t, dataset.Spec{Source: "npy", Path: filepath.Join(dir, "*.npy"), Split: whole})
	raw := make([]byte, 6)
	if err := d.Train.ReadBytes(raw, []int{3, 0, 2}); err != nil || !slices.Equal(raw, []byte{6, 255, 0, 1, 4, 5}) {
		t.Errorf("%v, %v", raw, err)
	}
	if _, _, ok := d.Train.Affine(); !ok {
		t.Error("the samples are no bytes")
	}
	save(t, filepath.Join(dir, "2.npy"), []int64{2, 2}, ramp(4))
	openError(t, dataset.Spec{Source: "npy", Path: filepath.Join(dir, "*.npy")}, "only uint8 is scaled", "2.npy is float32", "0.npy is uint8")
}

func TestShardsOfOtherFormats(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "a.csv"), []byte("u,v,kind\n1,2,0\n3,4,1\n"))
	put(t, filepath.Join(dir, "b.csv"), []byte("u,v,kind\n5,6,2\n"))
	d := open(t, dataset.Spec{Source: "csv", Path: filepath.Join(dir, "*.csv"), LabelColumns: []string{"kind"}, Split: whole})
	if got := readAll(t, d.Train, 2); !slices.Equal(got, []float32{1, 2, 3, 4, 5, 6}) || d.Classes != 3 || !slices.Equal(readLabels(t, d.Train, 1), []float32{0, 1, 2}) {
		t.Errorf("csv: %v, %d classes", got, d.Classes)
	}
	put(t, filepath.Join(dir, "b.csv"), []byte("v,u,kind\n5,6,2\n"))
	openError(t, dataset.Spec{Source: "csv", Path: filepath.Join(dir, "*.csv"), LabelColumns: []string{"kind"}}, "b.csv has the columns v, u but", "a.csv has u, v")
	put(t, filepath.Join(dir, "b.csv"), []byte("u,v,kind\n5,6,2\n"))
	openError(t, dataset.Spec{Source: "csv", Path: filepath.Join(dir, "*.csv"), LabelColumns: []string{"kind"}, Memory: 40}, "b.csv", "half of the memory")

	for i := range 2 {
		put(t, filepath.Join(dir, fmt.Sprintf("%d.safetensors", i)), tensorFile("F16"))
		x := content(t, save(t, filepath.Join(dir, "x.npy"), []int64{1, 2}, ramp(2)))
		put(t, filepath.Join(dir, fmt.Sprintf("%d.npz", i)), npzFile(t, zip.Store, []string{"x"}, x))
	}
	d = open(t, dataset.Spec{Source: "safetensors", Path: filepath.Join(dir, "[01].safetensors"), LabelArrays: []string{"y"}, Split: whole, InMemory: "false"})
	if got := readAll(t, d.Train, 2); !slices.Equal(got, []float32{1, -2, 0.5, 0, 1, -2, 0.5, 0}) {
		t.Errorf("safetensors: %v", got)
	}
	d = open(t, dataset.Spec{Source: "npz", Path: filepath.Join(dir, "*.npz"), Split: whole})
	if got := readAll(t, d.Train, 2); !slices.Equal(got, []float32{0, 1, 0, 1}) {
		t.Errorf("npz: %v", got)
	}
}

func TestShardsThatDoNotFitTogetherAreOneSentence(t *testing.T) {
	dir := t.TempDir()
	inShards(t, dir, 4)
	pattern := filepath.Join(dir, "x-*.npy")
	spec := func(labels string) dataset.Spec {
		return dataset.Spec{Source: "npy", Path: pattern, Labels: dataset.Labels{Path: filepath.Join(dir, labels)}}
	}
	openError(t, spec("y-[12].npy"), "are 2 files, but "+pattern+" are 3; give one file of labels for each")
	openError(t, spec("y-0.npy"), "has 2 labels but "+pattern+" has 10 samples")
	openError(t, spec("z-*"), "data.labels: no file is called like")
	openError(t, dataset.Spec{Source: "npy", Path: filepath.Join(dir, "[.npy")}, "is not a pattern of file names")
	save(t, filepath.Join(dir, "x-3.npy"), []int64{2, 5}, ramp(10))
	openError(t, dataset.Spec{Source: "npy", Path: pattern}, "x-3.npy has samples of shape [5] but", "x-0.npy has [4]")
	if err := os.Mkdir(filepath.Join(dir, "x-z.npy"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "x-3.npy")); err != nil {
		t.Fatal(err)
	}
	open(t, spec("y-*")) // a folder is no shard
}

// What is called like a pattern is itself.
func TestAFileMayBeCalledLikeAPattern(t *testing.T) {
	dir := t.TempDir()
	inShards(t, dir, 4)
	path := save(t, filepath.Join(dir, "x-[a]*.npy"), []int64{1, 4}, ramp(4))
	if d := open(t, dataset.Spec{Source: "npy", Path: path, Split: whole}); d.Files != 1 || d.Train.Len() != 1 {
		t.Errorf("%d files", d.Files)
	}
}

// Files that are small one by one are mapped where all are too large to be read.
func TestManyFilesAreMappedTogether(t *testing.T) {
	dir := t.TempDir()
	inShards(t, dir, 4)
	spec := dataset.Spec{Source: "npy", Path: filepath.Join(dir, "x-*.npy"), Split: whole, Memory: 1600}
	d := open(t, spec)
	if d.Oversized() {
		t.Error("160 bytes are larger than 1600")
	}
	spec.InMemory, spec.Memory = "false", 100
	if tight := open(t, spec); !tight.Oversized() {
		t.Error("160 bytes are not larger than 100")
	}
	cut := filepath.Join(dir, "x-2.npy")
	if err := os.Truncate(cut, 130); err != nil {
		t.Fatal(err)
	}
	if err := d.Train.Read(make([]float32, 4), []int{9}); err == nil {
		t.Errorf("a file that is mapped was cut, and read: %v", err)
	}
}

func BenchmarkGatherFromShards(b *testing.B) {
	dir := b.TempDir()
	for i := range 8 {
		benchmarkFile(b, filepath.Join(dir, fmt.Sprintf("%d.npy", i)), 10000, 256)
	}
	benchmarkGather(b, dir)
}

func BenchmarkGatherFromOneFile(b *testing.B) {
	dir := b.TempDir()
	benchmarkFile(b, filepath.Join(dir, "0.npy"), 80000, 256)
	benchmarkGather(b, dir)
}

// benchmarkGather reads batches of 1024 rows of the files in dir.
func benchmarkGather(b *testing.B, dir string) {
	d, err := dataset.Open(dataset.Spec{Source: "npy", Path: filepath.Join(dir, "*.npy"), Split: whole, InMemory: "false"})
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	s := dataset.NewSampler(d.Train.Len(), 1024, 1, true)
	x := make([]float32, 1024*256)
	for b.Loop() {
		rows, _ := s.Next()
		if err := d.Train.Read(x, rows); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(4 * len(x)))
}
