package dataset

import "math"

// measure computes the statistics of a normalisation in one pass over the samples
// of a split, in float64 and in their order: the same numbers every time. raw says of each
// dimension that it stays as it is; nil where none does.
func measure(kind string, one part, index []int64, dim int, raw []bool) (Stats, error) {
	s := Stats{Kind: kind}
	if kind == "none" || kind == "unit_norm" {
		return s, nil
	}
	m := newMoments(dim)
	m.raw = raw
	if err := scan(one, index, dim, m.add); err != nil {
		return s, err
	}
	if err := m.bad.check(one); err != nil {
		return s, err
	}
	switch kind {
	case "minmax":
		s.Min, s.Max = m.min, m.max
		if raw != nil {
			s.Mean, s.Std = m.within()
		}
	case "standard":
		s.Mean, s.Std = m.mean(), m.std()
	case "mean_center":
		s.Mean = m.mean()
	}
	return s, nil
}

// moments sums up samples. Sums are of differences to the first sample, so that a
// large mean does not eat the digits of a small variance.
type moments struct {
	n            int
	shift        []float64
	sum, squares []float64
	min, max     float32
	bad          nonFinite
	raw          []bool // dimensions that are left out
}

func newMoments(dim int) *moments {
	return &moments{
		shift: make([]float64, dim), sum: make([]float64, dim), squares: make([]float64, dim),
		min: float32(math.Inf(1)), max: float32(math.Inf(-1)),
	}
}

// add takes one sample, which is row number row of its file.
func (m *moments) add(x []float32, row int64) {
	if m.n == 0 {
		for j, v := range x {
			if m.raw == nil || !m.raw[j] {
				m.shift[j] = float64(v)
			}
		}
	}
	m.n++
	m.bad.add(x, row)
	for j, v := range x {
		if m.raw != nil && m.raw[j] {
			continue
		}
		d := float64(v) - m.shift[j]
		m.sum[j] += d
		m.squares[j] += float64(d * d)
		if v < m.min {
			m.min = v
		}
		if v > m.max {
			m.max = v
		}
	}
}

// within is minmax of the dimensions that are not raw, as shift and scale of each.
func (m *moments) within() (shift, scale []float32) {
	shift, scale = make([]float32, len(m.raw)), make([]float32, len(m.raw))
	for j, raw := range m.raw {
		if scale[j] = 1; raw {
			continue
		}
		if shift[j] = m.min; m.max > m.min {
			scale[j] = m.max - m.min
		}
	}
	return shift, scale
}

func (m *moments) mean() []float32 {
	out := make([]float32, len(m.sum))
	for j, s := range m.sum {
		out[j] = float32(m.shift[j] + s/float64(m.n))
	}
	return out
}

// std is that of the population (divided by n), 1 where it is under the floor.
func (m *moments) std() []float32 {
	out, n := make([]float32, len(m.sum)), float64(m.n)
	for j, s := range m.sum {
		mean := s / n
		v := math.Sqrt(max(m.squares[j]/n-float64(mean*mean), 0))
		if v < stdFloor {
			v = 1
		}
		out[j] = float32(v)
	}
	return out
}

// scan calls f for every sample of a split, a block at a time. index is nil for
// all rows of the part.
func scan(one part, index []int64, dim int, f func(x []float32, row int64)) error {
	n := int(one.n)
	if index != nil {
		n = len(index)
	}
	block := max(1<<16/dim, 1)
	rows, buffer := make([]int, 0, block), make([]float32, block*dim)
	for from := 0; from < n; from += block {
		rows = rows[:0]
		for r := from; r < min(from+block, n); r++ {
			rows = append(rows, r)
		}
		x := buffer[:len(rows)*dim]
		if err := one.src.Gather(x, rows, index); err != nil {
			return err
		}
		for k, r := range rows {
			row := int64(r)
			if index != nil {
				row = index[r]
			}
			f(x[k*dim:(k+1)*dim], row)
		}
	}
	return nil
}

// nonFinite counts values that are NaN or infinite.
type nonFinite struct {
	count, first int64
}

func (b *nonFinite) add(x []float32, row int64) {
	for _, v := range x {
		if v-v != 0 {
			if b.count == 0 {
				b.first = row
			}
			b.count++
		}
	}
}

func (b *nonFinite) check(one part) error {
	if b.count == 0 {
		return nil
	}
	values := "values are"
	if b.count == 1 {
		values = "value is"
	}
	return mistake("%s: %d %s NaN, infinite or too large for float32, the first in row %d; expected finite numbers, remove these samples or apply numpy.nan_to_num", one.path, b.count, values, b.first)
}

// checkFinite reads a whole part and refuses one with non-finite values.
func checkFinite(one part, dim int) error {
	bad := nonFinite{}
	if err := scan(one, nil, dim, bad.add); err != nil {
		return err
	}
	return bad.check(one)
}
