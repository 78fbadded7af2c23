package dataset_test

import (
	"encoding/json"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gotrainer/trainer/pkg/dataset"
)

// trainAndVal opens 3 train samples and 1 val sample of 2 values, mapped.
func trainAndVal(t *testing.T, kind string, stats *dataset.Stats) *dataset.Data {
	t.Helper()
	dir := t.TempDir()
	train := save(t, filepath.Join(dir, "a.npy"), []int64{3, 2}, []float32{1, 4, 3, 4, 5, 4})
	val := save(t, filepath.Join(dir, "b.npy"), []int64{1, 2}, []float32{7, 12})
	return open(t, dataset.Spec{Source: "npy", Train: train, Val: val, Normalize: kind, Stats: stats, InMemory: "false"})
}

func close32(a, b []float32, tolerance float64) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Abs(float64(x)-float64(y)) <= tolerance })
}

func TestNormalisationUsesTheTrainSplitAndIsUndone(t *testing.T) {
	std := float32(math.Sqrt(8.0 / 3))
	for _, c := range []struct {
		kind string
		val  []float32
	}{
		{"none", []float32{7, 12}},
		{"minmax", []float32{1.5, 2.75}},
		{"standard", []float32{4 / std, 8}}, // the second value never varies: centred only
		{"mean_center", []float32{4, 8}},
	} {
		d := trainAndVal(t, c.kind, nil)
		x := readAll(t, d.Val, 2)
		if !close32(x, c.val, 1e-6) {
			t.Errorf("%s: %v, want %v", c.kind, x, c.val)
		}
		d.Denormalize(x)
		if !close32(x, []float32{7, 12}, 1e-5) {
			t.Errorf("%s: undone it is %v", c.kind, x)
		}
	}
}

func TestUnitNormIsPerSampleAndNotUndone(t *testing.T) {
	path := save(t, filepath.Join(t.TempDir(), "x.npy"), []int64{3, 2}, []float32{3, 4, 0, 0, 0, -2})
	d := open(t, dataset.Spec{Source: "npy", Path: path, Split: whole, Normalize: "unit_norm"})
	want := []float32{0.6, 0.8, 0, 0, 0, -1}
	x := readAll(t, d.Train, 2)
	if !close32(x, want, 1e-7) {
		t.Errorf("%v, want %v", x, want)
	}
	d.Denormalize(x)
	if !close32(x, want, 1e-7) {
		t.Errorf("undone it is %v", x)
	}
}

func TestAConstantIsMappedToZeroByMinmax(t *testing.T) {
	path := save(t, filepath.Join(t.TempDir(), "x.npy"), []int64{2, 1}, []float32{7, 7})
	d := open(t, dataset.Spec{Source: "npy", Path: path, Split: whole, Normalize: "minmax"})
	x := readAll(t, d.Train, 1)
	if !slices.Equal(x, []float32{0, 0}) {
		t.Errorf("%v", x)
	}
	d.Denormalize(x)
	if !slices.Equal(x, []float32{7, 7}) {
		t.Errorf("undone it is %v", x)
	}
}

// The variance of 10000 ± 0.01 has no digits left in a float32 sum of squares.
func TestStatisticsKeepTheirDigits(t *testing.T) {
	const n = 300_000
	v := make([]float32, n)
	want, mean := 0.0, 0.0
	for i := range v {
		v[i] = 10000 + float32(i%3-1)/64
		mean += float64(v[i]) / n
	}
	for _, x := range v {
		want += (float64(x) - mean) * (float64(x) - mean) / n
	}
	path := save(t, filepath.Join(t.TempDir(), "x.npy"), []int64{n, 1}, v)
	s := open(t, dataset.Spec{Source: "npy", Path: path, Split: whole, Normalize: "standard"}).Stats
	if got := float64(s.Std[0]); math.Abs(got/math.Sqrt(want)-1) > 1e-5 {
		t.Errorf("standard deviation %v, want %v", got, math.Sqrt(want))
	}
}

func TestStatisticsSurviveACheckpoint(t *testing.T) {
	for _, kind := range []string{"none", "minmax", "standard", "unit_norm", "mean_center"} {
		d := trainAndVal(t, kind, nil)
		want := readAll(t, d.Val, 2)
		text, err := json.Marshal(d.Stats.Plain())
		if err != nil {
			t.Fatal(err)
		}
		var fromJSON map[string]any
		if err := json.Unmarshal(text, &fromJSON); err != nil {
			t.Fatal(err)
		}
		for _, plain := range []map[string]any{d.Stats.Plain(), fromJSON} {
			s, err := dataset.StatsFrom(plain)
			if err != nil {
				t.Fatalf("%s: %v", kind, err)
			}
			got := readAll(t, trainAndVal(t, "standard", &s).Val, 2) // Stats wins over Normalize
			if !slices.Equal(got, want) {
				t.Errorf("%s: %v, want %v", kind, got, want)
			}
		}
	}
	if _, ok := trainAndVal(t, "standard", nil).Stats.Plain()["mean"].([]float32); !ok {
		t.Error("a mean is not a []float32")
	}
}

func TestImpossibleStatisticsAreRefused(t *testing.T) {
	nan := math.NaN()
	for _, m := range []map[string]any{
		{},
		{"kind": 3},
		{"kind": "zscore"},
		{"kind": "minmax"},
		{"kind": "minmax", "min": 1.0, "max": 0.0},
		{"kind": "minmax", "min": nan, "max": 1.0},
		{"kind": "minmax", "min": 0.0, "max": 1.0, "mean": []float32{}, "std": []float32{}},
		{"kind": "minmax", "min": 0.0, "max": 1.0, "mean": "a", "std": []float32{1}},
		{"kind": "mean_center"},
		{"kind": "mean_center", "mean": []float32{}},
		{"kind": "mean_center", "mean": []any{"a"}},
		{"kind": "standard", "mean": []float32{1}},
		{"kind": "standard", "mean": []float32{1}, "std": []float32{1, 2}},
		{"kind": "standard", "mean": []float32{1}, "std": []float32{0}},
		{"kind": "standard", "mean": []float64{nan}, "std": []float64{1}},
	} {
		_, err := dataset.StatsFrom(m)
		wantSentence(t, err, "data statistics")
	}
	path := save(t, filepath.Join(t.TempDir(), "x.npy"), []int64{2, 3}, ramp(6))
	s := dataset.Stats{Kind: "mean_center", Mean: []float32{1, 2}}
	openError(t, dataset.Spec{Source: "npy", Path: path, Stats: &s}, "samples of 2 values, these data have 3")
	for _, s := range []dataset.Stats{{Kind: "standard"}, {Kind: "mean_center"}, {Kind: "minmax", Max: 1, Mean: []float32{}, Std: []float32{}}} {
		openError(t, dataset.Spec{Source: "npy", Path: path, Stats: &s}, "samples of 0 values, these data have 3")
	}
}

func TestStatisticsLeaveTheOtherSplitsOut(t *testing.T) {
	v := ramp(100)
	path := save(t, filepath.Join(t.TempDir(), "x.npy"), []int64{100, 1}, v)
	d := open(t, dataset.Spec{Source: "npy", Path: path, Normalize: "minmax", Seed: 1})
	low, high := float32(math.Inf(1)), float32(math.Inf(-1))
	for _, row := range d.Train.Indices() {
		low, high = min(low, float32(row)), max(high, float32(row))
	}
	if d.Stats.Min != low || d.Stats.Max != high {
		t.Errorf("%+v, want %v to %v", d.Stats, low, high)
	}
}
