package learn

import "math"

// Plane is w·x + b of several features.
type Plane struct {
	W []float64
	B float64
}

// At is the score of a sample: above 0 it is of the class.
func (p Plane) At(x []float32) float64 {
	sum := p.B
	for d, w := range p.W {
		sum += w * float64(x[d])
	}
	return sum
}

// Logistic separates two classes: LogisticRegression(class_weight="balanced"), which
// minimises ½|w|² + Σ weight_i ln(1 + exp(-y_i (w·x_i + b))), weights n / (2 n_class). It is
// solved by Newton's method. Both classes have samples.
func Logistic(x []float32, k int, y []bool) Plane {
	n, positive := float64(len(y)), 0.0
	for _, v := range y {
		if v {
			positive++
		}
	}
	problem := logistic{x: x, k: k, y: y, yes: n / (2 * positive), no: n / (2 * (n - positive))}
	w := make([]float64, k+1) // the last is b
	f := problem.value(w)
	for range 100 {
		gradient, hessian := problem.slopes(w)
		step := solve(hessian, gradient)
		decrease := 0.0
		for d, v := range step {
			decrease += v * gradient[d]
		}
		if !(decrease > 1e-12*(1+math.Abs(f))) {
			break
		}
		for size := 1.0; size > 1e-10; size /= 2 {
			next := make([]float64, len(w))
			for d := range w {
				next[d] = w[d] - size*step[d]
			}
			if nf := problem.value(next); nf <= f-1e-4*size*decrease {
				w, f = next, nf
				break
			}
		}
	}
	return Plane{W: w[:k], B: w[k]}
}

type logistic struct {
	x       []float32
	k       int
	y       []bool
	yes, no float64 // weights of the classes
}

// margin is y (w·x + b) of a sample, with its weight and sign.
func (l logistic) margin(w []float64, i int) (margin, weight, sign float64) {
	score := Plane{w[:l.k], w[l.k]}.At(l.x[i*l.k : (i+1)*l.k])
	if l.y[i] {
		return score, l.yes, 1
	}
	return -score, l.no, -1
}

func (l logistic) value(w []float64) float64 {
	f := 0.0
	for _, v := range w[:l.k] {
		f += v * v / 2
	}
	for i := range l.y {
		m, weight, _ := l.margin(w, i)
		f += weight * (math.Log1p(math.Exp(-math.Abs(m))) + max(-m, 0))
	}
	return f
}

func (l logistic) slopes(w []float64) (gradient []float64, hessian [][]float64) {
	size := l.k + 1
	gradient, hessian = make([]float64, size), make([][]float64, size)
	for d := range hessian {
		hessian[d] = make([]float64, size)
		if d < l.k {
			gradient[d], hessian[d][d] = w[d], 1
		} else {
			hessian[d][d] = 1e-12 // b has no penalty; far out there is no curvature either
		}
	}
	row := make([]float64, size)
	row[l.k] = 1
	for i := range l.y {
		m, weight, sign := l.margin(w, i)
		wrong := 1 / (1 + math.Exp(m))
		for d := range l.k {
			row[d] = float64(l.x[i*l.k+d])
		}
		for d, v := range row {
			if v == 0 {
				continue
			}
			gradient[d] -= weight * sign * wrong * v
			for e := range d + 1 {
				hessian[d][e] += weight * wrong * (1 - wrong) * v * row[e]
			}
		}
	}
	return gradient, hessian
}

// solve is the solution of a x = b for a positive definite a, of which the lower triangle
// is read and overwritten by its Cholesky factor.
func solve(a [][]float64, b []float64) []float64 {
	x := append([]float64(nil), b...)
	for i := range a {
		for j := range i + 1 {
			sum := a[i][j]
			for k := range j {
				sum -= a[i][k] * a[j][k]
			}
			if i == j {
				a[i][i] = math.Sqrt(max(sum, 1e-300))
			} else {
				a[i][j] = sum / a[j][j]
			}
		}
		for k := range i {
			x[i] -= a[i][k] * x[k]
		}
		x[i] /= a[i][i]
	}
	for i := len(a) - 1; i >= 0; i-- {
		for k := i + 1; k < len(a); k++ {
			x[i] -= a[k][i] * x[k]
		}
		x[i] /= a[i][i]
	}
	return x
}
