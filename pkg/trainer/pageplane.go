package trainer

import (
	"math"

	"github.com/gotrainer/trainer/pkg/report"
)

// planeOf projects rows [n, k] on their first two principal components, and says which
// share of the variance each has. The components come from the covariance by power
// iteration: k is the small size of a latent space.
func planeOf(x []float32, n, k int) (points []report.Point, share [2]float64) {
	mean := make([]float64, k)
	for i := range n {
		for j := range k {
			mean[j] += float64(x[i*k+j]) / float64(n)
		}
	}
	covariance := make([]float64, k*k)
	total := 0.0
	for i := range n {
		for a := range k {
			da := float64(x[i*k+a]) - mean[a]
			for b := range k {
				covariance[a*k+b] += da * (float64(x[i*k+b]) - mean[b]) / float64(n)
			}
		}
	}
	for a := range k {
		total += covariance[a*k+a]
	}
	var axes [2][]float64
	for c := range axes {
		var size float64
		axes[c], size = component(covariance, k)
		share[c] = size / max(total, math.SmallestNonzeroFloat64)
		for a := range k { // what is left without it
			for b := range k {
				covariance[a*k+b] -= size * axes[c][a] * axes[c][b]
			}
		}
	}
	points = make([]report.Point, n)
	for i := range n {
		for j := range k {
			d := float64(x[i*k+j]) - mean[j]
			points[i].X += d * axes[0][j]
			points[i].Y += d * axes[1][j]
		}
	}
	return points, share
}

// component is the eigenvector of the largest eigenvalue of a symmetric matrix [k, k].
func component(m []float64, k int) (v []float64, size float64) {
	v = make([]float64, k)
	for i := range v {
		v[i] = 1 / math.Sqrt(float64(k)) * (1 + 0.01*float64(i)) // no axis is orthogonal to it by design
	}
	for range 500 {
		next, norm := make([]float64, k), 0.0
		for a := range k {
			for b := range k {
				next[a] += m[a*k+b] * v[b]
			}
			norm += next[a] * next[a]
		}
		norm = math.Sqrt(norm)
		if norm < 1e-300 {
			return v, 0
		}
		for a := range next {
			next[a] /= norm
		}
		v, size = next, norm
	}
	return v, size
}
