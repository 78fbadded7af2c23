package dataset_test

import (
	"archive/zip"
	"encoding/json"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gotrainer/trainer/pkg/dataset"
	"github.com/gotrainer/trainer/pkg/npy"
)

// saveBytes writes uint8 values as a .npy file and returns its path.
func saveBytes(t *testing.T, path string, shape []int64, v []byte) string {
	t.Helper()
	w, err := npy.Create(path, "u1", shape)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	if _, err := w.Write(v); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// threeArrays are an image of 1 by 2, two words and a number of four samples, each in a file
// of its own, and all in an .npz file with two arrays of labels.
func threeArrays(t *testing.T) (dir string, rows []float32) {
	dir = t.TempDir()
	image := saveBytes(t, filepath.Join(dir, "x_image.npy"), []int64{4, 1, 1, 2}, []byte{0, 255, 51, 102, 255, 0, 0, 0})
	word := saveBytes(t, filepath.Join(dir, "x_word.npy"), []int64{4, 2}, []byte{0, 1, 2, 3, 200, 5, 6, 7})
	number := save(t, filepath.Join(dir, "x_number.npy"), []int64{4}, []float32{-1, 1, -1, 1})
	kind := save(t, filepath.Join(dir, "kind.npy"), []int64{4}, []float32{2, 0, 1, 0})
	box := save(t, filepath.Join(dir, "box.npy"), []int64{4, 2}, []float32{0, 0.5, 1, 1.5, 0, 2.5, 3, 3.5})
	var contents [][]byte
	for _, path := range []string{image, word, number, kind, box} {
		contents = append(contents, content(t, path))
	}
	put(t, filepath.Join(dir, "all.npz"), npzFile(t, zip.Store, []string{"image", "word", "number", "kind", "box"}, contents...))
	return dir, []float32{0, 1, 0, 1, -1, 0.2, 0.4, 2, 3, 1, 1, 0, 200, 5, -1, 0, 0, 6, 7, 1}
}

var imageWordNumber = []dataset.Array{{Name: "image"}, {Name: "word"}, {Name: "number"}}

func TestArraysAreJoinedToOneRow(t *testing.T) {
	dir, rows := threeArrays(t)
	var prints []string
	for _, mode := range []string{"true", "false"} {
		npz := open(t, dataset.Spec{Source: "npz", Path: filepath.Join(dir, "all.npz"), Arrays: imageWordNumber, Raw: []string{"word"}, LabelArrays: []string{"kind", "box"}, Split: whole, InMemory: mode})
		files := open(t, dataset.Spec{Source: "npy", Path: filepath.Join(dir, "x_{array}.npy"), Arrays: imageWordNumber, Raw: []string{"word"}, Split: whole, InMemory: mode})
		for _, d := range []*dataset.Data{npz, files} {
			if x := readAll(t, d.Train, 5); !close32(x, rows, 1e-7) {
				t.Errorf("samples %v, want %v", x, rows)
			}
			x := make([]float32, 10)
			if err := d.Train.Read(x, []int{3, 1}); err != nil || !close32(x, slices.Concat(rows[15:20], rows[5:10]), 1e-7) {
				t.Errorf("rows 3 and 1 are %v, %v", x, err)
			}
			if got, want := text(t, d.Arrays), `[{"Name":"image","From":0,"To":2,"Shape":[1,1,2]},{"Name":"word","From":2,"To":4,"Shape":[2]},{"Name":"number","From":4,"To":5,"Shape":[1]}]`; got != want {
				t.Errorf("arrays %s", got)
			}
			if !slices.Equal(d.Shape, []int64{5}) {
				t.Errorf("shape %v", d.Shape)
			}
			prints = append(prints, d.Fingerprint)
		}
		if files.Files != 3 {
			t.Errorf("%d files", files.Files)
		}
		if y := readLabels(t, npz.Train, 3); !slices.Equal(y, []float32{2, 0, 0.5, 0, 1, 1.5, 1, 0, 2.5, 0, 3, 3.5}) {
			t.Errorf("labels %v", y)
		}
		if got := text(t, npz.Labels); got != `[{"Name":"kind","From":0,"To":1,"Shape":[]},{"Name":"box","From":1,"To":3,"Shape":[2]}]` || !slices.Equal(npz.LabelClasses, []int{3, 4, 0}) {
			t.Errorf("labels %s of classes %v", got, npz.LabelClasses)
		}
	}
	if prints[0] != prints[2] || prints[1] != prints[3] {
		t.Errorf("in memory and mapped the fingerprints are %v", prints)
	}
	described, err := dataset.Describe(dataset.Spec{Source: "npz", Path: filepath.Join(dir, "all.npz"), Arrays: imageWordNumber, Split: whole})
	if err != nil || described.Train.Len() != 4 || len(described.Arrays) != 3 || !slices.Equal(described.Shape, []int64{5}) {
		t.Errorf("described as %+v, %v", described, err)
	}
	other := open(t, dataset.Spec{Source: "npz", Path: filepath.Join(dir, "all.npz"), Arrays: []dataset.Array{{Name: "word"}, {Name: "image"}, {Name: "number"}}, Split: whole})
	if other.Fingerprint == prints[0] {
		t.Error("another order has the same fingerprint")
	}
}

func text(t *testing.T, v any) string {
	t.Helper()
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// Of the arrays, one may be cut into other files than another.
func TestShardsOfArraysAreJoinedByRow(t *testing.T) {
	dir := t.TempDir()
	inShards(t, dir, 2)
	save(t, filepath.Join(dir, "y_0.npy"), []int64{10, 1}, ramp(10))
	save(t, filepath.Join(dir, "kinds.npy"), []int64{10}, ramp(10))
	spec := dataset.Spec{Source: "npy", Path: filepath.Join(dir, "{array}[0-9].npy"), Arrays: []dataset.Array{{Name: "x-"}, {Name: "y_"}}, Labels: dataset.Labels{Path: filepath.Join(dir, "kinds.npy")}, Split: whole}
	d := open(t, spec)
	x := readAll(t, d.Train, 3)
	for r := range 10 {
		if !slices.Equal(x[3*r:3*r+3], []float32{float32(2 * r), float32(2*r + 1), float32(r)}) {
			t.Errorf("row %d is %v", r, x[3*r:3*r+3])
		}
	}
	if d.Files != 4 || d.Classes != 10 {
		t.Errorf("%d files, %d classes", d.Files, d.Classes)
	}
}

func TestRawArraysAreNotNormalised(t *testing.T) {
	dir, rows := threeArrays(t)
	for kind, want := range map[string][]float32{
		"minmax":      {0.5, 1, 0, 1, 0, 0.6, 0.7, 2, 3, 1, 1, 0.5, 200, 5, 0, 0.5, 0.5, 6, 7, 1},
		"mean_center": {-0.3, 0.65, 0, 1, -1, -0.1, 0.05, 2, 3, 1, 0.7, -0.35, 200, 5, -1, -0.3, -0.35, 6, 7, 1},
		"standard":    nil,
	} {
		d := open(t, dataset.Spec{Source: "npz", Path: filepath.Join(dir, "all.npz"), Arrays: imageWordNumber, Raw: []string{"word"}, Split: whole, Normalize: kind})
		x := readAll(t, d.Train, 5)
		if want != nil && !close32(x, want, 1e-6) {
			t.Errorf("%s: %v, want %v", kind, x, want)
		}
		for r := range 4 {
			if !slices.Equal(x[5*r+2:5*r+4], rows[5*r+2:5*r+4]) {
				t.Errorf("%s: the words of row %d are %v", kind, r, x[5*r+2:5*r+4])
			}
		}
		kept, err := dataset.StatsFrom(d.Stats.Plain())
		if err != nil || text(t, kept) != text(t, d.Stats) {
			t.Errorf("%s: kept as %+v, %v", kind, kept, err)
		}
		d.Denormalize(x)
		if !close32(x, rows, 1e-5) {
			t.Errorf("%s: undone it is %v", kind, x)
		}
	}
	openError(t, dataset.Spec{Source: "npz", Path: filepath.Join(dir, "all.npz"), Arrays: imageWordNumber, Raw: []string{"word"}, Normalize: "unit_norm"}, "data.raw: word stays as it is", "unit_norm divides whole samples")
}

func TestNoiseAndFlipsPassRawArraysBy(t *testing.T) {
	dir, rows := threeArrays(t)
	d := open(t, dataset.Spec{Source: "npz", Path: filepath.Join(dir, "all.npz"), Arrays: imageWordNumber, Raw: []string{"word"}, Split: whole})
	a, err := d.Train.Augmented(dataset.Augment{Flip: true, Noise: 0.5}, 3)
	if err != nil {
		t.Fatal(err)
	}
	changed, x := 0, make([]float32, 20)
	for epoch := range int64(8) {
		if err := a.ReadEpoch(x, upTo(4), epoch); err != nil {
			t.Fatal(err)
		}
		for r := range 4 {
			if !slices.Equal(x[5*r+2:5*r+4], rows[5*r+2:5*r+4]) {
				t.Errorf("the words of row %d are %v", r, x[5*r+2:5*r+4])
			}
			if x[5*r+4] != rows[5*r+4] {
				changed++
			}
			if x[5*r] < 0 || x[5*r] > 1 {
				t.Errorf("a pixel is %v", x[5*r])
			}
		}
	}
	if changed == 0 {
		t.Error("no number was changed")
	}
}

func TestColumnsOfATableAreParts(t *testing.T) {
	path := put(t, filepath.Join(t.TempDir(), "a.csv"), []byte("id,u,v,kind,size\none,1,2,0,0.5\ntwo,3,4,2,1.5\n"))
	d := open(t, dataset.Spec{Source: "csv", Path: path, Arrays: []dataset.Array{{Name: "v"}, {Name: "place", Columns: []string{"size", "u"}}}, LabelColumns: []string{"kind"}, Split: whole})
	if x := readAll(t, d.Train, 3); !slices.Equal(x, []float32{2, 0.5, 1, 4, 1.5, 3}) || d.Classes != 3 {
		t.Errorf("samples %v, %d classes", x, d.Classes)
	}
	d = open(t, dataset.Spec{Source: "csv", Path: path, Arrays: []dataset.Array{{Name: "u"}}, LabelColumns: []string{"size", "kind"}, Split: whole})
	if y := readLabels(t, d.Train, 2); !slices.Equal(y, []float32{0.5, 0, 1.5, 2}) || !slices.Equal(d.LabelClasses, []int{0, 3}) || d.Labels[1].Name != "kind" {
		t.Errorf("labels %v of %v", y, d.LabelClasses)
	}
	csv := func(arrays []dataset.Array, labels ...string) dataset.Spec {
		return dataset.Spec{Source: "csv", Path: path, Arrays: arrays, LabelColumns: labels}
	}
	openError(t, csv([]dataset.Array{{Name: "w"}}), path, `no column is named "w" (data.arrays)`)
	openError(t, csv([]dataset.Array{{Name: "u"}, {Name: "w", Columns: []string{"u"}}}), `the column "u" is taken twice`)
	openError(t, csv([]dataset.Array{{Name: "u"}}, "u"), `the column "u" is taken twice`)
	openError(t, csv([]dataset.Array{{Name: "id"}}), path+`:2:1: found "one" in column 1`)
}

// One of several columns of labels may hold names, whose numbers all files share.
func TestAColumnOfNamesIsALabelAmongOthers(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "a.csv"), []byte("u,size,kind\n1,0.5,rose\n2,1.5,lily\n"))
	put(t, filepath.Join(dir, "b.csv"), []byte("u,size,kind\n3,2,iris\n"))
	spec := dataset.Spec{Source: "csv", Path: filepath.Join(dir, "*.csv"), LabelColumns: []string{"size", "kind"}, Split: whole}
	d := open(t, spec)
	if y := readLabels(t, d.Train, 2); !slices.Equal(y, []float32{0.5, 2, 1.5, 1, 2, 0}) || !slices.Equal(d.LabelClasses, []int{0, 3}) || !slices.Equal(d.ClassNames, []string{"iris", "lily", "rose"}) {
		t.Errorf("labels %v of %v, %v", y, d.LabelClasses, d.ClassNames)
	}
	spec.Path, spec.Classes = filepath.Join(dir, "b.csv"), d.ClassNames
	if b := open(t, spec); !slices.Equal(readLabels(t, b.Train, 2), []float32{2, 0}) || b.LabelClasses[1] != 3 {
		t.Errorf("labels of the second file %v", readLabels(t, b.Train, 2))
	}
	spec.Classes = nil
	put(t, filepath.Join(dir, "b.csv"), []byte("u,size,kind\n3,big,iris\n4,small,rose\n"))
	openError(t, spec, "b.csv:2:7", "(one column of labels may hold names)")
	spec = dataset.Spec{Source: "parquet", Path: parquet + "list.parquet", LabelColumns: []string{"kind", "id"}, Split: whole}
	d = open(t, spec)
	if y := readLabels(t, d.Train, 2); !slices.Equal(y[:6], []float32{0, 0, 1, 1, 2, 12}) || !slices.Equal(d.LabelClasses, []int{3, 40}) {
		t.Errorf("labels %v of %v", y[:6], d.LabelClasses)
	}
}

func TestColumnsOfAParquetFileAreParts(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	for _, mode := range []string{"true", "false"} {
		d := open(t, dataset.Spec{Source: "parquet", Path: parquet + "list.parquet", Arrays: []dataset.Array{{Name: "kind"}, {Name: "x"}}, Split: whole, InMemory: mode})
		if x := readAll(t, d.Train, 9); !slices.Equal(x[9:14], []float32{1, 1, 1.125, 1.25, 1.375}) || text(t, d.Arrays) != `[{"Name":"kind","From":0,"To":1,"Shape":[1]},{"Name":"x","From":1,"To":9,"Shape":[8]}]` {
			t.Errorf("%v of %s", x[9:18], text(t, d.Arrays))
		}
		d = open(t, dataset.Spec{Source: "parquet", Path: parquet + "columns.parquet", Arrays: []dataset.Array{{Name: "a", Columns: []string{"c2", "c0"}}}, LabelColumns: []string{"yes", "kind"}, Split: whole, InMemory: mode})
		if x, y := readAll(t, d.Train, 2), readLabels(t, d.Train, 2); !slices.Equal(x[2:6], []float32{1.25, 1, 2.25, 2}) || !slices.Equal(y[:6], []float32{0, 0, 1, 1, 0, 2}) {
			t.Errorf("samples %v, labels %v", x[:6], y[:6])
		}
	}
	openError(t, dataset.Spec{Source: "parquet", Path: parquet + "list.parquet", Arrays: []dataset.Array{{Name: "y"}}}, `no column is called "y" (data.arrays)`)
	openError(t, dataset.Spec{Source: "parquet", Path: parquet + "list.parquet", Arrays: []dataset.Array{{Name: "id"}}}, `the column "id" is`)
}

func TestArraysThatDoNotFitAreOneSentence(t *testing.T) {
	dir, _ := threeArrays(t)
	save(t, filepath.Join(dir, "x_short.npy"), []int64{3, 2}, ramp(6))
	files := func(path string, arrays ...string) dataset.Spec {
		s := dataset.Spec{Source: "npy", Path: filepath.Join(dir, path)}
		for _, a := range arrays {
			s.Arrays = append(s.Arrays, dataset.Array{Name: a})
		}
		return s
	}
	openError(t, files("x_{array}.npy", "word", "short"), `the array "short" has 3 rows but "word" has 4`)
	openError(t, files("x_word.npy", "word"), "data.path: data.arrays are several files of source npy", "write {array} where their names stand")
	openError(t, files("x_{array}.npy"), "{array} stands for the arrays' names, and data.arrays is missing")
	openError(t, files("x_{array}.npy", "wird"), "x_wird.npy does not exist", "x_word.npy")
	openError(t, files("x_{array}.npy", "word", "word"), `"word" stands twice`)
	npz := files("all.npz", "image", "none")
	npz.Source = "npz"
	openError(t, npz, `not exactly one array named "none"`)
	npz.Arrays, npz.LabelArrays = npz.Arrays[:1], []string{"kind", "sizes"}
	openError(t, npz, `not exactly one array named "sizes"`)
	npz.LabelArrays, npz.Raw = nil, []string{"word"}
	openError(t, npz, `data.raw: there is no array "word"; expected one of data.arrays (image)`)
	npz.Arrays, npz.Raw = []dataset.Array{{Name: "image", Columns: []string{"a"}}}, nil
	openError(t, npz, `"image" lists columns, which source npz has none of`)
	openError(t, dataset.Spec{Source: "shapes", Arrays: imageWordNumber}, "source shapes has no arrays with names")
}

// A file of several arrays is read up to a quarter of the memory, as any other; only what was
// read is looked through for indices.
func TestTheFileOfTheArraysIsMappedWhereItIsLarge(t *testing.T) {
	dir, _ := threeArrays(t)
	path := filepath.Join(dir, "all.npz")
	spec := dataset.Spec{Source: "npz", Path: path, Arrays: imageWordNumber, Raw: []string{"word"}, Split: whole}
	size := int64(len(content(t, path)))
	for memory, read := range map[int64]bool{4 * size: true, 4*size - 1: false} {
		spec.Memory = memory
		d := open(t, spec)
		d.Expect([]dataset.Index{{From: 2, To: 4, Below: 200, By: "it"}})
		if err := d.CheckIndices(); (err != nil) != read {
			t.Errorf("with %d bytes of memory for %d: %v", memory, size, err)
		}
	}
}

// What a model reads as indices is checked wherever samples are read.
func TestAnIndexOutOfRangeIsOneSentence(t *testing.T) {
	dir, rows := threeArrays(t)
	path := filepath.Join(dir, "all.npz")
	spec := dataset.Spec{Source: "npz", Path: path, Arrays: imageWordNumber, Raw: []string{"word"}, Split: whole}
	reads := func(below int64) []dataset.Index {
		return []dataset.Index{{From: 2, To: 4, Below: below, By: "model.layers[0]: embedding"}}
	}
	x := make([]float32, 10)
	d := open(t, spec)
	d.Expect(reads(201))
	if got := readAll(t, d.Train, 5); !close32(got, rows, 1e-7) {
		t.Errorf("read %v", got)
	}
	d = open(t, spec)
	d.Expect(reads(200))
	if err := d.Train.Read(x, []int{3, 1}); err != nil {
		t.Error(err)
	}
	wantSentence(t, d.Train.Read(x, []int{3, 2}), "model.layers[0]: embedding reads whole numbers from 0 to 199, and found 200 in row 2 of "+path+" (train split)", "write num: 201 or more")
	a, err := d.Train.Augmented(dataset.Augment{Noise: 0.1}, 1)
	if err != nil {
		t.Fatal(err)
	}
	wantSentence(t, a.ReadEpoch(x, []int{2, 0}, 0), "found 200 in row 2")
	wantSentence(t, d.CheckIndices(), "found 200 in row 2")
	spec.InMemory = "false"
	d = open(t, spec)
	d.Expect(reads(200))
	if err := d.CheckIndices(); err != nil {
		t.Errorf("a mapped file was read: %v", err)
	}
	spec.Raw = nil
	d = open(t, spec)
	d.Expect(reads(201))
	wantSentence(t, d.Train.Read(x[:5], []int{1}), "found 0.007843138 in row 1", "name the array in data.raw")
	d = open(t, dataset.Spec{Source: "npy", Path: filepath.Join(dir, "x_word.npy"), Split: whole})
	d.Expect([]dataset.Index{{From: 0, To: 2, Below: 9, By: "it"}})
	wantSentence(t, d.Train.Read(x[:2], []int{1}), "store numbers of less than 256 as int32")
	if _, _, bytes := d.Train.Affine(); bytes {
		t.Error("indices would be read as bytes, unchecked")
	}
	d = open(t, dataset.Spec{Source: "npy", Path: save(t, filepath.Join(dir, "n.npy"), []int64{1, 1}, []float32{-1}), Split: whole})
	d.Expect([]dataset.Index{{From: 0, To: 1, Below: 9, By: "it"}})
	wantSentence(t, d.Train.Read(x[:1], []int{0}), "found -1 in row 0", "from 0")
}
