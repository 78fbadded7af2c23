package dataset_test

import (
	"math"
	"runtime"
	"slices"
	"testing"

	"github.com/gotrainer/trainer/pkg/dataset"
)

func TestShapesAreImagesWithTheirFactors(t *testing.T) {
	d := open(t, dataset.Spec{Source: "shapes", Seed: 1})
	if !slices.Equal(d.Shape, []int64{1, 32, 32}) || !slices.Equal(d.LabelShape, []int64{5}) {
		t.Errorf("samples %v, labels %v", d.Shape, d.LabelShape)
	}
	if !slices.Equal(d.LabelNames, []string{"shape", "scale", "rotation", "x", "y"}) || d.Classes != 0 {
		t.Errorf("names %v, classes %d", d.LabelNames, d.Classes)
	}
	if d.Train.Len() != 4096-409-409 || d.Val.Len() != 409 || d.Test.Len() != 409 {
		t.Errorf("%d %d %d samples", d.Train.Len(), d.Val.Len(), d.Test.Len())
	}
	x, y := readAll(t, d.Train, 1024), readLabels(t, d.Train, 5)
	grey, seen := 0, [4]int{}
	for i := range d.Train.Len() {
		image, f := x[i*1024:(i+1)*1024], y[i*5:(i+1)*5]
		seen[int(f[0])]++
		checkFactors(t, f)
		checkImage(t, image, f)
		for _, v := range image {
			if v > 0 && v < 1 {
				grey++
			}
		}
	}
	if grey < 10*d.Train.Len() {
		t.Errorf("%d grey pixels: not anti-aliased", grey)
	}
	if slices.Min(seen[:]) < d.Train.Len()/5 {
		t.Errorf("shapes %v: not uniform", seen)
	}
}

func checkFactors(t *testing.T, f []float32) {
	t.Helper()
	low, high := []float32{0, 0.5, 0, 0, 0}, []float32{3, 1, 2 * math.Pi, 1, 1}
	for j, v := range f {
		if v < low[j] || v > high[j] || j == 0 && v != float32(int(v)) {
			t.Fatalf("factors %v out of range", f)
		}
	}
}

// checkImage compares the centre and the area of what is painted with the factors.
func checkImage(t *testing.T, image []float32, f []float32) {
	t.Helper()
	area, mx, my := 0.0, 0.0, 0.0
	for i, v := range image {
		if !(v >= 0 && v <= 1) {
			t.Fatalf("pixel %v", v)
		}
		area += float64(v)
		mx += float64(v) * (float64(i%32) + 0.5)
		my += float64(v) * (float64(i/32) + 0.5)
	}
	for i := range 32 {
		if image[i] != 0 || image[31*32+i] != 0 || image[32*i] != 0 || image[32*i+31] != 0 {
			t.Fatalf("factors %v: the shape touches the edge", f)
		}
	}
	radius := 8 * float64(f[1])
	want := []float64{2, math.Pi * 0.55, 1 + math.Pi/4, 3 * math.Sqrt(3) / 4}[int(f[0])] * radius * radius
	if math.Abs(area-want) > 0.05*want {
		t.Errorf("factors %v: area %.2f, want %.2f", f, area, want)
	}
	cx, cy := 9+14*float64(f[3]), 9+14*float64(f[4])
	if off := math.Hypot(mx/area-cx, my/area-cy); off > 0.1 && f[0] != 2 || off > radius/2 {
		t.Errorf("factors %v: the centre is off by %.2f", f, off)
	}
}

func TestOneFactorCanBeTheLabel(t *testing.T) {
	all := open(t, dataset.Spec{Source: "shapes", Count: 50, Seed: 3})
	y := readLabels(t, all.Train, 5)
	for j, name := range all.LabelNames {
		d := open(t, dataset.Spec{Source: "shapes", Count: 50, Seed: 3, Label: name})
		if len(d.LabelShape) != 0 || d.LabelShape == nil || !slices.Equal(d.LabelNames, []string{name}) {
			t.Errorf("%s: shape %v, names %v", name, d.LabelShape, d.LabelNames)
		}
		if want := map[string]int{"shape": 4}[name]; d.Classes != want {
			t.Errorf("%s: %d classes, want %d", name, d.Classes, want)
		}
		for i, v := range readLabels(t, d.Train, 1) {
			if v != y[i*5+j] {
				t.Fatalf("%s of sample %d: %v, want %v", name, i, v, y[i*5+j])
			}
		}
	}
}

// The factors x and y are where the weight of the image lies, whatever the shape.
func TestShapesLieWhereTheirFactorsSay(t *testing.T) {
	d := open(t, dataset.Spec{Source: "shapes", Count: 200, ImageSize: 64, Seed: 1})
	images, factors := readAll(t, d.Train, 64*64), readLabels(t, d.Train, 5)
	const margin = 64.0/4 + 1
	for i := range d.Train.Len() {
		var weight, x, y float64
		for p, v := range images[i*64*64 : (i+1)*64*64] {
			weight, x, y = weight+float64(v), x+float64(v)*(float64(p%64)+0.5), y+float64(v)*(float64(p/64)+0.5)
		}
		f := factors[i*5 : i*5+5]
		wantX, wantY := margin+float64(f[3])*(64-2*margin), margin+float64(f[4])*(64-2*margin)
		if math.Abs(x/weight-wantX) > 0.1 || math.Abs(y/weight-wantY) > 0.1 {
			t.Errorf("shape %v of sample %d lies at %.2f, %.2f, its factors say %.2f, %.2f", f[0], i, x/weight, y/weight, wantX, wantY)
		}
	}
}

func TestSparseSamplesAreSumsOfAtoms(t *testing.T) {
	d := open(t, dataset.Spec{Source: "synthetic_sparse", Count: 2000, Dim: 16, Atoms: 40, Active: 3, Seed: 2})
	m := d.Dictionary
	if m.Rows != 40 || m.Cols != 16 || len(m.Data) != 640 || !slices.Equal(d.Shape, []int64{16}) || d.LabelShape != nil {
		t.Fatalf("dictionary %d x %d, samples %v", m.Rows, m.Cols, d.Shape)
	}
	for i := range m.Rows {
		square := 0.0
		for _, v := range m.Data[i*16 : (i+1)*16] {
			square += float64(v) * float64(v)
		}
		if math.Abs(square-1) > 1e-6 {
			t.Errorf("atom %d has length %v", i, math.Sqrt(square))
		}
	}
	// E x = 3/40 * mean coefficient 1 * sum of atoms; compare along the sum itself.
	sum := make([]float64, 16)
	for i, v := range m.Data {
		sum[i%16] += float64(v) * 3 / 40
	}
	x := readAll(t, d.Train, 16)
	got, want := 0.0, 0.0
	for j, v := range sum {
		want += v * v
		for i := range d.Train.Len() {
			got += float64(x[i*16+j]) * v / float64(d.Train.Len())
		}
	}
	if math.Abs(got-want) > 0.1*want+0.05 {
		t.Errorf("mean along the expected mean: %v, want %v", got, want)
	}
}

func TestASparseSampleOfOneAtomIsThatAtom(t *testing.T) {
	d := open(t, dataset.Spec{Source: "synthetic_sparse", Count: 500, Dim: 8, Atoms: 10, Active: 1, Seed: 2})
	x := readAll(t, d.Train, 8)
	used := map[int]bool{}
	for i := range d.Train.Len() {
		found := false
		for k := range 10 {
			dot, rest := 0.0, 0.0
			for j := range 8 {
				dot += float64(x[i*8+j]) * float64(d.Dictionary.Data[k*8+j])
			}
			for j := range 8 {
				rest += math.Abs(float64(x[i*8+j]) - dot*float64(d.Dictionary.Data[k*8+j]))
			}
			if rest < 1e-5 && dot >= 0.5 && dot < 1.5 {
				found, used[k] = true, true
			}
		}
		if !found {
			t.Fatalf("sample %d is no multiple in [0.5, 1.5) of an atom", i)
		}
	}
	if len(used) != 10 {
		t.Errorf("%d of 10 atoms occur", len(used))
	}
}

// Two layers have directions of their own and the same coefficients; the last one may be the
// label.
func TestLayersShareTheirCoefficients(t *testing.T) {
	s := dataset.Spec{Source: "synthetic_sparse", Count: 200, Dim: 8, Atoms: 10, Active: 1, Layers: 2, Seed: 2}
	d := open(t, s)
	if !slices.Equal(d.Shape, []int64{2, 8}) || d.Dictionary.Cols != 16 || d.LabelShape != nil {
		t.Fatalf("samples %v, %d columns of the dictionary, labels %v", d.Shape, d.Dictionary.Cols, d.LabelShape)
	}
	x := readAll(t, d.Train, 16)
	coefficient := func(sample, layer int) float64 {
		best := 0.0
		for k := range 10 {
			dot := 0.0
			for j := range 8 {
				dot += float64(x[sample*16+layer*8+j]) * float64(d.Dictionary.Data[k*16+layer*8+j])
			}
			best = max(best, dot) // the atoms have length 1: it is the one of the sample
		}
		return best
	}
	for i := range d.Train.Len() {
		if a, b := coefficient(i, 0), coefficient(i, 1); math.Abs(a-b) > 1e-5 || a < 0.5 || a > 1.5 {
			t.Fatalf("sample %d has %v and %v", i, a, b)
		}
	}

	s.Label = "last_layer"
	paired := open(t, s)
	if !slices.Equal(paired.Shape, []int64{8}) || !slices.Equal(paired.LabelShape, []int64{8}) || paired.Fingerprint == d.Fingerprint {
		t.Fatalf("samples %v, labels %v", paired.Shape, paired.LabelShape)
	}
	first, last := readAll(t, paired.Train, 8), readLabels(t, paired.Train, 8)
	for i := range paired.Train.Len() {
		if !slices.Equal(first[i*8:i*8+8], x[i*16:i*16+8]) || !slices.Equal(last[i*8:i*8+8], x[i*16+8:i*16+16]) {
			t.Fatalf("sample %d is not that of both layers", i)
		}
	}
	for i := range 10 {
		if !slices.Equal(paired.Dictionary.Data[i*8:i*8+8], d.Dictionary.Data[i*16+8:i*16+16]) {
			t.Fatalf("atom %d is not that of the last layer", i)
		}
	}
}

func TestNoiseHasTheGivenSize(t *testing.T) {
	s := dataset.Spec{Source: "synthetic_sparse", Count: 4000, Dim: 8, Atoms: 10, Active: 2, Seed: 2}
	clean := readAll(t, open(t, s).Train, 8)
	s.Noise = 0.25
	noisy := readAll(t, open(t, s).Train, 8)
	mean, square := 0.0, 0.0
	for i := range clean {
		d := float64(noisy[i]) - float64(clean[i])
		mean, square = mean+d, square+d*d
	}
	n := float64(len(clean))
	if std := math.Sqrt(square / n); math.Abs(std-0.25) > 0.01 || math.Abs(mean/n) > 0.01 {
		t.Errorf("noise of mean %v, standard deviation %v", mean/n, std)
	}
}

func TestGeneratedDataDependOnTheSeedAndNotOnTheThreads(t *testing.T) {
	for _, s := range []dataset.Spec{{Source: "shapes", Count: 301, Seed: 5}, {Source: "synthetic_sparse", Count: 301, Noise: 0.01, Seed: 5}} {
		make := func(threads int, seed int64) ([]float32, string) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(threads))
			s.Seed = seed
			d := open(t, s)
			dim := 1
			for _, v := range d.Shape {
				dim *= int(v)
			}
			return readAll(t, d.Train, dim), d.Fingerprint
		}
		one, print := make(1, 5)
		for _, threads := range []int{2, 3, 7} {
			if many, again := make(threads, 5); !slices.Equal(one, many) || print != again {
				t.Errorf("%s: %d threads give other data", s.Source, threads)
			}
		}
		if other, otherPrint := make(1, 6); slices.Equal(one, other) || print == otherPrint {
			t.Errorf("%s: another seed gives the same data", s.Source)
		}
	}
}

func TestMoreSamplesLeaveTheFirstAsTheyAre(t *testing.T) {
	all := dataset.Fractions{Train: 1}
	few := readAll(t, open(t, dataset.Spec{Source: "shapes", Count: 10, Split: all}).Train, 1024)
	many := readAll(t, open(t, dataset.Spec{Source: "shapes", Count: 20, Split: all}).Train, 1024)
	if !slices.Equal(few, many[:len(few)]) {
		t.Error("image 0 to 9 depend on count")
	}
}

func BenchmarkOpenShapes(b *testing.B) {
	for b.Loop() {
		if _, err := dataset.Open(dataset.Spec{Source: "shapes"}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpenSparse(b *testing.B) {
	for b.Loop() {
		if _, err := dataset.Open(dataset.Spec{Source: "synthetic_sparse", Noise: 0.01}); err != nil {
			b.Fatal(err)
		}
	}
}
