package report

import (
	"bytes"
	"fmt"
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// Figure is a drawing that a page holds and that can be saved as a PNG.
type Figure interface {
	Name() string
	// draw fills a plot; a legend inside it is only for where no page has one.
	draw(legend bool) (*plot.Plot, error)
	// legend names what the colours mean; empty where there is one.
	legend() []Legend
}

func drawSVG(f Figure) (string, error) {
	p, err := f.draw(false)
	if err != nil {
		return "", err
	}
	return svg(p)
}

// PNG draws a figure on white, at 144 dots an inch.
func PNG(f Figure) ([]byte, error) {
	p, err := f.draw(true)
	if err != nil {
		return nil, err
	}
	p.BackgroundColor = color.White
	canvas := vgimg.NewWith(vgimg.UseWH(chartWidth, chartHeight), vgimg.UseDPI(144))
	p.Draw(draw.New(canvas))
	var b bytes.Buffer
	if _, err := (vgimg.PngCanvas{Canvas: canvas}).WriteTo(&b); err != nil {
		return nil, fmt.Errorf("draw %s: %w", f.Name(), err)
	}
	return b.Bytes(), nil
}
