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
	for i := range best {
		row, most := a[i*dim:(i+1)*dim], float32(-1)
		for at := 0; at < len(b); at += dim {
			dot := float32(0)
			for d, v := range b[at : at+dim] {
				dot += v * row[d]
			}
			most = max(most, dot)
		}
		best[i] = float64(most)
	}
	return best
}

// MMCS compares decoder rows a [m, dim] with those of another model (Sharkey et al. 2022).
func MMCS(a, b []float32, dim int) Value {
	sum, cosines := 0.0, nearest(a, b, dim)
	for _, c := range cosines {
		sum += c
	}
	return Value{"mmcs", sum / float64(len(cosines))}
}

// recoveredAbove is the cosine from which an atom counts as found.
const recoveredAbove = 0.9

// Recovery says which atoms [k, dim] of the dictionary that made the data are among the
// decoder's rows [m, dim].
func Recovery(atoms, decoder []float32, dim int) []Value {
	found, sum, cosines := 0, 0.0, nearest(atoms, decoder, dim)
	for _, c := range cosines {
		sum += c
		if c > recoveredAbove {
			found++
		}
	}
	n := float64(len(cosines))
	return []Value{{"recovered", float64(found) / n}, {"recovery", sum / n}}
}
