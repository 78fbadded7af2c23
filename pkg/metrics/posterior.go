package metrics

import (
	"fmt"
	"math"
	"slices"
)

// Posterior judges normal posteriors q(z|x) against the prior N(0, I).
type Posterior struct {
	k        int
	n        float64
	kl       []float64
	mean, sq []float64
}

// NewPosterior is for k latent dimensions.
func NewPosterior(k int) *Posterior {
	return &Posterior{k: k, kl: make([]float64, k), mean: make([]float64, k), sq: make([]float64, k)}
}

// Add takes means and log variances, [n, k] each.
func (p *Posterior) Add(mu, logvar []float32) {
	for at := 0; at < len(mu); at += p.k {
		p.n++
		for d := range p.k {
			m, s := float64(mu[at+d]), float64(logvar[at+d])
			p.kl[d] += 0.5 * (m*m + math.Exp(s) - s - 1)
			p.mean[d] += m
			p.sq[d] += m * m
		}
	}
}

// activeVariance is the variance of a dimension's mean above which a unit is active.
const activeVariance = 0.01

// Values are the total, the active units, and kl/0, kl/1, … of each dimension in nats.
func (p *Posterior) Values() []Value {
	total, active := 0.0, 0
	var each []Value
	for d := range p.k {
		kl := p.kl[d] / p.n
		total += kl
		if m := p.mean[d] / p.n; p.sq[d]/p.n-m*m > activeVariance {
			active++
		}
		each = append(each, Value{fmt.Sprintf("kl/%d", d), kl})
	}
	return append([]Value{{"kl", total}, {"active_units", float64(active)}}, each...)
}

// migBins is the number of bins of a latent.
const migBins = 20

// MIG is the mutual information gap of latents mu [n, k] and factors [n, f], whose values
// are taken as they are: each different one is a class. Factors that do not vary are left
// out; NaN where none is left or there is one latent only.
func MIG(mu []float32, k int, factors []float32, f int) Value {
	n := len(mu) / k
	binned := make([][]int, k)
	for d := range k {
		binned[d] = bins(mu, d, k, n)
	}
	sum, count := 0.0, 0
	for j := range f {
		classes, m := classesOf(factors, j, f, n)
		h := entropy(classes, m)
		if h == 0 {
			continue
		}
		var information []float64
		for d := range k {
			information = append(information, mutual(binned[d], migBins, classes, m))
		}
		slices.Sort(information)
		if k < 2 {
			return Value{"mig", math.NaN()}
		}
		sum += (information[k-1] - information[k-2]) / h
		count++
	}
	return Value{"mig", sum / float64(count)}
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

// classesOf numbers the values of a column in the order in which they appear.
func classesOf(x []float32, d, k, n int) (classes []int, m int) {
	seen := map[float32]int{}
	for i := range n {
		v := x[i*k+d]
		if _, ok := seen[v]; !ok {
			seen[v] = len(seen)
		}
		classes = append(classes, seen[v])
	}
	return classes, len(seen)
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
