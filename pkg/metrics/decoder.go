package metrics

import (
	"context"
	"math"
)

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
func nearest(ctx context.Context, a, b []float32, dim int) ([]float64, error) {
	a, b = unit(a, dim), unit(b, dim)
	best := make([]float64, len(a)/dim)
	err := parallel(ctx, len(best), func(i int) {
		row, most := a[i*dim:(i+1)*dim], float32(-1)
		for at := 0; at < len(b); at += dim {
			most = max(most, product(row, b[at:at+dim]))
		}
		best[i] = float64(most)
	})
	return best, err
}

// product is the inner one.
func product(a, b []float32) (sum float32) {
	for d, v := range b {
		sum += v * a[d]
	}
	return sum
}

func mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}

// MMCS compares decoder rows a [m, dim] with those of another model (Sharkey et al. 2022),
// from either side: what a has that b has, and what b has that a has. The error is that of ctx.
func MMCS(ctx context.Context, a, b []float32, dim int) ([]Value, error) {
	there, err := nearest(ctx, a, b, dim)
	if err != nil {
		return nil, err
	}
	back, err := nearest(ctx, b, a, dim)
	return []Value{{"mmcs", mean(there)}, {"mmcs_reverse", mean(back)}}, err
}

// recoveredFrom is the cosine from which an atom counts as found.
const recoveredFrom = 0.9

// Recovery says which atoms [k, dim] of the dictionary that made the data are among the
// decoder's rows [m, dim]. The error is that of ctx.
func Recovery(ctx context.Context, atoms, decoder []float32, dim int) ([]Value, error) {
	cosines, err := nearest(ctx, atoms, decoder, dim)
	found := 0
	for _, c := range cosines {
		if c >= recoveredFrom {
			found++
		}
	}
	return []Value{{"recovered", float64(found) / float64(len(cosines))}, {"recovery", mean(cosines)}}, err
}
