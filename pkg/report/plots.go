package report

import (
	"fmt"
	"image/color"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Group is a set of points that belong together.
type Group struct {
	Name   string
	Points []Point
}

// Scatter draws groups of points, each in its own colour.
type Scatter struct {
	Title, X, Y string
	Groups      []Group
	Line        []Point // a line under the points, such as a frontier; empty for none
	LogX        bool    // a logarithmic axis; left linear where the values are not above 0, or near each other
}

// spreads says whether a logarithmic axis serves.
func (s Scatter) spreads() bool {
	least, most := math.Inf(1), 0.0
	for _, g := range s.Groups {
		for _, p := range g.Points {
			if finite(p) {
				least, most = min(least, p.X), max(most, p.X)
			}
		}
	}
	return least > 0 && most >= 10*least
}

// fewPoints are so few that each is drawn as a mark of its own.
const fewPoints = 200

// radius is that of a point.
func (s Scatter) radius() vg.Length {
	n := 0
	for _, g := range s.Groups {
		n += len(g.Points)
	}
	if n <= fewPoints {
		return vg.Points(3.5)
	}
	return vg.Points(1.8)
}

func (s Scatter) addLine(p *plot.Plot) error {
	var at plotter.XYs
	for _, q := range s.Line {
		if finite(q) {
			at = append(at, plotter.XY{X: q.X, Y: q.Y})
		}
	}
	if len(at) < 2 {
		return nil
	}
	line, err := plotter.NewLine(at)
	if err != nil {
		return fmt.Errorf("draw %s: %w", s.Title, err)
	}
	line.LineStyle = draw.LineStyle{Color: color.Gray{0x80}, Width: vg.Points(1.2), Dashes: []vg.Length{vg.Points(4), vg.Points(3)}}
	p.Add(line)
	return nil
}

// Name is the title.
func (s Scatter) Name() string { return s.Title }

func (s Scatter) legend() []Legend {
	if len(s.Groups) < 2 {
		return nil
	}
	var list []Legend
	for i, g := range s.Groups {
		list = append(list, Legend{g.Name, Color(i)})
	}
	return list
}

func (s Scatter) draw(legend bool) (*plot.Plot, error) {
	p := newPlot(s.Title, s.X, s.Y)
	if err := s.addLine(p); err != nil {
		return nil, err
	}
	radius := s.radius()
	for i, g := range s.Groups {
		var at plotter.XYs
		for _, q := range g.Points {
			if finite(q) {
				at = append(at, plotter.XY{X: q.X, Y: q.Y})
			}
		}
		if len(at) == 0 {
			continue
		}
		dots, err := plotter.NewScatter(at)
		if err != nil {
			return nil, fmt.Errorf("draw %s: %w", s.Title, err)
		}
		c := palette[i%len(palette)]
		c.A = 0xb0
		dots.GlyphStyle = draw.GlyphStyle{Color: color.NRGBA(c), Radius: radius, Shape: draw.CircleGlyph{}}
		p.Add(dots)
		if legend && len(s.Groups) > 1 {
			p.Legend.Add(g.Name, dots)
		}
	}
	p.Y.Min, p.Y.Max = roomAround(p.Y.Min, p.Y.Max)
	if legend && len(s.Groups) > 1 {
		p.Y.Max += (0.06 + 0.11*float64(len(s.Groups))) * (p.Y.Max - p.Y.Min)
	}
	if s.LogX && s.spreads() {
		room := math.Pow(p.X.Max/p.X.Min, 0.04)
		p.X.Scale, p.X.Tick.Marker, p.X.Min, p.X.Max = plot.LogScale{}, logTicks{}, p.X.Min/room, p.X.Max*room
	} else {
		p.X.Min, p.X.Max = roomAround(p.X.Min, p.X.Max)
	}
	return p, nil
}

// Histogram counts values in bins of equal width; values that are no numbers are left
// out.
type Histogram struct {
	Title, X, Y string
	Values      []float64
	Bins        int
}

// Name is the title.
func (h Histogram) Name() string { return h.Title }

func (h Histogram) legend() []Legend { return nil }

func (h Histogram) draw(bool) (*plot.Plot, error) {
	p := newPlot(h.Title, h.X, h.Y)
	var values plotter.Values
	for _, v := range h.Values {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			values = append(values, v)
		}
	}
	if len(values) == 0 {
		return p, nil
	}
	hist, err := plotter.NewHist(values, h.Bins)
	if err != nil {
		return nil, fmt.Errorf("draw %s: %w", h.Title, err)
	}
	hist.FillColor, hist.LineStyle.Width = palette[0], vg.Points(0.3)
	p.Add(hist)
	p.Y.Tick.Marker = niceTicks{whole: true}
	_, p.Y.Max = roomAround(0, p.Y.Max)
	return p, nil
}

// Bars draws one bar a value, in their order, from 1 on.
type Bars struct {
	Title, X, Y string
	Values      []float64
	Labels      []string // of the bars, where there are few; else they are numbered
}

// Name is the title.
func (b Bars) Name() string { return b.Title }

func (b Bars) legend() []Legend { return nil }

func (b Bars) draw(bool) (*plot.Plot, error) {
	p := newPlot(b.Title, b.X, b.Y)
	values := make(plotter.Values, len(b.Values))
	for i, v := range b.Values {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			values[i] = v
		}
	}
	width := vg.Points(max(0.6, min(24, 300/float64(max(1, len(values))))))
	bars, err := plotter.NewBarChart(values, width)
	if err != nil {
		return nil, fmt.Errorf("draw %s: %w", b.Title, err)
	}
	bars.XMin, bars.Color, bars.LineStyle.Width = 1, palette[0], 0
	p.Add(bars)
	p.X.Tick.Marker = niceTicks{whole: true}
	if len(b.Labels) > 0 {
		var ticks []plot.Tick
		for i, l := range b.Labels {
			ticks = append(ticks, plot.Tick{Value: float64(i + 1), Label: l})
		}
		p.X.Tick.Marker = plot.ConstantTicks(ticks)
	}
	p.X.Min, p.X.Max = 0.5, float64(len(values))+0.5
	_, p.Y.Max = roomAround(0, p.Y.Max)
	return p, nil
}

// Confusion is how often samples of a class (row) were taken for one (column).
type Confusion struct {
	Title  string
	Counts [][]int
}

// Name is the title.
func (c Confusion) Name() string { return c.Title }

// Dims, Z, X and Y are plotter.GridXYZ: shares of the row's samples, the first row on top.
func (c Confusion) Dims() (cols, rows int) { return len(c.Counts), len(c.Counts) }

// Z is the share of a cell.
func (c Confusion) Z(col, row int) float64 {
	counts := c.Counts[len(c.Counts)-1-row]
	sum := 0
	for _, n := range counts {
		sum += n
	}
	return float64(counts[col]) / float64(max(1, sum))
}

// X is the place of a column.
func (c Confusion) X(col int) float64 { return float64(col) }

// Y is the place of a row.
func (c Confusion) Y(row int) float64 { return float64(row) }

// shades go from nothing to the first colour of the palette.
type shades struct{}

// Colors answers palette.Palette.
func (shades) Colors() []color.Color {
	out := make([]color.Color, 64)
	for i := range out {
		out[i] = color.NRGBA{palette[0].R, palette[0].G, palette[0].B, uint8(i * 4)}
	}
	return out
}

func (c Confusion) legend() []Legend { return nil }

func (c Confusion) draw(bool) (*plot.Plot, error) {
	p := emptyPlot(c.Title, "predicted class", "class")
	heat := plotter.NewHeatMap(c, shades{})
	heat.Min, heat.Max = 0, 1
	p.Add(heat)
	n := len(c.Counts)
	var ticksX, ticksY []plot.Tick
	for i := range n {
		ticksX = append(ticksX, plot.Tick{Value: float64(i), Label: strconv.Itoa(i)})
		ticksY = append(ticksY, plot.Tick{Value: float64(i), Label: strconv.Itoa(n - 1 - i)})
	}
	p.X.Tick.Marker, p.Y.Tick.Marker = plot.ConstantTicks(ticksX), plot.ConstantTicks(ticksY)
	if n > 20 {
		return p, nil
	}
	for row := range n {
		for col := range n {
			label, err := plotter.NewLabels(plotter.XYLabels{XYs: plotter.XYs{{X: float64(col), Y: float64(row)}}, Labels: []string{strconv.Itoa(c.Counts[n-1-row][col])}})
			if err != nil {
				return nil, fmt.Errorf("draw %s: %w", c.Title, err)
			}
			label.TextStyle[0] = text.Style{Color: ink(c.Z(col, row)), Font: font.Font{Typeface: "Liberation", Variant: "Sans", Size: vg.Points(9)}, XAlign: draw.XCenter, YAlign: draw.YCenter, Handler: plot.DefaultTextHandler}
			p.Add(label)
		}
	}
	return p, nil
}

// ink is read on a cell of the given share.
func ink(share float64) color.Color {
	if share > 0.5 {
		return color.White
	}
	return color.Black
}
