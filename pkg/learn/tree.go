package learn

import (
	"cmp"
	"slices"
)

// leastGap is the difference up to which two values of a feature are one: no split lies
// between them.
const leastGap = 1e-7

// tree is a regression tree; its nodes are in the order in which they were split.
type tree []node

type node struct {
	feature     int // -1: a leaf
	threshold   float64
	left, right int     // of samples up to the threshold, and above it
	value       float64 // of a leaf
}

// at is the value of the leaf that a sample falls into.
func (t tree) at(x []float32) float64 { return t[t.leaf(x)].value }

func (t tree) leaf(x []float32) int {
	i := 0
	for t[i].feature >= 0 {
		if float64(x[t[i].feature]) <= t[i].threshold {
			i = t[i].left
		} else {
			i = t[i].right
		}
	}
	return i
}

// grower grows trees over the same samples, whose order by each feature it knows.
type grower struct {
	x      []float32
	n, k   int
	sorted [][]int32 // rows by each feature
	target []float64
	gain   []float64 // of each feature in this tree: n times the variance that its splits took
	side   []bool    // of rows: goes left
}

func newGrower(x []float32, k int) *grower {
	g := &grower{x: x, n: len(x) / k, k: k, side: make([]bool, len(x)/k), sorted: make([][]int32, k)}
	for d := range k {
		order := make([]int32, g.n)
		for i := range order {
			order[i] = int32(i)
		}
		slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(x[int(a)*k+d], x[int(b)*k+d]) })
		g.sorted[d] = order
	}
	return g
}

// grow is the tree of at most the given depth that takes most of the target's variance,
// split by split. leaf gives a leaf its value from its rows.
func (g *grower) grow(target []float64, depth int, leaf func(rows []int32) float64) tree {
	g.target, g.gain = target, make([]float64, g.k)
	var t tree
	g.split(&t, g.sorted, depth, leaf)
	return t
}

func (g *grower) split(t *tree, sorted [][]int32, depth int, leaf func(rows []int32) float64) int {
	at := len(*t)
	*t = append(*t, node{feature: -1})
	feature, threshold, gain := -1, 0.0, 0.0
	if depth > 0 && len(sorted[0]) > 1 {
		feature, threshold, gain = g.best(sorted)
	}
	if feature < 0 {
		(*t)[at].value = leaf(sorted[0])
		return at
	}
	g.gain[feature] += gain
	left, right := g.divide(sorted, feature, threshold)
	(*t)[at].feature, (*t)[at].threshold = feature, threshold
	l := g.split(t, left, depth-1, leaf)
	r := g.split(t, right, depth-1, leaf)
	(*t)[at].left, (*t)[at].right = l, r
	return at
}

// best is the split with the largest n_l n_r / (n_l + n_r) (mean_l - mean_r)², which is n
// times the variance that it takes; the feature is -1 where there is none, or no variance.
func (g *grower) best(sorted [][]int32) (feature int, threshold, gain float64) {
	sum, square := 0.0, 0.0
	for _, row := range sorted[0] {
		sum += g.target[row]
		square += g.target[row] * g.target[row]
	}
	n := float64(len(sorted[0]))
	if square/n-sum/n*(sum/n) <= 2.220446049250313e-16 { // as pure as float64 can say
		return -1, 0, 0
	}
	feature, gain = -1, -1
	for d, rows := range sorted {
		left := 0.0
		for i, row := range rows[:len(rows)-1] {
			left += g.target[row]
			here, next := g.x[int(row)*g.k+d], g.x[int(rows[i+1])*g.k+d]
			if next <= here+leastGap {
				continue
			}
			nl := float64(i + 1)
			difference := left/nl - (sum-left)/(n-nl)
			if took := nl * (n - nl) / n * difference * difference; took > gain {
				feature, threshold, gain = d, float64(here)/2+float64(next)/2, took
			}
		}
	}
	return feature, threshold, gain
}

// divide keeps each feature's order on both sides.
func (g *grower) divide(sorted [][]int32, feature int, threshold float64) (left, right [][]int32) {
	count := 0
	for _, row := range sorted[0] {
		g.side[row] = float64(g.x[int(row)*g.k+feature]) <= threshold
		if g.side[row] {
			count++
		}
	}
	for _, rows := range sorted {
		l, r := make([]int32, 0, count), make([]int32, 0, len(rows)-count)
		for _, row := range rows {
			if g.side[row] {
				l = append(l, row)
			} else {
				r = append(r, row)
			}
		}
		left, right = append(left, l), append(right, r)
	}
	return left, right
}
