package parquetfile_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gotrainer/trainer/pkg/parquetfile"
)

const rows = 40

func open(t *testing.T, path string, o parquetfile.Options) *parquetfile.File {
	t.Helper()
	f, err := parquetfile.Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func all(t *testing.T, f *parquetfile.File) (samples []float32) {
	t.Helper()
	if err := f.Read(func(x []float32) error { samples = append(samples, x...); return nil }); err != nil {
		t.Fatal(err)
	}
	return samples
}

func checkLabels(t *testing.T, f *parquetfile.File) {
	t.Helper()
	labels, err := f.Labels()
	if err != nil || len(labels) != int(f.Rows()) {
		t.Fatalf("%d labels, %v", len(labels), err)
	}
	for i, y := range labels {
		if y != float32(i%3) {
			t.Errorf("label %d is %v", i, y)
		}
	}
}

func TestEachColumnIsANumberOfTheSample(t *testing.T) {
	f := open(t, "testdata/columns.parquet", parquetfile.Options{Labels: []string{"kind"}})
	if want := []string{"c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7", "yes"}; f.Rows() != rows || f.Width() != 9 || !slices.Equal(f.Columns(), want) {
		t.Fatalf("%d rows of %d: %v", f.Rows(), f.Width(), f.Columns())
	}
	x := all(t, f)
	for i := range rows {
		for j := range 8 {
			want := float32(i) + float32(j)/8
			if j > 2 {
				want *= 8
			}
			if j == 5 {
				want = float32((8*i + 5) % 256)
			}
			if got := x[9*i+j]; got != want {
				t.Fatalf("row %d, column %d is %v, want %v", i, j, got, want)
			}
		}
		if (x[9*i+8] == 1) != (i%3 == 1) {
			t.Errorf("row %d: yes is %v", i, x[9*i+8])
		}
	}
	checkLabels(t, f)
}

// Lists of every kind that Arrow writes, in several compressions and versions of pages.
func TestAListIsTheSample(t *testing.T) {
	for _, name := range []string{"list", "fixed", "half", "large"} {
		f := open(t, "testdata/"+name+".parquet", parquetfile.Options{Labels: []string{"kind"}})
		if f.Rows() != rows || f.Width() != 8 || f.Columns() != nil {
			t.Fatalf("%s: %d rows of %d, columns %v", name, f.Rows(), f.Width(), f.Columns())
		}
		x := all(t, f)
		for i := range 8 * rows {
			if want := float32(i/8) + float32(i%8)/8; x[i] != want {
				t.Fatalf("%s: value %d of row %d is %v, want %v", name, i%8, i/8, x[i], want)
			}
		}
		checkLabels(t, f)
	}
}

func TestLabelsMayBeNames(t *testing.T) {
	f := open(t, "testdata/list.parquet", parquetfile.Options{Labels: []string{"id"}})
	names, err := f.Names()
	at, named := f.Named()
	if err != nil || !named || at != 0 || len(names) != rows || names[39] != "row 39" {
		t.Errorf("%v, %v", names, err)
	}
}

func TestTheIndexOfPandasIsNoColumn(t *testing.T) {
	f := open(t, "testdata/pandas.parquet", parquetfile.Options{Labels: []string{"kind"}})
	x := all(t, f)
	if !slices.Equal(f.Columns(), []string{"a", "b", "c"}) || f.Rows() != 20 || !slices.Equal(x[3:6], []float32{2, 2.125, 2.25}) {
		t.Errorf("%v, %d rows, %v", f.Columns(), f.Rows(), x[:6])
	}
}

func TestWhatCannotBeReadIsOneSentence(t *testing.T) {
	whole, err := os.ReadFile("testdata/list.parquet")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	put := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	bad := "testdata/bad/"
	for _, c := range []struct {
		path string
		o    parquetfile.Options
		want string
	}{
		{bad + "none.parquet", parquetfile.Options{}, "no such file"},
		{bad, parquetfile.Options{}, "not a plain file"},
		{put("empty", nil), parquetfile.Options{}, "not a Parquet file, or damaged"},
		{put("text", []byte(strings.Repeat("hello ", 9))), parquetfile.Options{}, "not a Parquet file, or damaged"},
		{put("cut", whole[:len(whole)/2]), parquetfile.Options{}, "not a Parquet file, or damaged"},
		{bad + "rows.parquet", parquetfile.Options{}, "has no rows"},
		{bad + "null.parquet", parquetfile.Options{}, `the column "a" has no value in row 1`},
		{bad + "nan.parquet", parquetfile.Options{}, `the column "a" has NaN in row 2`},
		{bad + "text.parquet", parquetfile.Options{}, `the column "b" is string; expected numbers`},
		{bad + "date.parquet", parquetfile.Options{Labels: []string{"day"}}, `the column of labels "day" is date`},
		{bad + "date.parquet", parquetfile.Options{}, `the column "day" is date`},
		{bad + "short.parquet", parquetfile.Options{}, `the list "x" of row 1 has fewer numbers than the first one, which has 2`},
		{bad + "long.parquet", parquetfile.Options{}, `the list "x" of row 1 has more numbers`},
		{bad + "middle.parquet", parquetfile.Options{}, `the list "x" of row 1 has more numbers`},
		{bad + "empty.parquet", parquetfile.Options{}, `the column "x" has no value in row 0`},
		{bad + "two.parquet", parquetfile.Options{}, "the columns x, y are lists of numbers; name that of the samples in data.array"},
		{"testdata/columns.parquet", parquetfile.Options{List: "c0"}, `no column "c0" is a list of numbers (data.array)`},
		{"testdata/columns.parquet", parquetfile.Options{Labels: []string{"sort"}}, `no column is called "sort" (data.label_column); the file has c0, c1`},
		{bad + "nan.parquet", parquetfile.Options{Labels: []string{"a"}}, "no columns besides the labels"},
	} {
		f, err := parquetfile.Open(c.path, c.o)
		if err == nil {
			err = f.Read(func([]float32) error { return nil })
			f.Close()
		}
		var user *parquetfile.Error
		if !errors.As(err, &user) || !strings.HasPrefix(err.Error(), c.path+": ") || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v\nshould contain %q", c.path, err, c.want)
		}
	}
}

// Damage in the middle of a file is an error or goes unnoticed, but never a panic.
func TestDamagedFilesDoNotPanic(t *testing.T) {
	for _, name := range []string{"list", "fixed", "columns"} {
		whole, err := os.ReadFile("testdata/" + name + ".parquet")
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "x")
		for at := 0; at < len(whole); at += 29 {
			damaged := slices.Clone(whole)
			damaged[at] ^= 0x55
			if err := os.WriteFile(path, damaged, 0o644); err != nil {
				t.Fatal(err)
			}
			f, err := parquetfile.Open(path, parquetfile.Options{Labels: []string{"kind"}})
			if err != nil {
				continue
			}
			f.Read(func([]float32) error { return nil })
			f.Labels()
			f.Close()
		}
	}
}
