package metrics

import (
	"context"
	"math"
)

// matchable is the most latents that are matched: the work grows with their cube.
const matchable = 4096

// Matched compares decoder rows a [m, dim] with those of another model where each may stand
// for one only (Paulo and Belrose 2025, arXiv 2501.16615): the mean cosine of the pairs that
// have the largest sum of all. There is none of more latents than can be matched. The error
// is that of ctx.
func Matched(ctx context.Context, a, b []float32, dim int) ([]Value, error) {
	if len(a) > len(b) {
		a, b = b, a
	}
	n, m := len(a)/dim, len(b)/dim
	if m > matchable {
		return nil, nil
	}
	a, b = unit(a, dim), unit(b, dim)
	apart, sum := make([]float64, n*m), 0.0
	err := parallel(ctx, n, func(i int) {
		row := a[i*dim : (i+1)*dim]
		for j := range m {
			apart[i*m+j] = -float64(product(row, b[j*dim:(j+1)*dim]))
		}
	})
	if err != nil {
		return nil, err
	}
	pairs, err := assignment(ctx, apart, n, m)
	for i, j := range pairs {
		sum -= apart[i*m+j]
	}
	return []Value{{"matched_cosine", sum / float64(n)}}, err
}

// assignment gives each of n rows a column of its own, of m ≥ n, so that the costs [n, m]
// have the least sum (Kuhn 1955, "The Hungarian Method", by shortest augmenting paths as
// Jonker and Volgenant 1987). Costs that are no numbers count as infinite. The error is that
// of ctx.
func assignment(ctx context.Context, costs []float64, n, m int) ([]int, error) {
	h := &hungarian{costs: costs, m: m, u: make([]float64, n), v: make([]float64, m), column: make([]int, n), row: make([]int, m),
		from: make([]int, m), distance: make([]float64, m), left: make([]int, m)}
	for j := range h.row {
		h.row[j] = -1
	}
	for i := 0; i < n && ctx.Err() == nil; i++ {
		h.augment(i)
	}
	return h.column, ctx.Err()
}

// hungarian is a matching of the first rows, with potentials by which no cost is below
// u + v, and those of pairs are equal to it.
type hungarian struct {
	costs       []float64
	m           int
	u, v        []float64
	column, row []int // of a row, and of a column, -1 where it is free
	// of the search from a row: what a column was reached from, at which distance, and
	// which are left.
	from     []int
	distance []float64
	left     []int
}

// augment takes in one row more, along the shortest path from it to a free column.
func (h *hungarian) augment(start int) {
	for j := range h.left {
		h.left[j], h.distance[j], h.from[j] = j, math.Inf(1), start
	}
	var reached []int
	row, least := start, 0.0
	for row >= 0 {
		at := h.reach(row, least)
		j := h.left[at]
		reached = append(reached, j)
		h.left[at] = h.left[len(h.left)-1]
		h.left = h.left[:len(h.left)-1]
		row, least = h.row[j], h.distance[j]
	}
	h.left = h.left[:h.m]
	h.u[start] += least
	for _, j := range reached[:len(reached)-1] {
		h.u[h.row[j]] += least - h.distance[j]
		h.v[j] -= least - h.distance[j]
	}
	for j := reached[len(reached)-1]; j >= 0; {
		i := h.from[j]
		h.row[j] = i
		if i == start {
			h.column[i] = j
			return
		}
		h.column[i], j = j, h.column[i]
	}
}

// reach goes on from a row at that distance, and answers where the nearest column that is
// left stands; of equally near ones a free one.
func (h *hungarian) reach(row int, least float64) (at int) {
	costs, best := h.costs[row*h.m:(row+1)*h.m], math.Inf(1)
	base := least - h.u[row]
	for k, j := range h.left {
		if d := base + costs[j] - h.v[j]; d < h.distance[j] {
			h.distance[j], h.from[j] = d, row
		}
		if d := h.distance[j]; d < best || d == best && h.row[j] < 0 {
			best, at = d, k
		}
	}
	return at
}
