package metrics

import (
	"math"
	"slices"
)

// Sparsity counts what activates the latents of a sparse code.
type Sparsity struct {
	l1     float64
	active []int   // latents of each sample
	fired  []int64 // samples of each latent
}

// NewSparsity is for codes of m latents.
func NewSparsity(m int) *Sparsity { return &Sparsity{fired: make([]int64, m)} }

// Add takes codes [n, m].
func (s *Sparsity) Add(codes []float32) {
	m := len(s.fired)
	for at := 0; at < len(codes); at += m {
		active := 0
		for i, f := range codes[at : at+m] {
			if f > 0 {
				active++
				s.fired[i]++
				s.l1 += float64(f)
			}
		}
		s.active = append(s.active, active)
	}
}

// Shares are those of the samples that activate each latent.
func (s *Sparsity) Shares() []float32 {
	shares := make([]float32, len(s.fired))
	for i, fired := range s.fired {
		shares[i] = float32(float64(fired) / float64(len(s.active)))
	}
	return shares
}

// Values are what the samples up to now give.
func (s *Sparsity) Values() []Value {
	n, sum := float64(len(s.active)), 0.0
	sorted := slices.Clone(s.active)
	slices.Sort(sorted)
	for _, a := range sorted {
		sum += float64(a)
	}
	share := func(over float64) float64 {
		count := 0
		for _, fired := range s.fired {
			if float64(fired) > over*n {
				count++
			}
		}
		return float64(count) / float64(len(s.fired))
	}
	return []Value{
		{"l0", sum / n}, {"l0_median", quantile(sorted, 0.5)}, {"l0_p95", quantile(sorted, 0.95)}, {"l1", s.l1 / n},
		{"dead", 1 - share(0)}, {"dense_0.5", share(0.5)}, {"dense_0.1", share(0.1)}, {"dense_0.01", share(0.01)},
	}
}

// quantile interpolates between the two nearest of sorted values, as numpy does.
func quantile(sorted []int, q float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	at := q * float64(len(sorted)-1)
	low := int(at)
	high := min(low+1, len(sorted)-1)
	return float64(sorted[low]) + (at-float64(low))*float64(sorted[high]-sorted[low])
}

// Bin is one bar of a histogram over [From, To).
type Bin struct {
	From  float64 `json:"from"`
	To    float64 `json:"to"`
	Count int     `json:"count"`
}

// Density is the histogram of log10 of the share of samples that activate a latent, in
// bins of half a decade; silent latents are left out.
func (s *Sparsity) Density() []Bin {
	const width = 0.5
	counts := map[int]int{}
	lowest := 0
	for _, fired := range s.fired {
		if fired == 0 {
			continue
		}
		bin := min(int(math.Floor(math.Log10(float64(fired)/float64(len(s.active)))/width)), -1)
		counts[bin]++
		lowest = min(lowest, bin)
	}
	var bins []Bin
	for i := lowest; i < 0; i++ {
		bins = append(bins, Bin{float64(i) * width, float64(i+1) * width, counts[i]})
	}
	return bins
}
