package report

import (
	"encoding/xml"
	"io"
	"math"
	"strings"
	"testing"
)

// wellFormed reads a drawing to its end.
func wellFormed(t *testing.T, svg string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		if _, err := d.Token(); err == io.EOF {
			return
		} else if err != nil {
			t.Fatalf("%v in %s", err, svg)
		}
	}
}

func points(ys ...float64) []Point {
	var out []Point
	for i, y := range ys {
		out = append(out, Point{float64(i + 1), y})
	}
	return out
}

func TestAChartDrawsACurveForEachStretchOfNumbers(t *testing.T) {
	nan := math.NaN()
	c := Chart{Title: "loss <&>", X: "epoch", Series: []Series{{Name: "a", Points: points(3, 2, nan, 1, nan, 5, 4)}}}
	svg, err := c.SVG()
	if err != nil {
		t.Fatal(err)
	}
	wellFormed(t, svg)
	if n := strings.Count(svg, "stroke:#0072B2"); n != 2 {
		t.Errorf("%d lines, want 2 and a dot", n)
	}
	if strings.Contains(svg, "#000000") || !strings.Contains(svg, "currentColor") {
		t.Error("black would vanish on a dark page")
	}
}

func TestAChartTakesAnyNumbers(t *testing.T) {
	for name, ys := range map[string][]float64{
		"none": nil, "one": {1}, "constant": {2, 2, 2}, "zero": {0, 0}, "no number": {math.NaN(), math.Inf(1)}, "negative": {-1, 1}, "tiny": {1e-300, 1e-299}, "huge": {1e300, -1e300},
	} {
		for _, log := range []bool{false, true} {
			svg, err := Chart{Title: name, Series: []Series{{Name: name, Points: points(ys...), Mark: &Point{1, 1}}}, LogY: log}.SVG()
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			wellFormed(t, svg)
			if strings.Contains(svg, "NaN") {
				t.Errorf("%s: NaN in the drawing", name)
			}
		}
	}
}

func TestCurvesBeyondThePaletteDifferByTheirDashes(t *testing.T) {
	c := Chart{}
	for i := range len(palette) + 1 {
		c.Series = append(c.Series, Series{Points: points(1, 2), Color: i})
	}
	svg, err := c.SVG()
	if err != nil || strings.Count(svg, "stroke-dasharray") != 1 {
		t.Errorf("%d dashed, %v", strings.Count(svg, "stroke-dasharray"), err)
	}
}

func TestAPageNeedsNothingBesideItAndTakesNoTextForMarkup(t *testing.T) {
	evil := `<script>alert(1)</script>`
	var b strings.Builder
	page := Comparison{
		Title: evil, About: "x", Legend: []Legend{{evil, Color(0)}},
		Tables: []Table{{Title: evil, Head: []string{"key", evil}, Rows: [][]string{{evil, "1"}}, Mark: 1}},
		Charts: []Chart{{Title: evil, Series: []Series{{Name: evil, Points: points(1, 2)}}}},
	}
	if err := page.WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	html := b.String()
	if strings.Contains(html, "<script") || strings.Contains(html, "ZgotmplZ") {
		t.Error(html)
	}
	for _, word := range []string{"src=", "@import", "url("} {
		if strings.Contains(html, word) {
			t.Errorf("the page has %s", word)
		}
	}
	for _, want := range []string{"<svg", "prefers-color-scheme: dark", "@media print", `class="mark"`, "background: #0072b2"} {
		if !strings.Contains(html, want) {
			t.Errorf("the page has no %s", want)
		}
	}
}

func TestAScatterHasItsLineAndALogarithmicAxis(t *testing.T) {
	s := Scatter{Title: "frontier", X: "x", Y: "y", LogX: true, Line: []Point{{1, 3}, {10, 2}, {100, 1}},
		Groups: []Group{{"a", []Point{{1, 3}, {100, 1}}}, {"b", []Point{{10, 2}, {math.NaN(), 1}}}}}
	with, err := drawSVG(s)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(with, "stroke-dasharray") || !strings.Contains(with, ">100<") {
		t.Errorf("no dashed line, or no tick at 100 in %s", with)
	}
	if picture, err := PNG(s); err != nil || len(picture) == 0 {
		t.Error(err)
	}
	s.Line, s.Groups[0].Points[0].X = nil, 0 // which no logarithmic axis has
	without, err := drawSVG(s)
	if err != nil || strings.Contains(without, "stroke-dasharray") {
		t.Errorf("%v, a line of no points in %s", err, without)
	}
}
