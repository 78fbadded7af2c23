package dataset_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gotrainer/trainer/pkg/dataset"
	"github.com/gotrainer/trainer/pkg/npy"
)

func zipped(data []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(data)
	z.Close()
	return b.Bytes()
}

func content(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// idxFile builds an idx file from its type, dimensions and some data.
func idxFile(code byte, dims []uint32, data int) []byte {
	out := []byte{0, 0, code, byte(len(dims))}
	for _, d := range dims {
		out = binary.BigEndian.AppendUint32(out, d)
	}
	return append(out, make([]byte, data)...)
}

func TestBrokenDataFilesAreNamedInOneSentence(t *testing.T) {
	good := content(t, golden+"f4.npy")
	nan := float32(math.NaN())
	dir := t.TempDir()
	file := filepath.Join(dir, "x.npy")
	array := func(shape []int64, v ...float32) []byte {
		return content(t, save(t, filepath.Join(dir, "array.npy"), shape, v))
	}
	for _, c := range []struct {
		name, source string
		data         []byte
		want         string
	}{
		{"empty", "npy", nil, "the file is empty"},
		{"text", "npy", []byte("a,b,c\n1,2,3\n"), "not a .npy file"},
		{"truncated", "npy", good[:len(good)-5], "48 bytes of data, but the file holds 43"},
		{"truncated header", "npy", good[:50], "ends inside the .npy header"},
		{"object", "npy", content(t, golden+"object.npy"), "Python objects"},
		{"structured", "npy", content(t, golden+"structured.npy"), "is structured"},
		{"complex", "npy", content(t, golden+"complex.npy"), "complex numbers"},
		{"text array", "npy", content(t, golden+"text.npy"), "elements are text"},
		{"one dimension", "npy", content(t, golden+"long.npy"), "at least two dimensions"},
		{"a scalar", "npy", content(t, golden+"scalar.npy"), "at least two dimensions"},
		{"no samples", "npy", content(t, golden+"empty.npy"), "has no samples"},
		{"no values", "npy", array([]int64{3, 0}), "have no values"},
		{"one NaN", "npy", array([]int64{3, 2}, 1, 2, 3, nan, 5, 6), "1 value is NaN, infinite or too large for float32, the first in row 1"},
		{"two bad values", "npy", array([]int64{3, 2}, 1, 2, 3, 4, nan, float32(math.Inf(1))), "2 values are NaN, infinite or too large for float32, the first in row 2"},
		{"gzip cut", "npy", zipped(good)[:60], "the gzip file is cut off"},
		{"gzip of text", "npy", zipped([]byte("hello, world")), "not a .npy file"},
		{"idx as npy", "npy", idxFile(8, []uint32{3, 4}, 12), "not a .npy file"},
		{"npy as idx", "idx", good, "for .npy files set data.source: npy"},
		{"empty idx", "idx", nil, "the file is empty"},
		{"three bytes", "idx", []byte{0, 0, 8}, "too few for an idx file"},
		{"unknown idx type", "idx", idxFile(7, []uint32{3, 4}, 12), "not an idx file"},
		{"idx of rank 0", "idx", idxFile(8, nil, 12), "claims 0 dimensions"},
		{"idx of rank 200", "idx", idxFile(8, make([]uint32, 200), 12), "claims 200 dimensions"},
		{"idx header cut", "idx", idxFile(8, []uint32{3, 4}, 0)[:9], "ends inside the idx header"},
		{"idx data cut", "idx", idxFile(8, []uint32{3, 28, 28}, 2000), "uint8 [3 28 28], 2352 bytes of data, but the file holds 2000"},
		{"huge idx", "idx", idxFile(14, []uint32{1 << 31, 1 << 31, 1 << 31}, 8), "larger than any file"},
		{"huge zipped idx", "idx", zipped(idxFile(14, []uint32{1 << 31, 100}, 1<<17)), "bytes of gzip cannot hold"},
		{"idx labels as data", "idx", content(t, golden+"labels-idx1-ubyte"), "at least two dimensions"},
		{"idx of no images", "idx", idxFile(8, []uint32{0, 28, 28}, 0), "has no samples"},
	} {
		t.Run(c.name, func(t *testing.T) {
			put(t, file, c.data)
			openError(t, dataset.Spec{Source: c.source, Path: file}, file, c.want)
		})
	}
}

func TestLabelsThatDoNotBelongToTheDataAreRefused(t *testing.T) {
	dir := t.TempDir()
	x := save(t, filepath.Join(dir, "x.npy"), []int64{3, 1}, ramp(3))
	file := filepath.Join(dir, "y.npy")
	array := func(shape []int64, v ...float32) []byte {
		return content(t, save(t, filepath.Join(dir, "array.npy"), shape, v))
	}
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"too many", array([]int64{4}, ramp(4)...), file + " has 4 labels but " + x + " has 3 samples"},
		{"a scalar", content(t, golden+"scalar.npy"), "expected [samples] or [samples, values]"},
		{"three dimensions", array([]int64{3, 1, 1}, ramp(3)...), "expected [samples] or [samples, values]"},
		{"none", array([]int64{0}), "are empty"},
		{"NaN", array([]int64{3}, 1, 2, float32(math.NaN())), "the label of row 2 is NaN"},
		{"text", []byte("0\n1\n2\n"), "not a .npy file"},
		{"objects", content(t, golden+"object.npy"), "Python objects"},
		{"large integers", int64s(t, filepath.Join(dir, "i8.npy"), 0, 1<<24, 5), "the label of row 1 is 16777216"},
		{"cut idx", idxFile(8, []uint32{3}, 2), "3 bytes of data, but the file holds 2"},
		{"hostile size", bytes.Replace(content(t, golden+"labels.npy"), []byte("(3,), }   "), []byte("(-3,), }  "), 1), "impossible size -3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			put(t, file, c.data)
			openError(t, dataset.Spec{Source: "npy", Path: x, Labels: dataset.Labels{Path: file}}, file, c.want)
		})
	}
}

func int64s(t *testing.T, path string, v ...int64) []byte {
	t.Helper()
	w, err := npy.Create(path, "i8", []int64{int64(len(v))})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	if err := w.WriteInt64s(v); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return content(t, path)
}

func TestFilesThatDoNotFitTogetherAreBothNamed(t *testing.T) {
	dir := t.TempDir()
	x := save(t, filepath.Join(dir, "x.npy"), []int64{3, 4}, ramp(12))
	narrow := save(t, filepath.Join(dir, "narrow.npy"), []int64{3, 2}, ramp(6))
	three := save(t, filepath.Join(dir, "three.npy"), []int64{3}, ramp(3))
	pairs := save(t, filepath.Join(dir, "pairs.npy"), []int64{3, 2}, ramp(6))
	spec := func(edit func(*dataset.Spec)) dataset.Spec {
		s := dataset.Spec{Source: "npy", Train: x, Val: x}
		edit(&s)
		return s
	}
	for _, c := range []struct {
		edit  func(*dataset.Spec)
		wants []string
	}{
		{func(s *dataset.Spec) { s.Val = narrow }, []string{narrow, x, "[2]", "[4]"}},
		{func(s *dataset.Spec) { s.Val = golden + "u1.npy" }, []string{"u1.npy is uint8", x + " is float32"}},
		{func(s *dataset.Spec) { s.Path = x }, []string{"data.path and data.train"}},
		{func(s *dataset.Spec) { s.Train = "" }, []string{"data.path: a file is needed"}},
		{func(s *dataset.Spec) { s.Labels.Path = three }, []string{"data.labels", three, "expected a map"}},
		{func(s *dataset.Spec) { s.Labels.Train = three }, []string{"data.labels.val", "no labels are given"}},
		{func(s *dataset.Spec) { s.Labels.Test = three }, []string{"data.labels.train", "no labels are given"}},
		{func(s *dataset.Spec) { s.Labels = dataset.Labels{Train: three, Val: three, Test: three} }, []string{"data.labels.test", "without a data.test file"}},
		{func(s *dataset.Spec) { s.Labels = dataset.Labels{Train: three, Val: pairs} }, []string{pairs, three, "same for all samples"}},
		{func(s *dataset.Spec) { s.Val = ""; s.Labels.Val = three }, []string{"data.labels", "without a data.val"}},
	} {
		openError(t, spec(c.edit), c.wants...)
	}
}

func TestAMissingFileNamesWhatIsThere(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	spec := func(name string) dataset.Spec { return dataset.Spec{Source: "npy", Path: path(name)} }
	openError(t, spec("train.npy"), "data.path: "+path("train.npy")+" does not exist", "its folder "+dir+" is empty")
	save(t, path("training.npy"), []int64{2, 1}, ramp(2))
	openError(t, spec("trainign.npy"), "did you mean "+path("training.npy")+"?")
	openError(t, spec("x.npz"), "its folder "+dir+" holds training.npy")
	openError(t, spec("no/x.npy"), "the folder "+path("no")+" does not exist")
	for _, name := range strings.Fields("b c d e f g") {
		put(t, path(name), nil)
	}
	openError(t, spec("quite_another_name.npy"), ", ...")
	openError(t, spec(""), dir+": this is a folder")
	openError(t, dataset.Spec{Source: "npy", Path: path("training.npy"), Labels: dataset.Labels{Path: path("lables.npy")}}, "data.labels: ", "does not exist")
	openError(t, dataset.Spec{Source: "npy", Train: path("training.npy"), Val: path("val.npy")}, "data.val: ")
	openError(t, dataset.Spec{Source: "npy", Path: path("b") + "/x.npy"}, "not a directory")
}

func TestImpossibleSettingsAreRefused(t *testing.T) {
	for _, c := range []struct {
		s    dataset.Spec
		want string
	}{
		{dataset.Spec{}, `data.source: found ""`},
		{dataset.Spec{Source: "hdf5"}, "expected one of shapes, synthetic_sparse, npy, idx, embeddings"},
		{dataset.Spec{Source: "shapes", Normalize: "zscore"}, `data.normalize: found "zscore"`},
		{dataset.Spec{Source: "shapes", InMemory: "yes"}, `data.in_memory: found "yes"`},
		{dataset.Spec{Source: "shapes", Label: "colour"}, `data.label: found "colour", expected one of shape, scale`},
		{dataset.Spec{Source: "synthetic_sparse", Label: "shape"}, `data.label: found "shape", expected last_layer`},
		{dataset.Spec{Source: "synthetic_sparse", Label: "last_layer"}, "set data.layers to 2 or more"},
		{dataset.Spec{Source: "npy", Label: "shape"}, "source npy has no named labels"},
		{dataset.Spec{Source: "synthetic_sparse", Layers: -1}, "data.layers: found -1"},
		{dataset.Spec{Source: "shapes", Count: -1}, "data.count: found -1, expected at least 1"},
		{dataset.Spec{Source: "shapes", ImageSize: 4}, "data.image_size: found 4, expected at least 8"},
		{dataset.Spec{Source: "shapes", ImageSize: 1 << 20}, "more than half of the memory"},
		{dataset.Spec{Source: "synthetic_sparse", Count: 1 << 40}, "more than half of the memory"},
		{dataset.Spec{Source: "synthetic_sparse", Dim: -2}, "data.dim: found -2"},
		{dataset.Spec{Source: "synthetic_sparse", Count: 1, Atoms: 1 << 40}, "data.atoms: "},
		{dataset.Spec{Source: "synthetic_sparse", Active: 300}, "data.active: found 300, but there are only 256 atoms"},
		{dataset.Spec{Source: "synthetic_sparse", Noise: math.NaN()}, "data.noise: found NaN"},
		{dataset.Spec{Source: "synthetic_sparse", Noise: -1}, "data.noise: found -1"},
		{dataset.Spec{Source: "shapes", Split: dataset.Fractions{Train: 0.5}}, "add up to 0.5, expected 1"},
		{dataset.Spec{Source: "shapes", Split: dataset.Fractions{Train: 1.2, Val: -0.2}}, "data.split.train: found 1.2"},
		{dataset.Spec{Source: "shapes", Split: dataset.Fractions{Train: math.NaN()}}, "data.split.train: found NaN"},
		{dataset.Spec{Source: "shapes", Count: 10, Split: dataset.Fractions{Val: 0.5, Test: 0.5}}, "leaves no train samples of 10"},
		{dataset.Spec{Source: "npy"}, "data.path: a file is needed with source npy"},
		{dataset.Spec{Source: "embeddings"}, "data.experiment: the directory of an experiment is needed"},
		{dataset.Spec{Source: "embeddings", Experiment: "broken_test.go"}, "is a file"},
	} {
		openError(t, c.s, c.want)
	}
}

func TestNonFiniteValuesInMappedDataShowInTheStatistics(t *testing.T) {
	v := ramp(20)
	v[7] = float32(math.Inf(-1))
	path := save(t, filepath.Join(t.TempDir(), "x.npy"), []int64{10, 2}, v)
	s := dataset.Spec{Source: "npy", Path: path, Split: whole, InMemory: "false"}
	open(t, s) // documented: mapped data are not read through
	s.Normalize = "standard"
	openError(t, s, path, "1 value is NaN", "the first in row 3")
}
