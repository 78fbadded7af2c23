package metrics

import (
	"math"
	"math/rand/v2"
	"testing"
)

// cheapest is the least sum of an assignment, of all that there are.
func cheapest(costs []float64, n, m, row int, taken []bool) float64 {
	if row == n {
		return 0
	}
	least := math.Inf(1)
	for j := range m {
		if !taken[j] {
			taken[j] = true
			least = min(least, costs[row*m+j]+cheapest(costs, n, m, row+1, taken))
			taken[j] = false
		}
	}
	return least
}

// No other assignment of small matrices costs less, also where costs are equal.
func TestAssignmentsAreTheCheapest(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 400 {
		n := 1 + r.IntN(6)
		m := n + r.IntN(3)
		costs := make([]float64, n*m)
		for i := range costs {
			if costs[i] = r.NormFloat64(); n%2 == 0 {
				costs[i] = float64(r.IntN(4))
			}
		}
		sum, taken := 0.0, map[int]bool{}
		for i, j := range must(assignment(t.Context(), costs, n, m)) {
			sum += costs[i*m+j]
			taken[j] = true
		}
		if want := cheapest(costs, n, m, 0, make([]bool, m)); math.Abs(sum-want) > 1e-12 || len(taken) != n {
			t.Fatalf("%d of %d: %v with %d columns, the cheapest is %v\n%v", n, m, sum, len(taken), want, costs)
		}
	}
}

// A latent stands for one other only: of two rows along the same atom one is left with what
// remains.
func TestMatchedLatentsAreDistinct(t *testing.T) {
	a, b := []float32{1, 0, 5, 0}, []float32{2, 0, 0, 3}
	wantValues(t, must(MMCS(t.Context(), a, b, 2)), map[string]float64{"mmcs": 1, "mmcs_reverse": 0.5})
	wantValues(t, must(Matched(t.Context(), a, b, 2)), map[string]float64{"matched_cosine": 0.5})
	wantValues(t, must(Matched(t.Context(), []float32{0, 1, 1, 1, 1, 0}, b, 2)), map[string]float64{"matched_cosine": 1})
	wantValues(t, must(Matched(t.Context(), b, []float32{0, 1, 1, 1, 1, 0}, 2)), map[string]float64{"matched_cosine": 1})
	broken := must(Matched(t.Context(), []float32{float32(math.NaN()), 1}, b, 2))
	if !math.IsNaN(broken[0].Value) {
		t.Errorf("a row that is no number has %v", broken)
	}
	if many := must(Matched(t.Context(), make([]float32, matchable+1), make([]float32, 2), 1)); many != nil {
		t.Errorf("too many have %v", many)
	}
}

func BenchmarkMatched(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	rows := func() []float32 {
		x := make([]float32, 2048*64)
		for i := range x {
			x[i] = float32(r.NormFloat64())
		}
		return x
	}
	first, second := rows(), rows()
	for b.Loop() {
		must(Matched(b.Context(), first, second, 64))
	}
}
