package metrics

import (
	"math"

	"github.com/gotrainer/trainer/pkg/ssim"
)

// fittingScales is as many as leave the window inside pictures of that shorter side.
func fittingScales(side int) int {
	scales := 1
	for scales < ssim.MostScales && side>>scales >= ssim.Window {
		scales++
	}
	return scales
}

// picture is one channel.
type picture struct {
	values        []float64
	width, height int
}

func (m *Image) picture(of []float32) picture {
	p := picture{make([]float64, len(of)), m.width, m.height}
	for i, v := range of {
		p.values[i] = float64(v)
	}
	return p
}

// halved is the mean of each two by two pixels; an odd last row or column is left out.
func (p picture) halved() picture {
	h := picture{width: p.width / 2, height: p.height / 2}
	h.values = make([]float64, h.width*h.height)
	for y := range h.height {
		for x := range h.width {
			at := 2*y*p.width + 2*x
			h.values[y*h.width+x] = (p.values[at] + p.values[at+1] + p.values[at+p.width] + p.values[at+p.width+1]) / 4
		}
	}
	return h
}

// similarities are SSIM and, with w_j the scales' weights, MS-SSIM of two pictures: the SSIM of
// the coarsest scale ^ w_M · Π_{j<M} (the contrast and structure of scale j) ^ w_j, where one
// below 0 counts as 0.
func (m *Image) similarities(x, y picture) (single, msssim float64) {
	msssim = 1
	for j, w := range m.weights {
		if j > 0 {
			x, y = x.halved(), y.halved()
		}
		whole, contrast := m.similarity(x, y)
		if j == 0 {
			single = whole
		}
		if j == len(m.weights)-1 {
			contrast = whole
		}
		msssim *= math.Pow(max(contrast, 0), w)
	}
	return single, msssim
}

// similarity is SSIM, and its factor of contrast and structure, both means over all places of
// the window inside the picture.
func (m *Image) similarity(x, y picture) (whole, contrast float64) {
	product := func(a, b picture) []float64 {
		out := make([]float64, len(a.values))
		for i, v := range a.values {
			out[i] = v * b.values[i]
		}
		return m.blur(picture{out, a.width, a.height})
	}
	mx, my, xx, yy, xy := m.blur(x), m.blur(y), product(x, x), product(y, y), product(x, y)
	c1, c2 := ssim.K1*m.span*ssim.K1*m.span, ssim.K2*m.span*ssim.K2*m.span
	for i := range mx {
		a, b := mx[i], my[i]
		c := (2*(xy[i]-a*b) + c2) / (xx[i] - a*a + yy[i] - b*b + c2)
		contrast += c
		whole += (2*a*b + c1) / (a*a + b*b + c1) * c
	}
	n := float64(len(mx))
	return whole / n, contrast / n
}

// blur is the windowed mean of a picture at every place where the window fits.
func (m *Image) blur(of picture) []float64 {
	k := len(m.window)
	w, h := of.width-k+1, of.height-k+1
	rows, out := make([]float64, of.height*w), make([]float64, h*w)
	for y := range of.height {
		row, to := of.values[y*of.width:(y+1)*of.width], rows[y*w:(y+1)*w]
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
