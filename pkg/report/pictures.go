package report

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html/template"
	"image"
	"image/color"
	"image/png"
)

// Pictures is a grid of small images: rows of samples that belong together.
type Pictures struct {
	Title, About string
	Channels     int // 1 grey, 3 red, green and blue
	Height       int
	Width        int
	Columns      int
	Samples      [][]float32 // [channels, height, width] each, 0 black to 1 white; row by row
	Labels       []string    // one for each row of the grid; empty for none
}

const (
	gap       = 2
	pictureAt = 64 // the least size of a picture in pixels: small ones are enlarged
)

// PNG draws the grid.
func (p Pictures) PNG() ([]byte, error) {
	zoom := max(1, pictureAt/max(1, p.Height))
	rows := (len(p.Samples) + p.Columns - 1) / p.Columns
	w, h := p.Width*zoom+gap, p.Height*zoom+gap
	canvas := image.NewNRGBA(image.Rect(0, 0, p.Columns*w+gap, rows*h+gap))
	for i := range canvas.Pix {
		canvas.Pix[i] = 0x80
	}
	for i, sample := range p.Samples {
		if len(sample) != p.Channels*p.Height*p.Width {
			return nil, fmt.Errorf("draw %s: picture %d has %d values, expected %d×%d×%d", p.Title, i, len(sample), p.Channels, p.Height, p.Width)
		}
		x0, y0 := gap+i%p.Columns*w, gap+i/p.Columns*h
		for y := range p.Height * zoom {
			for x := range p.Width * zoom {
				canvas.SetNRGBA(x0+x, y0+y, p.at(sample, x/zoom, y/zoom))
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, canvas); err != nil {
		return nil, fmt.Errorf("draw %s: %w", p.Title, err)
	}
	return b.Bytes(), nil
}

func (p Pictures) at(sample []float32, x, y int) color.NRGBA {
	channel := func(c int) uint8 {
		v := sample[(c*p.Height+y)*p.Width+x]
		return uint8(255*min(1, max(0, v)) + 0.5) // NaN is black
	}
	if p.Channels == 3 {
		return color.NRGBA{channel(0), channel(1), channel(2), 255}
	}
	return color.NRGBA{channel(0), channel(0), channel(0), 255}
}

// dataURL is a PNG as an image's source.
func dataURL(picture []byte) template.URL {
	return template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(picture))
}
