package metrics

import (
	"context"
	"math"
)

// Aggregated divides the KL of normal posteriors by what their mixture over the samples,
// q(z) = 1/n Σ q(z|x_j), is (Hoffman and Johnson 2016; Chen et al. 2018): what z tells of x,
// how far its dimensions hang together, and how far each is from the prior. mu and logvar
// are [n, k], and z a draw from the posterior of each sample. The error is that of ctx.
func Aggregated(ctx context.Context, mu, logvar, z []float32, k int) ([]Value, error) {
	n := len(z) / k
	scale := make([]float64, len(mu)) // exp(-s) / 2
	for i, s := range logvar {
		scale[i] = math.Exp(-float64(s)) / 2
	}
	information, correlation, marginal := make([]float64, n), make([]float64, n), make([]float64, n)
	err := parallel(ctx, n, func(i int) {
		joint := newLogSum()
		each := make([]logSum, k)
		for d := range each {
			each[d] = newLogSum()
		}
		own, prior := 0.0, 0.0
		for j := range n {
			sum := 0.0
			for d := range k {
				distance := float64(z[i*k+d]) - float64(mu[j*k+d])
				l := -scale[j*k+d]*distance*distance - float64(logvar[j*k+d])/2
				each[d].add(l)
				sum += l
			}
			joint.add(sum)
			if i == j {
				own = sum
			}
		}
		product, count := 0.0, math.Log(float64(n))
		for d := range each {
			product += each[d].value() - count
			prior -= float64(z[i*k+d]) * float64(z[i*k+d]) / 2
		}
		q := joint.value() - count
		information[i], correlation[i], marginal[i] = own-q, q-product, product-prior
	})
	return []Value{{"mutual_information", mean(information)}, {"total_correlation", mean(correlation)}, {"dimension_kl", mean(marginal)}}, err
}

// logSum is the logarithm of a sum of exponentials that come one by one.
type logSum struct{ most, sum float64 }

func newLogSum() logSum { return logSum{most: math.Inf(-1)} }

func (l *logSum) add(v float64) {
	switch {
	case v <= l.most:
		if v > l.most-40 { // less is nothing beside it in float64
			l.sum += math.Exp(v - l.most)
		}
	default:
		l.sum, l.most = l.sum*math.Exp(l.most-v)+1, v
	}
}

func (l *logSum) value() float64 { return l.most + math.Log(l.sum) }

// Importance bounds the likelihood by weights ln w = ln p(x, z) - ln q(z|x) of several z a
// sample.
type Importance struct {
	dim            int
	n, elbo, bound float64
}

// NewImportance is for samples of dim numbers.
func NewImportance(dim int) *Importance { return &Importance{dim: dim} }

// Add takes the log weights of one sample.
func (m *Importance) Add(logWeights []float64) {
	sum := newLogSum()
	for _, w := range logWeights {
		sum.add(w)
	}
	m.n++
	m.elbo += mean(logWeights)
	m.bound += sum.value() - math.Log(float64(len(logWeights)))
}

// Values are the means of the samples up to now.
func (m *Importance) Values() []Value {
	nll := -m.bound / m.n
	return []Value{{"elbo", m.elbo / m.n}, {"nll", nll}, {"bits_per_dim", nll / float64(m.dim) / math.Ln2}}
}
