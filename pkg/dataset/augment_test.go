package dataset_test

import (
	"math"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gotrainer/trainer/pkg/dataset"
)

// augmented opens 40 images [2, 4, 5] with different values everywhere, from 1 on.
func augmented(t *testing.T, how dataset.Augment, seed int64, normalize string) (*dataset.Data, *dataset.Augmented) {
	t.Helper()
	v := ramp(40 * 40)
	for i := range v {
		v[i]++
	}
	path := save(t, filepath.Join(t.TempDir(), "x.npy"), []int64{40, 2, 4, 5}, v)
	d := open(t, dataset.Spec{Source: "npy", Path: path, Split: dataset.Fractions{Train: 0.75, Val: 0.25}, Normalize: normalize})
	a, err := d.Train.Augmented(how, seed)
	if err != nil {
		t.Fatal(err)
	}
	return d, a
}

func epoch(t *testing.T, a *dataset.Augmented, rows []int, epoch int64) []float32 {
	t.Helper()
	x := make([]float32, 40*len(rows))
	if err := a.ReadEpoch(x, rows, epoch); err != nil {
		t.Fatal(err)
	}
	return x
}

var every = dataset.Augment{Flip: true, Crop: 2, Noise: 0.1}

// A sample depends on seed, epoch and row alone: not on the batch, nor on what was read
// before.
func TestAugmentationIsAFunctionOfSeedEpochAndRow(t *testing.T) {
	_, a := augmented(t, every, 7, "standard")
	_, same := augmented(t, every, 7, "standard")
	all := epoch(t, a, upTo(30), 3)
	for _, r := range []int{29, 0, 13} {
		if got := epoch(t, same, []int{r}, 3); !slices.Equal(got, all[40*r:40*r+40]) {
			t.Errorf("row %d alone is %v, among all %v", r, got, all[40*r:40*r+40])
		}
	}
	_, other := augmented(t, every, 8, "standard")
	if slices.Equal(epoch(t, a, upTo(30), 4), all) || slices.Equal(epoch(t, other, upTo(30), 3), all) {
		t.Error("another epoch or another seed changes nothing")
	}
}

func TestReadGivesTheSamplesAsTheyAre(t *testing.T) {
	d, a := augmented(t, every, 7, "none")
	if !slices.Equal(readAll(t, a.Split, 40), readAll(t, d.Train, 40)) {
		t.Error("Read of an augmented split changes samples")
	}
	_, none := augmented(t, dataset.Augment{}, 7, "standard")
	if !slices.Equal(epoch(t, none, upTo(30), 1), readAll(t, none.Split, 40)) {
		t.Error("no augmentation changes samples")
	}
}

// Each sample is the original, or it is mirrored; about half of each.
func TestFlipMirrorsHalf(t *testing.T) {
	d, a := augmented(t, dataset.Augment{Flip: true}, 1, "none")
	x, mirrored := readAll(t, d.Train, 40), 0
	for e := range int64(20) {
		y := epoch(t, a, upTo(30), e)
		for r := range 30 {
			want, got := slices.Clone(x[40*r:40*r+40]), y[40*r:40*r+40]
			if slices.Equal(want, got) {
				continue
			}
			mirrored++
			for line := range 8 {
				slices.Reverse(want[5*line : 5*line+5])
			}
			if !slices.Equal(want, got) {
				t.Fatalf("epoch %d, row %d is neither: %v", e, r, got)
			}
		}
	}
	if mirrored < 240 || mirrored > 360 {
		t.Errorf("%d of 600 are mirrored", mirrored)
	}
}

// Each sample is the original, moved by up to two pixels both ways, with zeros behind it;
// every move comes.
func TestCropMovesWithinItsFrame(t *testing.T) {
	d, a := augmented(t, dataset.Augment{Crop: 2}, 1, "none")
	x, seen := readAll(t, d.Train, 40), map[[2]int]bool{}
	for e := range int64(10) {
		y := epoch(t, a, upTo(30), e)
		for r := range 30 {
			move, ok := [2]int{}, false
			for dy := -2; dy <= 2 && !ok; dy++ {
				for dx := -2; dx <= 2 && !ok; dx++ {
					move, ok = [2]int{dy, dx}, slices.Equal(moved(x[40*r:40*r+40], dy, dx), y[40*r:40*r+40])
				}
			}
			if !ok {
				t.Fatalf("epoch %d, row %d: %v is no moved %v", e, r, y[40*r:40*r+40], x[40*r:40*r+40])
			}
			seen[move] = true
		}
	}
	if len(seen) != 25 {
		t.Errorf("%d of 25 moves came", len(seen))
	}
}

func moved(x []float32, dy, dx int) []float32 {
	out := make([]float32, len(x))
	for c := range 2 {
		for i := range 4 {
			for j := range 5 {
				if y, z := i+dy, j+dx; y >= 0 && y < 4 && z >= 0 && z < 5 {
					out[20*c+5*i+j] = x[20*c+5*y+z]
				}
			}
		}
	}
	return out
}

func TestNoiseHasItsDeviation(t *testing.T) {
	d, a := augmented(t, dataset.Augment{Noise: 0.5}, 1, "none")
	x, sum, squares, n := readAll(t, d.Train, 40), 0.0, 0.0, 0.0
	for e := range int64(20) {
		for i, v := range epoch(t, a, upTo(30), e) {
			diff := float64(v - x[i])
			sum, squares, n = sum+diff, squares+diff*diff, n+1
		}
	}
	if mean, std := sum/n, math.Sqrt(squares/n); math.Abs(mean) > 0.02 || math.Abs(std-0.5) > 0.02 {
		t.Errorf("mean %v, standard deviation %v", mean, std)
	}
}

func TestNoisyPixelsStayInTheirRange(t *testing.T) {
	d := open(t, dataset.Spec{Source: "shapes", Count: 20, ImageSize: 8})
	a, err := d.Train.Augmented(dataset.Augment{Noise: 3}, 1)
	if err != nil {
		t.Fatal(err)
	}
	x := make([]float32, 64)
	if err := a.ReadEpoch(x, []int{0}, 0); err != nil {
		t.Fatal(err)
	}
	if slices.Min(x) != 0 || slices.Max(x) != 1 {
		t.Errorf("from %v to %v", slices.Min(x), slices.Max(x))
	}
}

func TestAugmentationThatDoesNotFitIsOneSentence(t *testing.T) {
	d := open(t, dataset.Spec{Source: "synthetic_sparse", Count: 20})
	_, err := d.Train.Augmented(dataset.Augment{Flip: true}, 1)
	wantSentence(t, err, "flip and crop are for images", "[64]")
	if _, err := d.Train.Augmented(dataset.Augment{Noise: 1}, 1); err != nil {
		t.Error(err)
	}
	images, _ := augmented(t, dataset.Augment{}, 1, "none")
	_, err = images.Train.Augmented(dataset.Augment{Crop: 4}, 1)
	wantSentence(t, err, "data.augment.crop: found 4 for images of 4 by 5")
	_, err = images.Train.Augmented(dataset.Augment{Noise: math.NaN()}, 1)
	wantSentence(t, err, "data.augment.noise")
}

func BenchmarkAugmentedBatch(b *testing.B) {
	d, err := dataset.Open(dataset.Spec{Source: "shapes", Count: 1024, ImageSize: 64})
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	for name, how := range map[string]dataset.Augment{"flip and crop": {Flip: true, Crop: 4}, "noise": {Noise: 0.05}} {
		b.Run(name, func(b *testing.B) {
			a, err := d.Train.Augmented(how, 1)
			if err != nil {
				b.Fatal(err)
			}
			x, rows := make([]float32, 128*64*64), upTo(128)
			for i := int64(0); b.Loop(); i++ {
				if err := a.ReadEpoch(x, rows, i); err != nil {
					b.Fatal(err)
				}
			}
			b.SetBytes(int64(4 * len(x)))
		})
	}
}
