package learn

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"
)

// example is 60 samples of three features, a number for each and its third and half.
func example() (x []float32, y []float64, thirds, halves []int) {
	for i := range 60 {
		for j := range 3 {
			x = append(x, float32(math.Sin(1.7*float64(i)+2.3*float64(j*j)+1)+0.1*float64(j)*math.Cos(float64(i))))
		}
		a, b := float64(x[i*3]), float64(x[i*3+1])
		y = append(y, math.Sin(3*a)+0.5*b*b)
	}
	sorted := slices.Sorted(slices.Values(y))
	for _, v := range y {
		class := 0
		if v >= sorted[20] { // numpy's quantiles lie between the 20th and the 21st, and the 40th and the 41st
			class++
		}
		if v >= sorted[40] {
			class++
		}
		thirds, halves = append(thirds, class), append(halves, min(class, 1))
	}
	return x, y, thirds, halves
}

func must(b *Boosted, err error) *Boosted {
	if err != nil {
		panic(err)
	}
	return b
}

// until ends at the given look at it.
type until struct {
	context.Context
	looks int
}

func (c *until) Err() error {
	if c.looks--; c.looks <= 0 {
		return context.Canceled
	}
	return nil
}

// A context that ends with the seventh tree leaves it, and all after it, ungrown.
func TestTreesEndWithTheContext(t *testing.T) {
	x, y, thirds, _ := example()
	for name, boost := range map[string]func(ctx context.Context) (*Boosted, error){
		"numbers": func(ctx context.Context) (*Boosted, error) { return BoostNumbers(ctx, x, 3, y) },
		"classes": func(ctx context.Context) (*Boosted, error) { return BoostClasses(ctx, x, 3, thirds, 3) },
	} {
		ctx := &until{t.Context(), 7}
		if _, err := boost(ctx); !errors.Is(err, context.Canceled) || ctx.looks != 0 {
			t.Errorf("%s: %v, and %d looks were left", name, err, ctx.looks)
		}
	}
}

func near(t *testing.T, what string, got []float64, tolerance float64, want ...float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %v, want %v", what, got, want)
	}
	for i, w := range want {
		if math.Abs(got[i]-w) > tolerance*(1+math.Abs(w)) {
			t.Errorf("%s: %v, want %v", what, got, want)
			return
		}
	}
}

// The values of this file are what scikit-learn 1.9.1 gives for the same data. Where two
// features divide a node in the same way it takes one at random, so that importances of
// so few samples are near its own only.
func TestBoostedTreesAreThoseOfScikitLearn(t *testing.T) {
	x, y, thirds, halves := example()
	numbers := must(BoostNumbers(t.Context(), x, 3, y))
	near(t, "importance", numbers.Importance(), 0.008, 0.855244352, 0.13152523, 0.0132304176)
	for i, want := range []float64{0.582016001, 1.38288637, -0.222683556, -0.236369464} {
		near(t, "number", []float64{numbers.Number(x[i*3 : i*3+3])}, 1e-6, want)
	}
	three := must(BoostClasses(t.Context(), x, 3, thirds, 3))
	near(t, "importance of three classes", three.Importance(), 0.008, 0.89493549, 0.0591218642, 0.0459426455)
	var classes []int
	for i := range 8 {
		classes = append(classes, three.Class(x[i*3:i*3+3]))
	}
	if want := []int{1, 2, 0, 0, 1, 1, 1, 2}; !slices.Equal(classes, want) {
		t.Errorf("classes %v, want %v", classes, want)
	}
	two := must(BoostClasses(t.Context(), x, 3, halves, 2))
	near(t, "importance of two classes", two.Importance(), 1e-6, 0.928571429, 0, 0.0714285714)
	for i, want := range []float64{11.1193773, 11.1193773, -10.463022} {
		near(t, "score", two.scores(x[i*3:i*3+3]), 1e-6, want)
	}
}

func TestAConstantTargetHasNoImportance(t *testing.T) {
	b := must(BoostNumbers(t.Context(), []float32{1, 2, 3, 4}, 1, []float64{7, 7, 7, 7}))
	near(t, "importance", b.Importance(), 0, 0)
	near(t, "number", []float64{b.Number([]float32{9})}, 1e-12, 7)
}

func TestTheLinesAreThoseOfScikitLearn(t *testing.T) {
	x, _, thirds, halves := example()
	var first []float64
	for i := range thirds {
		first = append(first, float64(x[i*3]))
	}
	three, two := SVM(first, thirds, 3, 0.01), SVM(first, halves, 2, 0.01)
	near(t, "slopes", []float64{three[0].W, three[1].W, three[2].W}, 1e-7, -0.300609007, 0.0329576779, 0.26373465)
	near(t, "intercepts", []float64{three[0].B, three[1].B, three[2].B}, 1e-7, -0.179932136, -0.182024959, -0.183472875)
	near(t, "two classes", []float64{two[1].W, two[1].B, two[0].W, two[0].B}, 1e-7, 0.345487273, 0.0260671897, -0.345487273, -0.0260671897)
	if a, b := Best(two, 3), Best(two, -3); a != 1 || b != 0 {
		t.Errorf("3 is of class %d, -3 of %d", a, b)
	}
}

func TestThePlaneIsThatOfScikitLearn(t *testing.T) {
	x, _, _, halves := example()
	var y []bool
	for _, h := range halves {
		y = append(y, h == 1)
	}
	p := Logistic(x, 3, y)
	near(t, "plane", append(p.W, p.B), 1e-6, 1.45116997, 0.106716648, -0.96178031, 0.420286775)
}

// Without a penalty on b and with features that say nothing, b is the only answer.
func TestAPlaneWithoutFeaturesIsBalanced(t *testing.T) {
	p := Logistic(make([]float32, 5), 1, []bool{true, false, false, false, false})
	near(t, "plane", append(p.W, p.B), 1e-9, 0, 0)
}
