package metrics

import "math"

// Reconstruction compares inputs with their reconstructions.
type Reconstruction struct {
	dim    int
	n      float64
	shift  []float64 // the first sample: sums about it lose no digits
	x, xx  []float64 // of x - shift, by dimension
	e, ee  []float64 // of x - y
	mean   []float64 // of all samples; nil: not known
	ratios float64   // of the squares of e and of x - mean, summed over samples
	length struct{ nmse, cosine, ratio, yy, xy float64 }
}

// NewReconstruction is for samples of dim numbers. mean is theirs, which the explained
// variance of single samples needs to be known before; nil leaves that one out.
func NewReconstruction(dim int, mean []float64) *Reconstruction {
	make1 := func() []float64 { return make([]float64, dim) }
	return &Reconstruction{dim: dim, x: make1(), xx: make1(), e: make1(), ee: make1(), mean: mean}
}

// Add takes samples x and reconstructions y, [n, dim] each.
func (r *Reconstruction) Add(x, y []float32) {
	if r.shift == nil && len(x) > 0 {
		r.shift = make([]float64, r.dim)
		for d := range r.dim {
			r.shift[d] = float64(x[d])
		}
	}
	for at := 0; at < len(x); at += r.dim {
		r.sample(x[at:at+r.dim], y[at:at+r.dim])
	}
}

func (r *Reconstruction) sample(x, y []float32) {
	var xx, yy, xy, ee, centred float64
	for d, v := range x {
		a, b := float64(v), float64(y[d])
		c, e := a-r.shift[d], a-b
		r.x[d] += c
		r.xx[d] += c * c
		r.e[d] += e
		r.ee[d] += e * e
		xx += a * a
		yy += b * b
		xy += a * b
		ee += e * e
		if r.mean != nil {
			centred += (a - r.mean[d]) * (a - r.mean[d])
		}
	}
	r.n++
	r.ratios += ee / centred
	l := &r.length
	if xx > 0 {
		l.nmse += ee / xx
		l.ratio += math.Sqrt(yy / xx)
		if yy > 0 {
			l.cosine += xy / math.Sqrt(xx*yy)
		}
	}
	l.yy += yy
	l.xy += xy
}

// Values are what the samples up to now give; they are NaN where there are none or
// nothing varies.
func (r *Reconstruction) Values() []Value {
	var error2, variance, ofError float64
	for d := range r.dim {
		error2 += r.ee[d]
		variance += r.xx[d] - r.x[d]*r.x[d]/r.n
		ofError += r.ee[d] - r.e[d]*r.e[d]/r.n
	}
	l := r.length
	values := []Value{
		{"mse", error2 / r.n / float64(r.dim)},
		{"fvu", error2 / variance},
		{"explained_variance", 1 - ofError/variance},
		{"explained_variance_saelens", 1 - error2/variance},
	}
	if r.mean != nil {
		values = append(values, Value{"explained_variance_legacy", 1 - r.ratios/r.n})
	}
	return append(values, []Value{
		{"nmse", l.nmse / r.n},
		{"cosine", l.cosine / r.n},
		{"l2_ratio", l.ratio / r.n},
		{"relative_bias", l.yy / l.xy},
	}...)
}
