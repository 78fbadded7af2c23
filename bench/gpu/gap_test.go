package gpu

import "math"

// gap is the largest difference between got and want relative to the largest absolute
// value of want; NaN where only one of them has one.
func gap(got, want []float64) float64 {
	if len(got) != len(want) {
		return math.Inf(1)
	}
	difference, scale := 0.0, 0.0
	for i, w := range want {
		if got[i] == w || math.IsNaN(got[i]) && math.IsNaN(w) {
			continue
		}
		difference, scale = math.Max(difference, math.Abs(got[i]-w)), math.Max(scale, math.Abs(w))
	}
	if difference == 0 {
		return 0
	}
	for _, w := range want {
		scale = math.Max(scale, math.Abs(w))
	}
	return difference / scale
}
