package metrics

import "math"

// Image compares pictures [channels, height, width] with their reconstructions.
type Image struct {
	channels, height, width int
	span                    float64 // of the data: largest minus smallest possible value
	n, psnr, ssim           float64
	window                  []float64
}

// The constants of SSIM, and its window.
const (
	ssimSize  = 11
	ssimSigma = 1.5
	ssimK1    = 0.01
	ssimK2    = 0.03
)

// NewImage is for pictures whose values span so much.
func NewImage(channels, height, width int, span float64) *Image {
	m := &Image{channels: channels, height: height, width: width, span: span}
	size := min(ssimSize, height, width)
	sum := 0.0
	for i := range size {
		d := float64(i) - float64(size-1)/2
		m.window = append(m.window, math.Exp(-d*d/(2*ssimSigma*ssimSigma)))
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
	psnr, ssim := make([]float64, n), make([]float64, n)
	parallel(n, func(i int) {
		a, b, e := x[i*size:(i+1)*size], y[i*size:(i+1)*size], 0.0
		for d, v := range a {
			difference := float64(v) - float64(b[d])
			e += difference * difference
		}
		psnr[i] = 10 * math.Log10(m.span*m.span/(e/float64(size)))
		for c := range m.channels {
			ssim[i] += m.similarity(a[c*plane:(c+1)*plane], b[c*plane:(c+1)*plane]) / float64(m.channels)
		}
	})
	for i := range n {
		m.n++
		m.psnr += psnr[i]
		m.ssim += ssim[i]
	}
}

// similarity is the mean over all places of the window inside the picture.
func (m *Image) similarity(x, y []float32) float64 {
	product := func(a, b []float32) []float64 {
		out := make([]float64, len(a))
		for i, v := range a {
			out[i] = float64(v) * float64(b[i])
		}
		return m.blur(out)
	}
	plain := func(a []float32) []float64 {
		out := make([]float64, len(a))
		for i, v := range a {
			out[i] = float64(v)
		}
		return m.blur(out)
	}
	mx, my, xx, yy, xy := plain(x), plain(y), product(x, x), product(y, y), product(x, y)
	c1, c2 := ssimK1*m.span*ssimK1*m.span, ssimK2*m.span*ssimK2*m.span
	sum := 0.0
	for i := range mx {
		a, b := mx[i], my[i]
		sum += (2*a*b + c1) * (2*(xy[i]-a*b) + c2) / ((a*a + b*b + c1) * (xx[i] - a*a + yy[i] - b*b + c2))
	}
	return sum / float64(len(mx))
}

// blur is the windowed mean of a picture at every place where the window fits.
func (m *Image) blur(of []float64) []float64 {
	k := len(m.window)
	w, h := m.width-k+1, m.height-k+1
	rows, out := make([]float64, m.height*w), make([]float64, h*w)
	for y := range m.height {
		row, to := of[y*m.width:(y+1)*m.width], rows[y*w:(y+1)*w]
		for i, g := range m.window {
			for x := range to {
				to[x] += g * row[x+i]
			}
		}
	}
	for y := range h {
		to := out[y*w : (y+1)*w]
		for i, g := range m.window {
			row := rows[(y+i)*w : (y+i+1)*w]
			for x := range to {
				to[x] += g * row[x]
			}
		}
	}
	return out
}

// Values are the means of the samples up to now.
func (m *Image) Values() []Value { return []Value{{"psnr", m.psnr / m.n}, {"ssim", m.ssim / m.n}} }
