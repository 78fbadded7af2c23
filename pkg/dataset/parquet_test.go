package dataset_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gotrainer/trainer/pkg/dataset"
)

const parquet = "../parquetfile/testdata/"

// A file of pyarrow is the same data in memory and unpacked in the cache.
func TestAParquetFileIsADataSet(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	told := 0
	spec := dataset.Spec{Source: "parquet", Path: parquet + "list.parquet", LabelColumns: []string{"kind"}, Split: whole, Notify: func(string) { told++ }}
	inMemory := open(t, spec)
	spec.InMemory = "false"
	for range 2 {
		mapped := open(t, spec)
		a, b := readAll(t, inMemory.Train, 8), readAll(t, mapped.Train, 8)
		if !slices.Equal(a, b) || a[8] != 1 || len(a) != 320 {
			t.Errorf("%v and %v", a, b)
		}
		if mapped.Fingerprint != inMemory.Fingerprint || !slices.Equal(readLabels(t, mapped.Train, 1), readLabels(t, inMemory.Train, 1)) || mapped.Classes != 3 {
			t.Errorf("labels of %d classes, fingerprints %s and %s", mapped.Classes, mapped.Fingerprint, inMemory.Fingerprint)
		}
	}
	if told != 2 {
		t.Errorf("told %d times, want once that it is unpacked and once where it is", told)
	}
	d, err := dataset.Describe(spec)
	if err != nil || d.Train.Len() != 40 || !slices.Equal(d.Shape, []int64{8}) || d.Classes != 3 {
		t.Errorf("described as %+v, %v", d, err)
	}
}

func TestNamesInAColumnAreClasses(t *testing.T) {
	d := open(t, dataset.Spec{Source: "parquet", Path: parquet + "list.parquet", LabelColumns: []string{"id"}, Split: whole})
	y := readLabels(t, d.Train, 1)
	if d.Classes != 40 || d.ClassNames[0] != "row 0" || d.ClassNames[2] != "row 10" || y[2] != 12 {
		t.Errorf("%d classes %v, labels %v", d.Classes, d.ClassNames, y)
	}
}

func TestParquetFilesAreShardsToo(t *testing.T) {
	dir := t.TempDir()
	for name, from := range map[string]string{"a": "list", "b": "fixed", "c": "large"} {
		put(t, filepath.Join(dir, name+".parquet"), content(t, parquet+from+".parquet"))
	}
	spec := dataset.Spec{Source: "parquet", Path: filepath.Join(dir, "*.parquet"), LabelColumns: []string{"kind"}, Split: whole, Normalize: "standard"}
	d := open(t, spec)
	if d.Files != 3 || d.Train.Len() != 120 || d.Classes != 3 {
		t.Errorf("%d files, %d samples, %d classes", d.Files, d.Train.Len(), d.Classes)
	}
	put(t, filepath.Join(dir, "d.parquet"), content(t, parquet+"columns.parquet"))
	openError(t, spec, "d.parquet has samples of shape [9] but", "a.parquet has [8]")
}

func TestWrongParquetFilesAreOneSentence(t *testing.T) {
	for name, want := range map[string]string{
		"null": `the column "a" has no value in row 1`,
		"text": `the column "b" is string`,
		"two":  "name that of the samples in data.array",
	} {
		path := parquet + "bad/" + name + ".parquet"
		openError(t, dataset.Spec{Source: "parquet", Path: path}, path, want)
	}
	openError(t, dataset.Spec{Source: "parquet", Path: parquet + "list.parquet", LabelColumns: []string{"x"}}, `the column of labels "x" is a list or a group`)
	openError(t, dataset.Spec{Source: "parquet", Path: parquet + "list.parquet", LabelColumns: []string{"kind"}, Labels: dataset.Labels{Path: parquet + "list.parquet"}}, "labels are given twice")
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	openError(t, dataset.Spec{Source: "parquet", Path: parquet + "bad/nan.parquet", InMemory: "false"}, "NaN in row 2")
	if left, _ := filepath.Glob(filepath.Join(os.Getenv("XDG_CACHE_HOME"), "trainer/packed/*.npy")); len(left) > 0 {
		t.Errorf("a broken file left %v", left)
	}
}
