package dataset_test

import (
	"math"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gotrainer/trainer/pkg/dataset"
)

// classed saves n samples, the first of which are of class 2, fewer of 1 and the rest of
// 0, and says where they and their labels are.
func classed(t *testing.T, n, ones, twos int) dataset.Spec {
	t.Helper()
	dir := t.TempDir()
	y := make([]float32, n)
	for i := range y {
		switch {
		case i < twos:
			y[i] = 2
		case i < twos+ones:
			y[i] = 1
		}
	}
	return dataset.Spec{
		Source: "npy", Path: save(t, filepath.Join(dir, "x.npy"), []int64{int64(n), 1}, ramp(n)),
		Labels: dataset.Labels{Path: save(t, filepath.Join(dir, "y.npy"), []int64{int64(n)}, y)}, Stratify: true,
	}
}

func TestStratifiedSplitsHaveTheirShareOfEachClass(t *testing.T) {
	for _, c := range []struct {
		n, ones, twos int
		f             dataset.Fractions
	}{
		{1000, 100, 10, dataset.Fractions{Train: 0.8, Val: 0.1, Test: 0.1}},
		{997, 311, 3, dataset.Fractions{Train: 0.7, Val: 0.2, Test: 0.1}},
		{50, 20, 7, dataset.Fractions{Train: 0.5, Val: 0.5}},
	} {
		spec := classed(t, c.n, c.ones, c.twos)
		spec.Split, spec.Seed = c.f, 5
		d := open(t, spec)
		spec.Stratify = false
		plain := open(t, spec)
		total := []int64{int64(c.n - c.ones - c.twos), int64(c.ones), int64(c.twos)}
		var seen []int64
		for i, s := range []*dataset.Split{d.Train, d.Val, d.Test} {
			if s == nil {
				continue
			}
			if want := []*dataset.Split{plain.Train, plain.Val, plain.Test}[i].Len(); s.Len() != want {
				t.Errorf("%v: %s has %d samples, without stratify %d", c, s.Name(), s.Len(), want)
			}
			share := []float64{c.f.Train, c.f.Val, c.f.Test}[i]
			counts := s.ClassCounts()
			for class, count := range counts {
				if off := math.Abs(float64(count) - share*float64(total[class])); off >= 2 {
					t.Errorf("%v: %s has %d of %d of class %d", c, s.Name(), count, total[class], class)
				}
			}
			seen = append(seen, s.Indices()...)
		}
		slices.Sort(seen)
		if len(seen) != c.n || len(slices.Compact(seen)) != c.n {
			t.Errorf("%v: the splits are no division of the rows", c)
		}
	}
}

func TestAStratifiedSplitIsThatOfItsSeed(t *testing.T) {
	spec := classed(t, 200, 40, 20)
	a, b := open(t, spec), open(t, spec)
	if !slices.Equal(a.Val.Indices(), b.Val.Indices()) {
		t.Error("the same seed gives other splits")
	}
	if err := b.Check(a.Record()); err != nil {
		t.Error(err)
	}
	spec.Seed = 9
	c := open(t, spec)
	if slices.Equal(a.Val.Indices(), c.Val.Indices()) {
		t.Error("another seed gives the same splits")
	}
	spec.Seed, spec.Stratify = 0, false
	wantSentence(t, open(t, spec).Check(a.Record()), "split otherwise than in the checkpoint")
	if a.Record()["stratify"] != true || open(t, spec).Record()["stratify"] != nil {
		t.Error("the record does not say whether the split is stratified")
	}
}

func TestWhatCannotBeStratifiedIsOneSentence(t *testing.T) {
	spec := classed(t, 200, 40, 2)
	openError(t, spec, "data.split.stratify: class 2 has 2 of the samples, too few for 3 splits")
	spec.Labels.Path = ""
	openError(t, spec, "data.split.stratify", "no labels that number classes")
	openError(t, dataset.Spec{Source: "shapes", Count: 50, Label: "scale", Stratify: true}, "no labels that number classes")
	open(t, dataset.Spec{Source: "shapes", Count: 50, Label: "shape", Stratify: true})
}
