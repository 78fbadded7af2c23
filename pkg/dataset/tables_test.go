package dataset_test

import (
	"archive/zip"
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gotrainer/trainer/pkg/dataset"
)

// npzFile packs .npy contents by name, in the given order.
func npzFile(t *testing.T, method uint16, names []string, contents ...[]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i, name := range names {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name + ".npy", Method: method})
		if err != nil {
			t.Fatal(err)
		}
		w.Write(contents[i])
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestArraysOfAnNPZFileAreReadByName(t *testing.T) {
	dir := t.TempDir()
	x := content(t, save(t, filepath.Join(dir, "x.npy"), []int64{3, 2}, ramp(6)))
	y := content(t, save(t, filepath.Join(dir, "y.npy"), []int64{3}, []float32{2, 0, 1}))
	path := put(t, filepath.Join(dir, "a.npz"), npzFile(t, zip.Store, []string{"y", "x"}, y, x))
	for _, mode := range []string{"auto", "false"} {
		d := open(t, dataset.Spec{Source: "npz", Path: path, LabelArrays: []string{"y"}, Split: whole, InMemory: mode})
		if got := readAll(t, d.Train, 2); !slices.Equal(got, ramp(6)) {
			t.Errorf("samples %v", got)
		}
		if got := readLabels(t, d.Train, 1); !slices.Equal(got, []float32{2, 0, 1}) || d.Classes != 3 {
			t.Errorf("labels %v of %d classes", got, d.Classes)
		}
	}
	named := func(array string, labels ...string) dataset.Spec {
		return dataset.Spec{Source: "npz", Path: path, Array: array, LabelArrays: labels}
	}
	openError(t, named(""), path, "2 arrays that could be the samples", "it holds y, x")
	openError(t, named("z"), path, `not exactly one array named "z"`)
	openError(t, named("x", "z"), path, `not exactly one array named "z"`)
	openError(t, named("y"), path, "at least two dimensions")
	packed := put(t, filepath.Join(dir, "p.npz"), npzFile(t, zip.Deflate, []string{"x"}, x))
	openError(t, dataset.Spec{Source: "npz", Path: packed}, packed, "is compressed")
	cut := put(t, filepath.Join(dir, "c.npz"), content(t, path)[:200])
	openError(t, dataset.Spec{Source: "npz", Path: cut}, cut, "not an .npz file or cut off")
	openError(t, dataset.Spec{Source: "npz", Path: filepath.Join(dir, "x.npy")}, "not an .npz file")
}

func TestAnotherArrayOfAnNPZFileIsOtherData(t *testing.T) {
	dir := t.TempDir()
	x := content(t, save(t, filepath.Join(dir, "x.npy"), []int64{3, 2}, ramp(6)))
	path := put(t, filepath.Join(dir, "a.npz"), npzFile(t, zip.Store, []string{"a", "b"}, x, x))
	one := open(t, dataset.Spec{Source: "npz", Path: path, Array: "a"})
	other := open(t, dataset.Spec{Source: "npz", Path: path, Array: "b"})
	if one.Fingerprint == other.Fingerprint {
		t.Error("the same fingerprint")
	}
}

func TestColumnsOfACSVFileAreTheValues(t *testing.T) {
	text := "\ufeffa, kind ,b\r\n1,0,-2.5\r\n3e2,1,4\r\n0,2,\"5\"\r\n"
	dir := t.TempDir()
	for name, data := range map[string][]byte{"x.csv": []byte(text), "z.csv": zipped([]byte(text))} {
		path := put(t, filepath.Join(dir, name), data)
		d := open(t, dataset.Spec{Source: "csv", Path: path, LabelColumns: []string{"kind"}, Split: whole})
		if got := readAll(t, d.Train, 2); !slices.Equal(got, []float32{1, -2.5, 300, 4, 0, 5}) {
			t.Errorf("samples %v", got)
		}
		if got := readLabels(t, d.Train, 1); !slices.Equal(got, []float32{0, 1, 2}) || d.Classes != 3 {
			t.Errorf("labels %v of %d classes", got, d.Classes)
		}
	}
	bare := open(t, dataset.Spec{Source: "csv", Path: put(t, filepath.Join(dir, "bare.csv"), []byte("1,2\n3,4\n")), Split: whole})
	if got := readAll(t, bare.Train, 2); !slices.Equal(got, []float32{1, 2, 3, 4}) {
		t.Errorf("without a header: %v", got)
	}
}

// Labels that are names number the classes in their order, the same in all files.
func TestNamesInACSVColumnAreClasses(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "a.csv"), []byte("u,kind\n1,iris\n2, rose \n3,iris\n"))
	put(t, filepath.Join(dir, "b.csv"), []byte("u,kind\n4,aster\n5,rose\n"))
	a := open(t, dataset.Spec{Source: "csv", Path: filepath.Join(dir, "a.csv"), LabelColumns: []string{"kind"}, Split: whole})
	if got := readLabels(t, a.Train, 1); !slices.Equal(got, []float32{0, 1, 0}) || a.Classes != 2 || !slices.Equal(a.ClassNames, []string{"iris", "rose"}) {
		t.Errorf("labels %v of %v", got, a.ClassNames)
	}
	both := open(t, dataset.Spec{Source: "csv", Path: filepath.Join(dir, "*.csv"), LabelColumns: []string{"kind"}, Split: whole})
	if got := readLabels(t, both.Train, 1); !slices.Equal(got, []float32{1, 2, 1, 0, 2}) || !slices.Equal(both.ClassNames, []string{"aster", "iris", "rose"}) {
		t.Errorf("labels %v of %v", got, both.ClassNames)
	}
	put(t, filepath.Join(dir, "v.csv"), []byte("u,kind\n4,rose\n"))
	split := dataset.Spec{Source: "csv", Train: filepath.Join(dir, "a.csv"), Val: filepath.Join(dir, "v.csv"), LabelColumns: []string{"kind"}}
	if got := readLabels(t, open(t, split).Val, 1); !slices.Equal(got, []float32{1}) {
		t.Errorf("labels of val %v", got)
	}
	split.Val = filepath.Join(dir, "b.csv")
	openError(t, split, `b.csv has the class "aster", which`)
	put(t, filepath.Join(dir, "v.csv"), []byte("u,kind\n4,1\n"))
	split.Val = filepath.Join(dir, "v.csv")
	openError(t, split, "only one has labels that are names")
	put(t, filepath.Join(dir, "v.csv"), []byte("u,kind\n4,1\n5,rose\n"))
	openError(t, split, `v.csv:3:3: found "rose" in column 2, expected a finite number`)
	put(t, filepath.Join(dir, "v.csv"), []byte("u,kind\n4,rose\n5,\n"))
	openError(t, split, `v.csv:3:3: found "" in column 2, expected the name of a class`)
}

func TestBrokenCSVFilesNameLineAndColumn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.csv")
	for _, c := range []struct{ text, label, want string }{
		{"", "", "the file is empty"},
		{"a,b\n", "", "a header and no samples"},
		{"a,b\n1,2\n3,x\n", "", path + `:3:3: found "x" in column 2, expected a finite number`},
		{"a,b\n1,NaN\n", "", path + `:2:3: found "NaN"`},
		{"a,b\n1,1e39\n", "", path + `:2:3: found "1e39"`},
		{"a,b\n1,\n", "", path + `:2:3: found ""`},
		{"a,b\n1,2\n3\n", "", path + ":3: the line has another number of fields than the first one, which has 2"},
		{"a,b\n1,\"2\n", "", "not CSV"},
		{"a,b\n1,2\n", "c", `no column is named "c" (data.label_column); the header has a, b`},
		{"1,2\n", "c", "the file has no header"},
		{"c\n1\n", "c", "the label is the only column"},
		{string(zipped([]byte("a,b\n1,2\n"))[:20]), "", "cannot be read to its end"},
	} {
		put(t, path, []byte(c.text))
		openError(t, dataset.Spec{Source: "csv", Path: path, LabelColumns: strings.Fields(c.label)}, path, c.want)
	}
	put(t, path, []byte("a,b\n1,2\n"))
	openError(t, dataset.Spec{Source: "csv", Path: path, LabelColumns: []string{"b"}, Labels: dataset.Labels{Path: path}}, "labels are given twice")
	openError(t, dataset.Spec{Source: "csv", Path: path, Memory: 8}, "half of the memory")
}

func TestNPZFilesOfNumpyAreRead(t *testing.T) {
	want := []float32{0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1, 1.125, 1.25, 1.375}
	for _, mode := range []string{"true", "false"} {
		d := open(t, dataset.Spec{Source: "npz", Path: "testdata/stored.npz", LabelArrays: []string{"y"}, Split: whole, InMemory: mode})
		if got := readAll(t, d.Train, 3); !slices.Equal(got, want) {
			t.Errorf("samples %v", got)
		}
		if got := readLabels(t, d.Train, 1); !slices.Equal(got, []float32{1, 0, 2, 1}) {
			t.Errorf("labels %v", got)
		}
	}
	openError(t, dataset.Spec{Source: "npz", Path: "testdata/compressed.npz"}, `the array "x" is compressed`, "numpy.savez")
}
