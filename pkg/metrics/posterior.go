package metrics

import (
	"fmt"
	"math"
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
