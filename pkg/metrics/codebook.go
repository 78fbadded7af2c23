package metrics

import "math"

// Codebook counts what the codes of a VQ-VAE stand for.
type Codebook struct{ counts []float64 }

// NewCodebook is for a number of codes.
func NewCodebook(codes int) *Codebook { return &Codebook{make([]float64, codes)} }

// Add takes the numbers of codes.
func (c *Codebook) Add(codes []float32) {
	for _, v := range codes {
		c.counts[int(v)]++
	}
}

// Values are what the samples up to now give.
func (c *Codebook) Values() []Value {
	all, used, h := 0.0, 0.0, 0.0
	for _, n := range c.counts {
		all += n
	}
	for _, n := range c.counts {
		if n > 0 {
			used++
			h -= n / all * math.Log(n/all)
		}
	}
	return []Value{{"perplexity", math.Exp(h)}, {"code_usage", used / float64(len(c.counts))}}
}
