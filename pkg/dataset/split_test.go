package dataset_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gotrainer/trainer/pkg/dataset"
)

func TestASplitIsAFunctionOfSeedCountAndFractions(t *testing.T) {
	path := save(t, filepath.Join(t.TempDir(), "x.npy"), []int64{100, 1}, ramp(100))
	rows := func(seed int64) string {
		d := open(t, dataset.Spec{Source: "npy", Path: path, Seed: seed})
		return fmt.Sprint(d.Train.Indices(), d.Val.Indices(), d.Test.Indices())
	}
	if rows(1) != rows(1) || rows(1) == rows(2) {
		t.Error("the split is not a function of the seed")
	}
	d := open(t, dataset.Spec{Source: "npy", Path: path, Seed: 42})
	if want := []int64{5, 10, 16, 17, 25, 45, 76, 83, 86, 87}; !slices.Equal(d.Val.Indices(), want) {
		t.Errorf("seed 42 gave val %v, want %v for good", d.Val.Indices(), want)
	}
}

func TestEveryRowIsInOneSplitInTheOrderOfTheFile(t *testing.T) {
	for _, c := range []struct {
		n    int
		f    dataset.Fractions
		want [3]int
	}{
		{100, dataset.Fractions{}, [3]int{80, 10, 10}},
		{99, dataset.Fractions{}, [3]int{81, 9, 9}},
		{100, dataset.Fractions{Train: 0.42, Val: 0.29, Test: 0.29}, [3]int{42, 29, 29}},
		{5, dataset.Fractions{}, [3]int{5, 0, 0}},
		{7, dataset.Fractions{Train: 1}, [3]int{7, 0, 0}},
		{3, dataset.Fractions{Train: 0.5, Val: 0.5}, [3]int{2, 1, 0}},
	} {
		path := save(t, filepath.Join(t.TempDir(), "x.npy"), []int64{int64(c.n), 2}, ramp(2*c.n))
		d := open(t, dataset.Spec{Source: "npy", Path: path, Split: c.f, Seed: 1})
		var all []int64
		for i, s := range []*dataset.Split{d.Train, d.Val, d.Test} {
			if s == nil {
				if c.want[i] != 0 {
					t.Errorf("%+v: split %d is missing", c, i)
				}
				continue
			}
			rows := s.Indices()
			if len(rows) != c.want[i] || s.Len() != c.want[i] || !slices.IsSorted(rows) || s.Name() != []string{"train", "val", "test"}[i] {
				t.Errorf("%+v: %s has rows %v", c, s.Name(), rows)
			}
			for k, v := range readAll(t, s, 2) {
				if v != float32(2*rows[k/2]+int64(k%2)) {
					t.Fatalf("%+v: %s does not hold the rows that it names", c, s.Name())
				}
			}
			all = append(all, rows...)
		}
		slices.Sort(all)
		if !slices.Equal(all, slices.Compact(slices.Clone(all))) || len(all) != c.n {
			t.Errorf("%+v: rows %v", c, all)
		}
	}
}

func TestARecordIsCheckedAndTheDifferenceNamed(t *testing.T) {
	dir := t.TempDir()
	path := save(t, filepath.Join(dir, "x.npy"), []int64{50, 2}, ramp(100))
	spec := dataset.Spec{Source: "npy", Path: path, Seed: 1}
	rec := open(t, spec).Record()
	if err := open(t, spec).Check(rec); err != nil {
		t.Errorf("the same data: %v", err)
	}
	moved := save(t, filepath.Join(dir, "moved.npy"), []int64{50, 2}, ramp(100))
	if err := open(t, dataset.Spec{Source: "npy", Path: moved, Seed: 1}).Check(rec); err != nil {
		t.Errorf("the same content in another place: %v", err)
	}
	check := func(s dataset.Spec, wants ...string) {
		t.Helper()
		wantSentence(t, open(t, s).Check(rec), wants...)
	}
	other := spec
	other.Seed = 2
	check(other, "other rows are in the train split", "seed 1")
	other = spec
	other.Split = dataset.Fractions{Train: 0.9, Val: 0.1}
	check(other, "the train split has 45 samples, it had 40")
	other = spec
	other.Path = save(t, filepath.Join(dir, "y.npy"), []int64{50, 2}, slices.Repeat([]float32{1}, 100))
	check(other, "the content is not")
	check(dataset.Spec{Source: "shapes", Count: 50}, "source is shapes, it was npy")
	other = spec
	other.Path, other.Train, other.Val = "", path, path
	check(other, "divided is false, it was true")
	wantSentence(t, open(t, spec).Check(map[string]any{"source": "npy", "divided": true}), "count_train", "nothing")
}

func TestARecordHoldsPlainValuesOnly(t *testing.T) {
	rec := open(t, dataset.Spec{Source: "shapes", Count: 20}).Record()
	for key, v := range rec {
		switch v.(type) {
		case string, bool, int64, float64:
		default:
			t.Errorf("%s is a %T", key, v)
		}
	}
	for _, key := range []string{"source", "fingerprint", "seed", "fraction_train", "count_val", "sha256_test"} {
		if rec[key] == nil {
			t.Errorf("no %s in %v", key, rec)
		}
	}
}

func TestGivenFilesAreTheSplits(t *testing.T) {
	dir := t.TempDir()
	train := save(t, filepath.Join(dir, "a.npy"), []int64{3, 2}, ramp(6))
	test := save(t, filepath.Join(dir, "b.npy"), []int64{2, 2}, ramp(4))
	trainY := save(t, filepath.Join(dir, "ay.npy"), []int64{3}, []float32{0, 1, 2})
	testY := save(t, filepath.Join(dir, "by.npy"), []int64{2}, []float32{4, 0})
	d := open(t, dataset.Spec{Source: "npy", Train: train, Test: test, Labels: dataset.Labels{Train: trainY, Test: testY}})
	if d.Train.Len() != 3 || d.Val != nil || d.Test.Len() != 2 || d.Classes != 5 {
		t.Errorf("train %d, val %v, test %d, classes %d", d.Train.Len(), d.Val, d.Test.Len(), d.Classes)
	}
	if !slices.Equal(readAll(t, d.Test, 2), ramp(4)) || !slices.Equal(readLabels(t, d.Test, 1), []float32{4, 0}) {
		t.Error("test does not hold its file")
	}
	if !slices.Equal(d.Train.Indices(), []int64{0, 1, 2}) {
		t.Errorf("train rows %v", d.Train.Indices())
	}
	alone := open(t, dataset.Spec{Source: "npy", Train: train, Split: dataset.Fractions{Train: 0.5, Val: 0.5}})
	if alone.Train.Len() != 2 || alone.Val.Len() != 1 {
		t.Error("train alone is not divided")
	}
}

func TestTheLoadedFileCanHaveBeenGzipped(t *testing.T) {
	dir := t.TempDir()
	data, err := os.ReadFile(golden + "f4.npy.gz")
	if err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, "f4.npy.gz"), data)
	zipped := open(t, dataset.Spec{Source: "npy", Path: filepath.Join(dir, "f4.npy")})
	plain := open(t, dataset.Spec{Source: "npy", Path: golden + "f4.npy"})
	if err := zipped.Check(plain.Record()); err != nil {
		t.Errorf("gzip made other data of it: %v", err)
	}
}
