package metrics

import (
	"math"
	"testing"
)

// The numbers are those of pytorch-msssim 1.0.0, which refuses fewer than five scales: of the small
// pictures those of its single scales, put together.
func TestSimilaritiesAreThoseOfPytorchMSSSIM(t *testing.T) {
	for _, c := range []struct {
		height, width int
		want          map[string]float64
	}{
		{24, 26, map[string]float64{"ssim": 0.8705433582201143, "ms_ssim": 0.8908541641089759}},
		{45, 44, map[string]float64{"ssim": 0.8744617104478023, "ms_ssim": 0.8918641784054067}},
		{176, 192, map[string]float64{"ssim": 0.8741133495090475, "ms_ssim": 0.9131597012662968}},
	} {
		var x, y []float32
		for i := range c.height {
			for j := range c.width {
				a, b, w := float64(i), float64(j), float64(c.width)
				x = append(x, float32(0.5+0.5*math.Sin(0.7*a+0.3*b*b/w)))
				y = append(y, float32(0.5+0.4*math.Sin(0.7*a+0.3*b*b/w+0.4)+0.05*math.Cos(1.9*a*b)))
			}
		}
		m := NewImage(1, c.height, c.width, 1)
		m.Add(x, y)
		wantValues(t, m.Values(), c.want)
	}
}

// Small pictures have one scale, of which MS-SSIM would be SSIM; opposite ones have 0, not NaN.
func TestSimilarityAtItsEnds(t *testing.T) {
	small := NewImage(1, 21, 40, 1)
	small.Add(make([]float32, 21*40), make([]float32, 21*40))
	for _, v := range small.Values() {
		if v.Name == "ms_ssim" {
			t.Error("a picture of one scale has ms_ssim")
		}
	}
	x, y := make([]float32, 22*22), make([]float32, 22*22)
	for i := range x {
		x[i] = float32((i + i/22) % 2)
		y[i] = 1 - x[i]
	}
	m := NewImage(1, 22, 22, 1)
	m.Add(x, y)
	wantValues(t, m.Values(), map[string]float64{"ms_ssim": 0})
}
