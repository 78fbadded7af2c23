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
	for at := 0; at < len(x); at += size {
		e := 0.0
		for i := at; i < at+size; i++ {
			d := float64(x[i]) - float64(y[i])
			e += d * d
		}
		m.n++
		m.psnr += 10 * math.Log10(m.span*m.span/(e/float64(size)))
		for c := range m.channels {
			m.ssim += m.similarity(x[at+c*plane:at+(c+1)*plane], y[at+c*plane:at+(c+1)*plane]) / float64(m.channels)
		}
	}
}

// similarity is the mean over all places of the window inside the picture.
func (m *Image) similarity(x, y []float32) float64 {
	moment := func(of func(i int) float64) []float64 { return m.blur(of) }
	mx := moment(func(i int) float64 { return float64(x[i]) })
	my := moment(func(i int) float64 { return float64(y[i]) })
	xx := moment(func(i int) float64 { return float64(x[i]) * float64(x[i]) })
	yy := moment(func(i int) float64 { return float64(y[i]) * float64(y[i]) })
	xy := moment(func(i int) float64 { return float64(x[i]) * float64(y[i]) })
	c1, c2 := ssimK1*m.span*ssimK1*m.span, ssimK2*m.span*ssimK2*m.span
	sum := 0.0
	for i := range mx {
		a, b := mx[i], my[i]
		sum += (2*a*b + c1) * (2*(xy[i]-a*b) + c2) / ((a*a + b*b + c1) * (xx[i] - a*a + yy[i] - b*b + c2))
	}
	return sum / float64(len(mx))
}

// blur is the windowed mean of a picture at every place where the window fits.
func (m *Image) blur(of func(i int) float64) []float64 {
	k := len(m.window)
	w, h := m.width-k+1, m.height-k+1
	rows := make([]float64, m.height*w)
	for y := range m.height {
		for x := range w {
			for i, g := range m.window {
				rows[y*w+x] += g * of(y*m.width+x+i)
			}
		}
	}
	out := make([]float64, h*w)
	for y := range h {
		for x := range w {
			for i, g := range m.window {
				out[y*w+x] += g * rows[(y+i)*w+x]
			}
		}
	}
	return out
}

// Values are the means of the samples up to now.
func (m *Image) Values() []Value { return []Value{{"psnr", m.psnr / m.n}, {"ssim", m.ssim / m.n}} }
