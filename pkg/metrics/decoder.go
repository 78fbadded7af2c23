package metrics

import "math"

// unit gives each row of [n, dim] the length 1; rows of zeros stay.
func unit(rows []float32, dim int) []float32 {
	out := make([]float32, len(rows))
	for at := 0; at < len(rows); at += dim {
		sum := 0.0
		for _, v := range rows[at : at+dim] {
			sum += float64(v) * float64(v)
		}
		if sum == 0 {
			continue
		}
		scale := float32(1 / math.Sqrt(sum))
		for d := at; d < at+dim; d++ {
			out[d] = rows[d] * scale
		}
	}
	return out
}

// nearest is, for each row of a, its largest cosine with a row of b.
func nearest(a, b []float32, dim int) []float64 {
	a, b = unit(a, dim), unit(b, dim)
	best := make([]float64, len(a)/dim)
	parallel(len(best), func(i int) {
		row, most := a[i*dim:(i+1)*dim], float32(-1)
		for at := 0; at < len(b); at += dim {
			dot := float32(0)
			for d, v := range b[at : at+dim] {
				dot += v * row[d]
			}
			most = max(most, dot)
		}
		best[i] = float64(most)
	})
	return best
}

func mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}

// MMCS compares decoder rows a [m, dim] with those of another model (Sharkey et al. 2022),
// from either side: what a has that b has, and what b has that a has.
func MMCS(a, b []float32, dim int) []Value {
	return []Value{{"mmcs", mean(nearest(a, b, dim))}, {"mmcs_reverse", mean(nearest(b, a, dim))}}
}

// recoveredFrom is the cosine from which an atom counts as found.
const recoveredFrom = 0.9

// Recovery says which atoms [k, dim] of the dictionary that made the data are among the
// decoder's rows [m, dim].
func Recovery(atoms, decoder []float32, dim int) []Value {
	found, cosines := 0, nearest(atoms, decoder, dim)
	for _, c := range cosines {
		if c >= recoveredFrom {
			found++
		}
	}
	return []Value{{"recovered", float64(found) / float64(len(cosines))}, {"recovery", mean(cosines)}}
}
