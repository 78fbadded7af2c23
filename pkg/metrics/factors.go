package metrics

import (
	"fmt"
	"math"
	"slices"
)

// Coded are codes of samples whose factors are known.
type Coded struct {
	K     int       // latent dimensions
	Mu    []float32 // [n, K]
	F     int       // factors
	Truth []float32 // [n, F]
}

// Len is the number of samples.
func (c Coded) Len() int { return len(c.Mu) / c.K }

const (
	migBins    = 20 // of a latent, and of a factor that is continuous
	mostValues = 50 // different values of a factor that is not continuous
)

// factor is one column of the truth: classes, or numbers where it is continuous.
type factor struct {
	name       string
	at         int // the column
	continuous bool
	values     []float64 // [n]
	seen       []float64 // the different values in order, which number the classes
	classes    []int     // [n]; of a continuous factor the bins
	m          int       // how many classes there are
}

// factors are the columns that vary; names may be nil.
func (c Coded) factors(names []string) (list []factor) {
	for j := range c.F {
		f := factor{name: fmt.Sprint(j), at: j, values: column(c.Truth, j, c.F)}
		if j < len(names) {
			f.name = names[j]
		}
		f.seen = slices.Compact(slices.Sorted(slices.Values(f.values)))
		if f.continuous = len(f.seen) > mostValues; f.continuous {
			f.classes, f.m = bins(c.Truth, j, c.F, c.Len()), migBins
		} else {
			f.classes, f.m = f.classesOf(f.values), len(f.seen)
		}
		if len(f.seen) > 1 {
			list = append(list, f)
		}
	}
	return list
}

// classesOf numbers values as those that were seen; -1 for another one.
func (f factor) classesOf(values []float64) []int {
	classes := make([]int, len(values))
	for i, v := range values {
		at, ok := slices.BinarySearch(f.seen, v)
		if !ok {
			at = -1
		}
		classes[i] = at
	}
	return classes
}

// MIG is the mutual information gap, of all factors and of each; NaN where no factor
// varies or there is one latent only.
func MIG(c Coded, names []string) []Value {
	binned := make([][]int, c.K)
	for d := range c.K {
		binned[d] = bins(c.Mu, d, c.K, c.Len())
	}
	var gaps []float64
	var each []Value
	for _, f := range c.factors(names) {
		if c.K < 2 {
			break
		}
		information := make([]float64, c.K)
		for d := range c.K {
			information[d] = mutual(binned[d], migBins, f.classes, f.m)
		}
		slices.Sort(information)
		gaps = append(gaps, (information[c.K-1]-information[c.K-2])/entropy(f.classes, f.m))
		each = append(each, Value{"mig/" + f.name, gaps[len(gaps)-1]})
	}
	return append([]Value{{"mig", mean(gaps)}}, each...)
}

// column is column d of [n, k].
func column(x []float32, d, k int) []float64 {
	out := make([]float64, len(x)/k)
	for i := range out {
		out[i] = float64(x[i*k+d])
	}
	return out
}

// bins puts column d into migBins of equal width.
func bins(x []float32, d, k, n int) []int {
	low, high := math.Inf(1), math.Inf(-1)
	for i := range n {
		low, high = min(low, float64(x[i*k+d])), max(high, float64(x[i*k+d]))
	}
	out := make([]int, n)
	for i := range n {
		if high > low {
			out[i] = min(int(float64(migBins)*(float64(x[i*k+d])-low)/(high-low)), migBins-1)
		}
	}
	return out
}

func entropy(classes []int, m int) float64 {
	counts := make([]float64, m)
	for _, c := range classes {
		counts[c]++
	}
	h := 0.0
	for _, c := range counts {
		if c > 0 {
			h -= c / float64(len(classes)) * math.Log(c/float64(len(classes)))
		}
	}
	return h
}

// mutual is the mutual information of two columns of classes, in nats.
func mutual(a []int, na int, b []int, nb int) float64 {
	joint := make([]int, len(a))
	for i := range a {
		joint[i] = a[i]*nb + b[i]
	}
	return entropy(a, na) + entropy(b, nb) - entropy(joint, na*nb)
}
