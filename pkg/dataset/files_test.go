package dataset_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gotrainer/trainer/pkg/dataset"
)

var whole = dataset.Fractions{Train: 1}

func TestEveryDtypeIsReadAndBytesAreScaled(t *testing.T) {
	for _, c := range []struct {
		name string
		at   func(i int) float32
	}{
		{"f2", func(i int) float32 { return float32(i-5) / 2 }},
		{"f4", func(i int) float32 { return float32(i-5) / 2 }},
		{"big_f8", func(i int) float32 { return float32(i-5) / 2 }},
		{"i1", func(i int) float32 { return float32(i - 5) }},
		{"i8", func(i int) float32 { return float32(i - 5) }},
		{"big_i4", func(i int) float32 { return float32(i - 5) }},
		{"u1", func(i int) float32 { return float32(i) / 255 }},
		{"b1", func(i int) float32 { return float32(i % 2) }},
	} {
		for _, memory := range []string{"auto", "true", "false"} {
			d := open(t, dataset.Spec{Source: "npy", Path: golden + c.name + ".npy", Split: whole, InMemory: memory})
			for i, v := range readAll(t, d.Train, 4) {
				if v != c.at(i) {
					t.Fatalf("%s: value %d is %v, want %v", c.name, i, v, c.at(i))
				}
			}
			if !slices.Equal(d.Shape, []int64{4}) || d.LabelShape != nil {
				t.Errorf("%s: samples %v, labels %v", c.name, d.Shape, d.LabelShape)
			}
			if err := d.Train.ReadLabels(nil, nil); !isUserError(err) {
				t.Errorf("labels where there are none: %v", err)
			}
		}
	}
}

func TestMNISTsFormat(t *testing.T) {
	for _, images := range []string{"images-idx3-ubyte", "images-idx3-ubyte.gz"} {
		d := open(t, dataset.Spec{Source: "idx", Path: golden + images, Split: whole, Labels: dataset.Labels{Path: golden + "labels-idx1-ubyte"}})
		if !slices.Equal(d.Shape, []int64{1, 3, 3}) || d.Classes != 6 {
			t.Errorf("samples %v, %d classes", d.Shape, d.Classes)
		}
		for i, v := range readAll(t, d.Train, 9) {
			if v != float32(i*5%256)/255 {
				t.Fatalf("pixel %d is %v", i, v)
			}
		}
		if y := readLabels(t, d.Train, 1); !slices.Equal(y, []float32{3, 1, 4, 1, 5}) {
			t.Errorf("labels %v", y)
		}
	}
	d := open(t, dataset.Spec{Source: "idx", Path: golden + "values-idx2-float", Split: whole})
	for i, v := range readAll(t, d.Train, 2) {
		if v != float32(i-5)/2 {
			t.Fatalf("value %d is %v", i, v)
		}
	}
}

func TestLabelsOfEveryKind(t *testing.T) {
	dir := t.TempDir()
	x := save(t, filepath.Join(dir, "x.npy"), []int64{3, 1}, ramp(3))
	for _, c := range []struct {
		file    string
		classes int
		shape   []int64
		want    []float32
	}{
		{golden + "labels.npy", 3, []int64{}, []float32{2, 0, 1}},
		{save(t, filepath.Join(dir, "float.npy"), []int64{3}, []float32{0.5, -1, 3}), 0, []int64{}, []float32{0.5, -1, 3}},
		{save(t, filepath.Join(dir, "whole.npy"), []int64{3}, []float32{0, 1, 3}), 4, []int64{}, []float32{0, 1, 3}},
		{save(t, filepath.Join(dir, "minus.npy"), []int64{3}, []float32{0, -1, 3}), 0, []int64{}, []float32{0, -1, 3}},
		{save(t, filepath.Join(dir, "pairs.npy"), []int64{3, 2}, ramp(6)), 0, []int64{2}, ramp(6)},
		{golden + "fortran_i8.npy", 0, []int64{2}, []float32{-5, -4, -3, -2, -1, 0}},
		{golden + "f2.npy", 0, []int64{4}, halves(12)},
		{golden + "f8.npy", 0, []int64{4}, halves(12)},
		{golden + "big_f4.npy", 0, []int64{4}, halves(12)},
		{golden + "version3.npy", 0, []int64{4}, halves(12)},
		{golden + "f4.npy.gz", 0, []int64{4}, halves(12)},
		{golden + "u1.npy", 0, []int64{4}, ramp(12)},
		{golden + "u2.npy", 0, []int64{4}, ramp(12)},
		{golden + "u4.npy", 0, []int64{4}, ramp(12)},
		{golden + "big_u8.npy", 0, []int64{4}, ramp(12)},
		{golden + "i1.npy", 0, []int64{4}, minusFive(12)},
		{golden + "big_i2.npy", 0, []int64{4}, minusFive(12)},
		{golden + "i4.npy", 0, []int64{4}, minusFive(12)},
		{golden + "b1.npy", 0, []int64{4}, []float32{0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1}},
	} {
		d := open(t, dataset.Spec{Source: "npy", Path: x, Split: whole, Labels: dataset.Labels{Path: c.file}})
		got := readLabels(t, d.Train, len(c.want)/3)
		if !slices.Equal(got, c.want) || !slices.Equal(d.LabelShape, c.shape) || d.LabelShape == nil || d.Classes != c.classes {
			t.Errorf("%s: labels %v of shape %v, %d classes", c.file, got, d.LabelShape, d.Classes)
		}
	}
}

func halves(n int) []float32 {
	v := minusFive(n)
	for i := range v {
		v[i] /= 2
	}
	return v
}

func minusFive(n int) []float32 {
	v := ramp(n)
	for i := range v {
		v[i] -= 5
	}
	return v
}

func TestAnotherExperimentsEmbeddings(t *testing.T) {
	run := filepath.Join(t.TempDir(), "vae", "baseline")
	at := func(name string) string { return filepath.Join(run, "embeddings", name) }
	spec := dataset.Spec{Source: "embeddings", Experiment: run}
	openError(t, spec, "data.experiment", "the folder "+filepath.Dir(run)+" does not exist either")
	if err := os.MkdirAll(run, 0o755); err != nil {
		t.Fatal(err)
	}
	openError(t, spec, "has no embeddings/train_embeddings.npy", "trainer extract-embeddings "+run)
	wrong := spec
	wrong.Experiment = filepath.Join(filepath.Dir(run), "basline")
	openError(t, wrong, "did you mean "+run)

	save(t, at("train_embeddings.npy"), []int64{3, 2}, ramp(6))
	if d := open(t, spec); d.Train.Len() != 3 || d.Val != nil || d.Test != nil || d.LabelShape != nil {
		t.Error("a run without val and test is not divided again")
	}
	save(t, at("val_embeddings.npy"), []int64{1, 2}, ramp(2))
	save(t, at("train_labels.npy"), []int64{3}, []float32{0, 1, 1})
	if d := open(t, spec); d.Val.Len() != 1 || d.LabelShape != nil {
		t.Error("labels of one split only were used")
	}
	save(t, at("val_labels.npy"), []int64{1}, []float32{2})
	d := open(t, spec)
	if d.Classes != 3 || !slices.Equal(readLabels(t, d.Train, 1), []float32{0, 1, 1}) || !slices.Equal(readAll(t, d.Val, 2), ramp(2)) {
		t.Errorf("classes %d", d.Classes)
	}
	data, err := os.ReadFile(golden + "f4.npy.gz")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(at("train_embeddings.npy")); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(at("val_embeddings.npy")); err != nil {
		t.Fatal(err)
	}
	put(t, at("train_embeddings.npy.gz"), data)
	if d := open(t, spec); d.Train.Len() != 3 || !slices.Equal(d.Shape, []int64{4}) {
		t.Error("gzipped embeddings are not read")
	}
}

func TestAMappedDataFileThatIsCutGivesASentence(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.npy")
	save(t, path, []int64{100, 1024}, ramp(100*1024))
	d := open(t, dataset.Spec{Source: "npy", Path: path, Split: whole, InMemory: "false"})
	if err := os.Truncate(path, 8192); err != nil {
		t.Fatal(err)
	}
	err := d.Train.Read(make([]float32, 1024), []int{99})
	if err == nil || isUserError(err) {
		t.Errorf("got %v, want an error that is not the user's", err)
	}
	read := open(t, dataset.Spec{Source: "npy", Path: save(t, path, []int64{2, 1}, ramp(2)), Split: whole, InMemory: "true"})
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	if got := readAll(t, read.Train, 1); !slices.Equal(got, ramp(2)) {
		t.Errorf("data in memory changed: %v", got)
	}
}
