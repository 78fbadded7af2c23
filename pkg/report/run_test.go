package report

import (
	"bytes"
	"encoding/xml"
	"image/png"
	"io"
	"math"
	"strings"
	"testing"
)

func page() Run {
	nan := math.NaN()
	return Run{
		Title: "vae/<b>one</b>", About: "beta_vae", Facts: []Fact{{"best", "val/loss 3"}}, Notes: []string{"no data & no model"},
		Sections: []Section{{
			Title: "Curves",
			Figures: []Figure{
				Chart{Title: "loss", X: "epoch", Y: "nats", Legend: true, Series: []Series{
					{Name: "train", Points: []Point{{1, 3}, {2, nan}, {3, 1}}}, {Name: "val", Color: 1, Points: []Point{{1, 4}, {2, 3}}, Mark: &Point{2, 3}},
				}},
				Scatter{Title: "latents", X: "PC 1", Y: "PC 2", Groups: []Group{{"0", []Point{{1, 2}, {nan, 1}}}, {"1", nil}, {"2", []Point{{3, 1}}}}},
				Histogram{Title: "density", X: "log10", Y: "latents", Values: []float64{-3, -2, -2, nan, math.Inf(-1)}, Bins: 4},
				Histogram{Title: "nothing", X: "x", Y: "y", Values: []float64{nan}, Bins: 4},
				Bars{Title: "KL", X: "dimension", Y: "nats", Values: []float64{0.1, 2, nan}},
				Confusion{Title: "confusion", Counts: [][]int{{3, 1}, {0, 0}}},
			},
			Pictures: []Pictures{{Title: "Pairs", About: "inputs above", Channels: 1, Height: 2, Width: 3, Columns: 2, Samples: [][]float32{{0, 1, 2, -1, 0.5, float32(nan)}, make([]float32, 6), make([]float32, 6)}}},
			Tables:   []Table{{Title: "Latents", Head: []string{"latent", "share"}, Rows: [][]string{{"7", "<1 %"}}}},
		}},
	}
}

func TestAPageIsWellFormedAndTakesNoTextForMarkup(t *testing.T) {
	var b bytes.Buffer
	if err := page().WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	if strings.Contains(text, "<b>one") || !strings.Contains(text, "&lt;b&gt;one") || !strings.Contains(text, "no data &amp; no model") {
		t.Error("text of the run is markup in the page")
	}
	for _, outside := range []string{`src="http`, `href="http`, "url(http", "@import"} {
		if strings.Contains(text, outside) {
			t.Errorf("the page has %s", outside)
		}
	}
	d := xml.NewDecoder(&b)
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	for {
		if _, err := d.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func TestEveryDrawingIsAPNGOfItsOwnName(t *testing.T) {
	files, err := page().Files()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range files {
		names = append(names, f.Name)
		img, err := png.Decode(bytes.NewReader(f.Content))
		if err != nil || img.Bounds().Dx() < 100 {
			t.Errorf("%s: %v, %v", f.Name, img, err)
		}
	}
	if got := strings.Join(names, " "); got != "loss.png latents.png density.png nothing.png kl.png confusion.png pairs.png" {
		t.Errorf("files %s", got)
	}
}

func TestAPictureHasItsPixels(t *testing.T) {
	content, err := page().Sections[0].Pictures[0].PNG()
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	const zoom = 32
	for i, want := range []uint32{0, 255, 255, 0, 128, 0} { // 2 and -1 are limited, NaN is black
		r, _, _, _ := img.At(2+i%3*zoom+5, 2+i/3*zoom+5).RGBA()
		if r>>8 != want {
			t.Errorf("pixel %d is %d, want %d", i, r>>8, want)
		}
	}
	bad := Pictures{Title: "x", Channels: 1, Height: 2, Width: 2, Columns: 1, Samples: [][]float32{{1}}}
	if _, err := bad.PNG(); err == nil || !strings.Contains(err.Error(), "picture 0 has 1 values, expected 1×2×2") {
		t.Errorf("err = %v", err)
	}
}
