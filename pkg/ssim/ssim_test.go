package ssim

import (
	"math"
	"testing"
)

// The weights of any number of scales are one each, and together 1: an image is similar to itself
// as much with few scales as with many.
func TestWeightsSumToOne(t *testing.T) {
	for scales := 1; scales <= MostScales; scales++ {
		sum := 0.0
		for _, w := range Weights(scales) {
			sum += w
		}
		if len(Weights(scales)) != scales || math.Abs(sum-1) > 2e-4 {
			t.Errorf("%d scales have the weights %v, which sum to %v", scales, Weights(scales), sum)
		}
	}
}
