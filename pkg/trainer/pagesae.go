package trainer

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/gotrainer/trainer/pkg/infer"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/report"
	"github.com/gotrainer/trainer/pkg/torch"
)

// activity is how the latents of an SAE answer the samples.
type activity struct {
	m       int
	fired   []int64 // samples that activate each latent
	actives float64 // of all samples
}

func (s *samples) activity(ctx context.Context, e infer.Embedder) (*activity, error) {
	a := &activity{}
	err := s.each(ctx, func(_ int, x *torch.Tensor) error {
		f, err := e.Embed(x, "codes", nil)
		if err != nil {
			return err
		}
		counts := f.Gt(0).To(torch.Int64).SumDim([]int64{0}, false).Int64s()
		if a.fired == nil {
			a.m, a.fired = len(counts), make([]int64, len(counts))
		}
		for i, n := range counts {
			a.fired[i] += n
			a.actives += float64(n)
		}
		return nil
	})
	return a, err
}

func (s *samples) showSAE(ctx context.Context, e infer.Embedder, t *trained, about string) ([]report.Section, error) {
	a, err := s.activity(ctx, e)
	if err != nil {
		return nil, err
	}
	var densities []float64
	silent := 0
	for _, n := range a.fired {
		if n == 0 {
			silent++
			continue
		}
		densities = append(densities, math.Log10(float64(n)/float64(s.n)))
	}
	features := report.Section{Title: "Features",
		About: fmt.Sprintf("%s %.1f of %d latents are active in a sample; %d are active in none of these samples.", about, a.actives/float64(s.n), a.m, silent)}
	features.Figures = append(features.Figures, report.Histogram{Title: "Feature density", X: "log10 of the share of samples that activate a latent", Y: "latents", Values: densities, Bins: 25})
	if nearest := nearestDecoders(e); nearest != nil {
		features.Figures = append(features.Figures, report.Histogram{Title: "Decoder cosine similarity", X: "largest cosine of a latent's decoder row with another's", Y: "latents", Values: nearest, Bins: 25})
	}
	most, least := a.extremes(6)
	for _, part := range []struct {
		title string
		of    []int
	}{{"Most frequent features", most}, {"Least frequent features", least}} {
		if err := s.topSamples(ctx, e, &features, part.title, part.of, a); err != nil {
			return nil, err
		}
	}
	sections := []report.Section{features}
	if p, ok := e.(infer.Predictor); ok && p.Reconstructs() {
		sections = append(s.reconstructions(p, about), sections...)
	}
	return sections, nil
}

// extremes are n latents that most and that fewest samples activate, silent ones left out.
func (a *activity) extremes(n int) (most, least []int) {
	var alive []int
	for i, fired := range a.fired {
		if fired > 0 {
			alive = append(alive, i)
		}
	}
	slices.SortStableFunc(alive, func(i, j int) int { return cmp.Compare(a.fired[j], a.fired[i]) })
	n = min(n, len(alive))
	most, least = alive[:n], slices.Clone(alive[len(alive)-n:])
	slices.Reverse(least)
	return most, least
}

// nearestDecoders is, for each latent, the largest cosine of its decoder row with another
// row; nil for a model without W_dec.
func nearestDecoders(m any) (nearest []float64) {
	const block = 1024
	for _, p := range nn.StateDict(m) {
		if p.Name != "W_dec" {
			continue
		}
		torch.Scoped(func() {
			w := p.Tensor.Detach()
			w = w.Div(w.NormDim([]int64{1}, true).ClampMin(1e-12))
			for from := int64(0); from < w.Size(0); from += block {
				torch.Scoped(func() {
					n := min(block, w.Size(0)-from)
					cosines := w.Narrow(0, from, n).MatMul(w.Transpose(0, 1))
					values, _ := cosines.TopK(min(2, w.Size(0)), 1) // one of the two is the row with itself
					for _, v := range values.Neg().Amax([]int64{1}, false).Float32s() {
						nearest = append(nearest, -float64(v))
					}
				})
			}
		})
	}
	return nearest
}

// topSamples adds the samples that activate each latent most: pictures where samples are
// images, else a table of their numbers.
func (s *samples) topSamples(ctx context.Context, e infer.Embedder, to *report.Section, title string, latents []int, a *activity) error {
	const columns = 8
	if len(latents) == 0 {
		return nil
	}
	values := make([][]float32, len(latents)) // of each latent, for all samples
	err := s.each(ctx, func(_ int, x *torch.Tensor) error {
		f, err := e.Embed(x, "codes", nil)
		if err != nil {
			return err
		}
		for i, latent := range latents {
			values[i] = append(values[i], f.Narrow(1, int64(latent), 1).Contiguous().Float32s()...)
		}
		return nil
	})
	if err != nil {
		return err
	}
	table := report.Table{Title: title, Text: true, Head: []string{"latent", "active in", "samples that activate it most (activation)"}}
	var pictures [][]float32
	for i, latent := range latents {
		order := make([]int, s.n)
		for j := range order {
			order[j] = j
		}
		slices.SortStableFunc(order, func(x, y int) int { return cmp.Compare(values[i][y], values[i][x]) })
		var named []string
		for _, j := range order[:min(columns, s.n)] {
			pictures = append(pictures, s.row(j))
			if v := values[i][j]; v > 0 && len(named) < 5 {
				named = append(named, fmt.Sprintf("%d (%.3g)", j, v))
			}
		}
		share := 100 * float64(a.fired[latent]) / float64(s.n)
		table.Rows = append(table.Rows, []string{fmt.Sprint(latent), fmt.Sprintf("%.2f %%", share), strings.Join(named, ", ")})
	}
	if drawn := s.pictures(title, fmt.Sprintf("One latent a row (%v): the samples that activate it most.", latents), min(columns, s.n), pictures); drawn != nil {
		to.Pictures = append(to.Pictures, drawn...)
	}
	to.Tables = append(to.Tables, table)
	return nil
}
