package learn

import "math"

// Line is w·x + b of one feature.
type Line struct{ W, B float64 }

// At is the score of a value.
func (l Line) At(x float64) float64 { return l.W*x + l.B }

// SVM separates m classes by one feature x [n], each from all others: LinearSVC(C=c,
// class_weight="balanced"), whose squared hinge loss, penalty on the intercept and
// weights n / (2 n_class) it has. It is solved exactly, by Newton's method. A class without
// samples, or that all are of, has a line of zeros.
func SVM(x []float64, y []int, m int, c float64) []Line {
	lines := make([]Line, m)
	for class := range lines {
		lines[class] = separate(x, y, class, c)
	}
	if m == 2 { // one line serves both
		lines[0] = Line{-lines[1].W, -lines[1].B}
	}
	return lines
}

// separate minimises ½(w² + b²) + c Σ weight_i max(0, 1 - y_i (w x_i + b))². In one-vs-rest
// the weights are those of the sample's own class among the m classes.
func separate(x []float64, y []int, class int, c float64) Line {
	counts := map[int]float64{}
	for _, v := range y {
		counts[v]++
	}
	n, m := float64(len(y)), float64(len(counts))
	if counts[class] == 0 || counts[class] == n {
		return Line{}
	}
	positive := c * n / (m * counts[class])
	// The others of several classes keep the weight 1 each: a one-vs-rest problem of
	// liblinear weighs the class alone.
	negative := c
	if m == 2 {
		negative = c * n / (2 * (n - counts[class]))
	}
	var l Line
	value := func(l Line) (f, gw, gb, hww, hwb, hbb float64) {
		f, gw, gb, hww, hbb = (l.W*l.W+l.B*l.B)/2, l.W, l.B, 1, 1
		for i, v := range x {
			sign, weight := -1.0, negative
			if y[i] == class {
				sign, weight = 1, positive
			}
			if e := 1 - sign*l.At(v); e > 0 {
				f += weight * e * e
				gw -= 2 * weight * sign * e * v
				gb -= 2 * weight * sign * e
				hww += 2 * weight * v * v
				hwb += 2 * weight * v
				hbb += 2 * weight
			}
		}
		return
	}
	f, gw, gb, hww, hwb, hbb := value(l)
	for range 100 {
		det := hww*hbb - hwb*hwb
		dw, db := (hbb*gw-hwb*gb)/det, (hww*gb-hwb*gw)/det
		decrease := gw*dw + gb*db
		if decrease <= 1e-12*(1+math.Abs(f)) {
			break
		}
		step := 1.0
		for {
			next := Line{l.W - step*dw, l.B - step*db}
			nf, a, b, d, e, g := value(next)
			if nf <= f-1e-4*step*decrease || step < 1e-10 {
				l, f, gw, gb, hww, hwb, hbb = next, nf, a, b, d, e, g
				break
			}
			step /= 2
		}
	}
	return l
}

// Best is the class with the largest score.
func Best(lines []Line, x float64) int {
	best := 0
	for i, l := range lines {
		if l.At(x) > lines[best].At(x) {
			best = i
		}
	}
	return best
}
