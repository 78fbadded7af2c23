package report

import (
	"bytes"
	"fmt"
	"html"
	"image/color"
	"math"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Point is one value of a curve.
type Point struct{ X, Y float64 }

// Series is one curve of a chart.
type Series struct {
	Name   string
	Points []Point // in the order of X; a Y that is no finite number leaves a gap
	Color  int     // index into the palette; curves that belong together share it
	Dashed bool
	Mark   *Point // a point to be marked, such as the best epoch
}

// Chart is a drawing of curves over a common axis.
type Chart struct {
	Title, X, Y string // the names of the axes with their units
	Series      []Series
	LogY        bool // a logarithmic axis; left linear where the values are not above 0, or near each other
	Legend      bool // names the curves at the drawing; a page of many has one of its own
}

// palette is Okabe and Ito's, which also the colour-blind can tell apart, in an order
// whose first colours are the most distinct.
var palette = []color.RGBA{
	{0x00, 0x72, 0xb2, 0xff}, {0xe6, 0x9f, 0x00, 0xff}, {0x00, 0x9e, 0x73, 0xff}, {0xcc, 0x79, 0xa7, 0xff},
	{0xd5, 0x5e, 0x00, 0xff}, {0x56, 0xb4, 0xe9, 0xff}, {0x8c, 0x8c, 0x8c, 0xff}, {0xb0, 0xa0, 0x00, 0xff},
}

// Color is the colour of an index as CSS has it.
func Color(index int) string {
	c := palette[index%len(palette)]
	return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B)
}

// dashes tell apart curves of the same colour, beyond the palette's length.
var dashes = [][]vg.Length{nil, {vg.Points(8), vg.Points(2), vg.Points(2), vg.Points(2)}, {vg.Points(1.5), vg.Points(2)}}

const (
	chartWidth  = 5.4 * vg.Inch
	chartHeight = 3.2 * vg.Inch
)

// SVG draws the chart as an element to stand in a page. What is black takes the colour
// of the page's text.
func (c Chart) SVG() (string, error) { return drawSVG(c) }

// Name is the title.
func (c Chart) Name() string { return c.Title }

func (c Chart) legend() []Legend {
	if !c.Legend || len(c.Series) < 2 {
		return nil
	}
	var list []Legend
	for _, s := range c.Series {
		list = append(list, Legend{s.Name, Color(s.Color)})
	}
	return list
}

func (c Chart) draw(legend bool) (*plot.Plot, error) {
	p := newPlot(c.Title, c.X, c.Y)
	logarithmic := c.LogY && c.spreads()
	named := 0
	for _, s := range c.Series {
		if legend && c.Legend && len(c.Series) > 1 {
			p.Legend.Add(s.Name, &plotter.Line{LineStyle: s.style()})
			named++
		}
		if err := s.addTo(p); err != nil {
			return nil, fmt.Errorf("draw %s: %w", s.Name, err)
		}
	}
	if logarithmic {
		p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, logTicks{}
		room := math.Pow(p.Y.Max/p.Y.Min, 0.04)
		p.Y.Min, p.Y.Max = p.Y.Min/room, p.Y.Max*room*math.Pow(p.Y.Max/p.Y.Min, 0.08*float64(named))
	} else {
		p.Y.Min, p.Y.Max = roomAround(p.Y.Min, p.Y.Max)
		p.Y.Max += 0.08 * float64(named) * (p.Y.Max - p.Y.Min)
	}
	p.X.Tick.Marker = niceTicks{whole: true}
	return p, nil
}

// newPlot is an empty drawing with a grid.
func newPlot(title, x, y string) *plot.Plot {
	p := emptyPlot(title, x, y)
	grid := plotter.NewGrid()
	grid.Vertical.Width, grid.Horizontal.Width = vg.Points(0.4), vg.Points(0.4)
	p.Add(grid)
	return p
}

func emptyPlot(title, x, y string) *plot.Plot {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	p.BackgroundColor = color.Transparent
	for _, style := range []*text.Style{&p.Title.TextStyle, &p.X.Label.TextStyle, &p.Y.Label.TextStyle, &p.X.Tick.Label, &p.Y.Tick.Label, &p.Legend.TextStyle} {
		style.Font.Variant = "Sans"
	}
	p.Legend.Top, p.Legend.Padding, p.Legend.XOffs = true, vg.Points(3), vg.Points(-4)
	p.X.Tick.Marker, p.Y.Tick.Marker = niceTicks{}, niceTicks{}
	return p
}

// svg draws a plot and takes off what a page has already.
func svg(p *plot.Plot) (string, error) {
	canvas := vgsvg.New(chartWidth, chartHeight)
	p.Draw(draw.New(canvas))
	var b bytes.Buffer
	if _, err := canvas.WriteTo(&b); err != nil {
		return "", fmt.Errorf("draw %s: %w", p.Title.Text, err)
	}
	svg := b.String()
	if i := strings.Index(svg, "<svg"); i > 0 {
		svg = svg[i:]
	}
	svg = strings.Replace(svg, "<svg ", `<svg role="img" aria-label="`+html.EscapeString(p.Title.Text)+`" `, 1)
	svg = strings.NewReplacer("stroke:#000000", "stroke:currentColor", "fill:#000000", "fill:currentColor").Replace(svg)
	return strings.TrimSpace(svg), nil
}

// spreads says whether a logarithmic axis serves: every value can stand on it, and the
// largest is ten times the smallest.
func (c Chart) spreads() bool {
	least, most := math.Inf(1), 0.0
	for _, s := range c.Series {
		for _, p := range s.Points {
			if finite(p) {
				least, most = min(least, p.Y), max(most, p.Y)
			}
		}
	}
	return least > 0 && most >= 10*least
}

// addTo draws the curve: a line for each stretch of numbers, a dot for one that stands
// alone.
func (s Series) addTo(p *plot.Plot) error {
	style := s.style()
	for _, run := range s.stretches() {
		if len(run) == 1 {
			if err := addDots(p, run, style.Color, vg.Points(2.5)); err != nil {
				return err
			}
			continue
		}
		line, err := plotter.NewLine(run)
		if err != nil {
			return err
		}
		line.LineStyle = style
		p.Add(line)
	}
	if s.Mark != nil && finite(*s.Mark) {
		return addDots(p, plotter.XYs{{X: s.Mark.X, Y: s.Mark.Y}}, style.Color, vg.Points(4))
	}
	return nil
}

func (s Series) style() draw.LineStyle {
	style := draw.LineStyle{Color: palette[s.Color%len(palette)], Width: vg.Points(1.6), Dashes: dashes[s.Color/len(palette)%len(dashes)]}
	if s.Dashed {
		style.Dashes, style.Width = []vg.Length{vg.Points(4), vg.Points(3)}, vg.Points(1.1)
	}
	return style
}

func addDots(p *plot.Plot, at plotter.XYs, c color.Color, radius vg.Length) error {
	dots, err := plotter.NewScatter(at)
	if err != nil {
		return err
	}
	dots.GlyphStyle = draw.GlyphStyle{Color: c, Radius: radius, Shape: draw.CircleGlyph{}}
	p.Add(dots)
	return nil
}

// stretches are the runs of points without a gap.
func (s Series) stretches() []plotter.XYs {
	var out []plotter.XYs
	open := false
	for _, p := range s.Points {
		if !finite(p) {
			open = false
			continue
		}
		if !open {
			out = append(out, nil)
		}
		open = true
		out[len(out)-1] = append(out[len(out)-1], plotter.XY{X: p.X, Y: p.Y})
	}
	return out
}

func finite(p Point) bool {
	return !math.IsNaN(p.X+p.Y) && !math.IsInf(p.X, 0) && !math.IsInf(p.Y, 0)
}
