package dataset

import (
	"slices"
	"testing"
)

// Batches of several arrays are gathered by way of one buffer, whatever their sizes.
func TestArraysAreGatheredWithoutNewMemory(t *testing.T) {
	s := &sideBySide{list: []source{&table{[]float32{1, 2, 3, 4, 5, 6}, 2}, &table{[]float32{7, 8, 9}, 1}}, widths: []int{2, 1}}
	dst, rows := make([]float32, 9), []int{2, 0, 1}
	allocations := testing.AllocsPerRun(100, func() {
		for n := 1; n <= 3; n++ {
			if err := s.Gather(dst[:3*n], rows[:n], nil); err != nil {
				t.Fatal(err)
			}
		}
	})
	if allocations > 0 || !slices.Equal(dst, []float32{5, 6, 9, 1, 2, 7, 3, 4, 8}) {
		t.Errorf("%v with %v allocations", dst, allocations)
	}
}
