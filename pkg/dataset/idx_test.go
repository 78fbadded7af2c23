package dataset

import "testing"

func TestRandomNumbersBelowAreWithoutBias(t *testing.T) {
	g := newGenerator(1, forOrder, 0)
	seen := [6]int{}
	for range 60_000 {
		seen[g.below(6)]++
	}
	for v, n := range seen {
		if n < 9_600 || n > 10_400 {
			t.Errorf("%d came %d times of 60000", v, n)
		}
	}
	for range 100 {
		if g.below(1) != 0 || g.below(1<<63+1) > 1<<63 {
			t.Error("out of range")
		}
	}
}
