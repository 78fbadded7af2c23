package metrics

import (
	"math"
	"math/rand/v2"
	"slices"
)

// The settings of the FactorVAE score, as disentanglement_lib has them.
const (
	votesToLearn = 10000
	votesToJudge = 5000
	voteBatch    = 64
	leastSpread  = 0.05 // the standard deviation from which a latent is used
)

// FactorVAEScore is the share of right answers of a majority vote that tells which factor
// was held from the latent that varied least. NaN where no factor varies; 0 where no latent
// does.
func FactorVAEScore(c Coded) Value {
	const name = "factor_vae_score"
	factors := slices.DeleteFunc(c.factors(nil), func(f factor) bool { return !slices.ContainsFunc(f.rows(), shared) })
	var scale []float64 // of the latents in use: their variance
	var used []int
	for d := range c.K {
		n := float64(c.Len())
		if v := variance(column(c.Mu, d, c.K)) * n / (n - 1); math.Sqrt(v) >= leastSpread {
			scale, used = append(scale, v), append(used, d)
		}
	}
	switch {
	case len(factors) == 0:
		return Value{name, math.NaN()}
	case len(used) == 0:
		return Value{name, 0}
	}
	draw := rand.New(rand.NewPCG(0, 0))
	groups := make([][][]int, len(factors))
	for j, f := range factors {
		groups[j] = f.rows()
	}
	vote := func() (factor, latent int) {
		factor = draw.IntN(len(factors))
		rows := []int{}
		for !shared(rows) { // a value that one sample alone has says nothing of what varies
			rows = groups[factor][factors[factor].classes[draw.IntN(c.Len())]]
		}
		least := math.Inf(1)
		chosen := make([]int, voteBatch)
		for i := range chosen {
			chosen[i] = rows[draw.IntN(len(rows))]
		}
		for i, d := range used {
			if v := localVariance(c, chosen, d) / scale[i]; v < least {
				least, latent = v, i
			}
		}
		return factor, latent
	}
	count := func(votes int) [][]int { // [latent][factor]
		table := make([][]int, len(used))
		for i := range table {
			table[i] = make([]int, len(factors))
		}
		for range votes {
			factor, latent := vote()
			table[latent][factor]++
		}
		return table
	}
	learned, right := count(votesToLearn), 0
	for latent, votes := range count(votesToJudge) {
		best := 0
		for j, v := range learned[latent] {
			if v > learned[latent][best] {
				best = j
			}
		}
		right += votes[best]
	}
	return Value{name, float64(right) / votesToJudge}
}

// rows are those of each class.
func (f factor) rows() [][]int {
	rows := make([][]int, f.m)
	for i, class := range f.classes {
		rows[class] = append(rows[class], i)
	}
	return rows
}

func shared(rows []int) bool { return len(rows) > 1 }

func localVariance(c Coded, rows []int, d int) float64 {
	sum, square, first := 0.0, 0.0, float64(c.Mu[rows[0]*c.K+d])
	for _, row := range rows {
		v := float64(c.Mu[row*c.K+d]) - first
		sum += v
		square += v * v
	}
	n := float64(len(rows))
	return (square - sum*sum/n) / (n - 1)
}
