package sweep

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
	"strconv"
)

// Setting is one key with one value, as --set takes it.
type Setting struct{ Key, Value string }

// String is KEY=VALUE.
func (s Setting) String() string { return s.Key + "=" + s.Value }

// Point is one combination of settings, in the order of the axes.
type Point []Setting

// MaxPoints bounds a search: more runs than that are a slip of the hand.
const MaxPoints = 10_000

// Points gives every combination of the search: the grid's, and for each of them the
// samples of the other axes, if there are any. The samples depend on the seed, the key
// and their number alone.
func Points(axes []Axis, samples int, seed int64) ([]Point, error) {
	var grid, random []Axis
	keys := map[string]bool{}
	for _, a := range axes {
		if keys[a.Key] {
			return nil, mistakef("%s is searched twice; give all of its values at once", a.Key)
		}
		keys[a.Key] = true
		if a.Kind == Grid {
			grid = append(grid, a)
		} else {
			random = append(random, a)
		}
	}
	switch {
	case len(axes) == 0:
		return nil, mistakef("nothing is searched; give --grid model.beta=1,2,4, or --samples 20 with --log-uniform training.optimizer.lr=1e-4,1e-2")
	case len(random) > 0 && samples < 1:
		return nil, mistakef("--%s needs --samples with how many to draw, as in --samples 20", random[0].Kind)
	case len(random) == 0 && samples > 0:
		return nil, mistakef("--samples needs a key to draw: --uniform, --log-uniform or --choice")
	}
	total := max(samples, 1)
	for _, a := range grid {
		if total *= len(a.Values); total > MaxPoints {
			return nil, mistakef("the search has more than %d runs; take fewer values or samples", MaxPoints)
		}
	}
	if total > MaxPoints {
		return nil, mistakef("the search has more than %d runs; take fewer values or samples", MaxPoints)
	}
	return combine(axes, max(samples, 1), seed, total), nil
}

// combine counts through the grid, the last axis fastest, and through the samples within.
func combine(axes []Axis, samples int, seed int64, total int) []Point {
	points := make([]Point, total)
	for i := range points {
		sample, cell := i%samples, i/samples
		point := make(Point, len(axes))
		for j := len(axes) - 1; j >= 0; j-- {
			a := axes[j]
			point[j].Key = a.Key
			if a.Kind == Grid {
				point[j].Value = a.Values[cell%len(a.Values)]
				cell /= len(a.Values)
			} else {
				point[j].Value = a.sample(seed, sample)
			}
		}
		points[i] = point
	}
	return points
}

// sample draws the value with that number.
func (a Axis) sample(seed int64, number int) string {
	h := fnv.New64a()
	h.Write([]byte(a.Key)) // a hash takes everything
	u := rand.New(rand.NewPCG(uint64(seed)^h.Sum64(), uint64(number))).Float64()
	if a.Kind == Choice {
		return a.Values[int(u*float64(len(a.Values)))]
	}
	low, high := a.low, a.high
	if a.whole { // both limits can come
		low, high = low-0.5, high+0.5
		if a.Kind == LogUniform {
			low = math.Max(low, 0.5)
		}
	}
	x := low + u*(high-low)
	if a.Kind == LogUniform {
		x = math.Exp(math.Log(low) + u*(math.Log(high)-math.Log(low)))
	}
	if a.whole {
		x = math.Max(a.low, math.Min(math.Round(x), a.high))
		return strconv.FormatFloat(x, 'f', -1, 64)
	}
	return decimal(x)
}

// decimal writes a number with four significant digits, so that what a run is called,
// what its config says and what it was trained with are one number.
func decimal(x float64) string {
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'e', 3, 64), 64)
	text := strconv.FormatFloat(rounded, 'g', -1, 64)
	if f, err := strconv.Atoi(text); err == nil {
		return strconv.Itoa(f) + ".0"
	}
	return text
}
