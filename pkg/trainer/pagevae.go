package trainer

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/gotrainer/trainer/pkg/infer"
	"github.com/gotrainer/trainer/pkg/report"
	"github.com/gotrainer/trainer/pkg/torch"
)

// activeVariance is the variance of a dimension's mean over the data above which a unit
// counts as active (Burda, Grosse and Salakhutdinov 2015, arXiv 1509.00519).
const activeVariance = 0.01

// latents are the posterior of the samples.
type latents struct {
	k      int
	mu     []float32 // [n, k]
	kl     []float64 // mean of each dimension, nats
	active int
	order  []int // dimensions by KL, the largest first
}

func (s *samples) latents(ctx context.Context, g infer.Embedder) (*latents, error) {
	var l latents
	var mean, square []float64
	err := s.each(ctx, func(_ int, x *torch.Tensor) error {
		both, err := g.Embed(x, "mean_logvar", nil)
		if err != nil {
			return err
		}
		l.k = int(both.Size(1) / 2)
		mu, logvar := both.Narrow(1, 0, int64(l.k)), both.Narrow(1, int64(l.k), int64(l.k))
		l.mu = append(l.mu, mu.Contiguous().Float32s()...)
		kl := mu.Square().Add(logvar.Exp()).Sub(logvar).AddScalar(-1).MulScalar(0.5)
		l.kl = sum(l.kl, kl.SumDim([]int64{0}, false).Float32s())
		mean = sum(mean, mu.SumDim([]int64{0}, false).Float32s())
		square = sum(square, mu.Square().SumDim([]int64{0}, false).Float32s())
		return nil
	})
	for i := range l.kl {
		l.kl[i] /= float64(s.n)
		if m := mean[i] / float64(s.n); square[i]/float64(s.n)-m*m > activeVariance {
			l.active++
		}
		l.order = append(l.order, i)
	}
	slices.SortStableFunc(l.order, func(a, b int) int { return cmp.Compare(l.kl[b], l.kl[a]) })
	return &l, err
}

func sum(total []float64, more []float32) []float64 {
	if total == nil {
		total = make([]float64, len(more))
	}
	for i, v := range more {
		total[i] += float64(v)
	}
	return total
}

func (s *samples) showVAE(ctx context.Context, m infer.Embedder, g infer.Generator, t *trained, about string) ([]report.Section, error) {
	l, err := s.latents(ctx, m)
	if err != nil {
		return nil, err
	}
	var sections []report.Section
	if p, ok := m.(infer.Predictor); ok {
		sections = s.reconstructions(p, about)
	}
	space := report.Section{Title: "Latent space",
		About: fmt.Sprintf("%s %d of %d units are active: the variance of their mean over the samples is above %v.", about, l.active, l.k, activeVariance)}
	bars := report.Bars{Title: "KL of each latent dimension", X: "latent dimension, by its KL", Y: "nats a sample"}
	for _, d := range l.order {
		bars.Values = append(bars.Values, l.kl[d])
		if l.k <= 24 {
			bars.Labels = append(bars.Labels, strconv.Itoa(d))
		}
	}
	space.Figures = append(space.Figures, bars)
	if l.k >= 2 {
		space.Figures = append(space.Figures, s.scatter(l))
	}
	space.Pictures = append(space.Pictures, s.prior(g, l, t.config.Experiment.Seed)...)
	space.Pictures = append(space.Pictures, s.traversals(g, l)...)
	return append(sections, space), nil
}

// scatter shows the means in the plane of their two principal components, coloured by
// label where there are few.
func (s *samples) scatter(l *latents) report.Figure {
	plane, share := planeOf(l.mu, s.n, l.k)
	chart := report.Scatter{Title: "Means of the latents",
		X: fmt.Sprintf("first principal component, %.0f %% of the variance", 100*share[0]),
		Y: fmt.Sprintf("second, %.0f %%", 100*share[1])}
	classes, name, n := s.colours()
	if n < 2 {
		chart.Groups = []report.Group{{Points: plane}}
		return chart
	}
	chart.Groups = make([]report.Group, n)
	for class := range chart.Groups {
		chart.Groups[class].Name = fmt.Sprintf("%s %d", name, class)
	}
	for i, p := range plane {
		g := &chart.Groups[classes[i]]
		g.Points = append(g.Points, p)
	}
	return chart
}

// prior decodes draws of the model's prior, N(0, I) where it has none of its own; of a model that is given
// classes, a row for each.
func (s *samples) prior(g infer.Generator, l *latents, seed int64) []report.Pictures {
	const most, columns = 16, 8
	rows, classes := 4, ""
	if _, ok := s.model.(*infer.Given); ok {
		rows = min(s.data.Classes, most)
		classes = fmt.Sprintf(" A row for each of the classes 0 to %d.", rows-1)
		condition(s.model, repeated(counted(rows), columns), s.device)
	}
	gen := torch.NewGenerator(seed, s.device)
	defer gen.Close()
	var drawn [][]float32
	about := "Decoded draws of N(0, I)."
	torch.Scoped(func() {
		var z *torch.Tensor
		if own, ok := g.(infer.Prior); ok {
			about, z = "Decoded draws of the model's prior.", own.Draw(int64(rows*columns), infer.Noise{Generator: gen})
		} else {
			z = torch.Randn([]int64{int64(rows * columns), int64(l.k)}, gen, torch.On(s.device))
		}
		drawn = rowsOf(g.Generate(z))
	})
	return s.pictures("Samples of the prior", about+classes, columns, drawn)
}

// traversals decode the first sample's mean with one dimension moved at a time.
func (s *samples) traversals(g infer.Generator, l *latents) []report.Pictures {
	const most, columns, reach = 8, 9, 3.0
	shown := l.order[:min(most, l.k)]
	var z []float32
	for _, d := range shown {
		for c := range columns {
			code := append([]float32(nil), l.mu[:l.k]...)
			code[d] = float32(reach * (2*float64(c)/(columns-1) - 1))
			z = append(z, code...)
		}
	}
	if s.labels != nil {
		condition(s.model, repeated(s.labels[:1], len(shown)*columns), s.device)
	}
	var drawn [][]float32
	torch.Scoped(func() {
		drawn = rowsOf(g.Generate(torch.FromFloat32s(z, []int64{int64(len(shown) * columns), int64(l.k)}, torch.On(s.device))))
	})
	return s.pictures("Traversals", fmt.Sprintf("One latent dimension a row, by its KL (dimensions %v), from -%v to %v; the others are those of the first sample.", shown, reach, reach), columns, drawn)
}
