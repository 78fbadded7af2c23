package metrics

import (
	"context"
	"math"

	"github.com/gotrainer/trainer/pkg/ssim"
)

// Image compares pictures [channels, height, width] with their reconstructions.
type Image struct {
	channels, height, width int
	span                    float64 // of the data: largest minus smallest possible value
	n, psnr, ssim, msssim   float64
	window                  []float64
	weights                 []float64 // of the scales of MS-SSIM
}

// NewImage is for pictures whose values span so much.
func NewImage(channels, height, width int, span float64) *Image {
	m := &Image{channels: channels, height: height, width: width, span: span, weights: ssim.Weights(fittingScales(min(height, width)))}
	size := min(ssim.Window, height, width)
	sum := 0.0
	for i := range size {
		d := float64(i) - float64(size-1)/2
		m.window = append(m.window, math.Exp(-d*d/(2*ssim.Sigma*ssim.Sigma)))
		sum += m.window[i]
	}
	for i := range m.window {
		m.window[i] /= sum
	}
	return m
}

// Add takes samples x and reconstructions y, [n, channels, height, width] each.
func (m *Image) Add(x, y []float32) {
	plane := m.height * m.width
	size := m.channels * plane
	n := len(x) / size
	psnr, single, msssim := make([]float64, n), make([]float64, n), make([]float64, n)
	parallel(context.Background(), n, func(i int) { // a batch is short
		a, b, e := x[i*size:(i+1)*size], y[i*size:(i+1)*size], 0.0
		for d, v := range a {
			difference := float64(v) - float64(b[d])
			e += difference * difference
		}
		psnr[i] = 10 * math.Log10(m.span*m.span/(e/float64(size)))
		for c := range m.channels {
			one, all := m.similarities(m.picture(a[c*plane:(c+1)*plane]), m.picture(b[c*plane:(c+1)*plane]))
			single[i] += one / float64(m.channels)
			msssim[i] += all / float64(m.channels)
		}
	})
	for i := range n {
		m.n++
		m.psnr += psnr[i]
		m.ssim += single[i]
		m.msssim += msssim[i]
	}
}

// Values are the means of the samples up to now; ms_ssim is among them where pictures are
// large enough for two scales.
func (m *Image) Values() []Value {
	values := []Value{{"psnr", m.psnr / m.n}, {"ssim", m.ssim / m.n}}
	if len(m.weights) > 1 {
		values = append(values, Value{"ms_ssim", m.msssim / m.n})
	}
	return values
}
