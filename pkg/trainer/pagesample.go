package trainer

import (
	"context"
	"fmt"

	"github.com/gotrainer/trainer/pkg/dataset"
	"github.com/gotrainer/trainer/pkg/infer"
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/report"
	"github.com/gotrainer/trainer/pkg/torch"
)

// reportSamples are what a report computes its plots of the model on, at most.
const reportSamples = 2048

// samples are the first rows of one split.
type samples struct {
	data   *dataset.Data
	device torch.Device
	split  string
	n, dim int
	x      []float32 // [n, dim], as the model takes them
	labels []float32 // [n, label shape]; nil without labels
	model  model.Model
}

// take reads the samples of the validation split, or of the next best one.
func take(d *dataset.Data, device torch.Device) (*samples, error) {
	name, split := "val", d.Val
	if split == nil {
		name, split = "test", d.Test
	}
	if split == nil {
		name, split = "train", d.Train
	}
	s := &samples{data: d, device: device, split: name, n: min(split.Len(), reportSamples), dim: 1}
	for _, size := range d.Shape {
		s.dim *= int(size)
	}
	rows := make([]int, s.n)
	for i := range rows {
		rows[i] = i
	}
	s.x = make([]float32, s.n*s.dim)
	if err := split.Read(s.x, rows); err != nil {
		return nil, err
	}
	if d.LabelShape == nil {
		return s, nil
	}
	width := 1
	for _, size := range d.LabelShape {
		width *= int(size)
	}
	s.labels = make([]float32, s.n*width)
	return s, split.ReadLabels(s.labels, rows)
}

// reportBatch is how many samples are computed at once.
const reportBatch = 256

// each gives fn the samples in batches on the device; from is the first one's number.
func (s *samples) each(ctx context.Context, fn func(from int, x *torch.Tensor) error) error {
	for from := 0; from < s.n; from += reportBatch {
		if err := ctx.Err(); err != nil {
			return err
		}
		to := min(from+reportBatch, s.n)
		var err error
		torch.Scoped(func() {
			shape := append([]int64{int64(to - from)}, s.data.Shape...)
			s.condition(from, to)
			err = fn(from, torch.FromFloat32s(s.x[from*s.dim:to*s.dim], shape, torch.On(s.device)))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// condition tells a model that depends on labels those of some samples.
func (s *samples) condition(from, to int) {
	if width := len(s.labels) / s.n; width > 0 {
		condition(s.model, s.labels[from*width:to*width], s.device)
	}
}

// imageShape says whether a sample of that shape can be drawn, and how.
func imageShape(shape []int64) (channels, height, width int, ok bool) {
	if len(shape) == 2 {
		shape = append([]int64{1}, shape...)
	}
	if len(shape) != 3 || shape[0] != 1 && shape[0] != 3 {
		return 0, 0, 0, false
	}
	return int(shape[0]), int(shape[1]), int(shape[2]), true
}

// pictures draws samples in the data's own units, those of the data from black to white.
func (s *samples) pictures(title, about string, columns int, rows [][]float32) []report.Pictures {
	channels, height, width, ok := imageShape(s.data.Shape)
	if !ok || len(rows) == 0 {
		return nil
	}
	own := append([]float32(nil), s.x[:min(s.n, 64)*s.dim]...)
	s.data.Denormalize(own)
	low, high := own[0], own[0]
	for _, v := range own {
		low, high = min(low, v), max(high, v)
	}
	for i, row := range rows {
		row = append([]float32(nil), row...)
		s.data.Denormalize(row)
		for j, v := range row {
			row[j] = (v - low) / max(high-low, 1e-12)
		}
		rows[i] = row
	}
	return []report.Pictures{{Title: title, About: about, Channels: channels, Height: height, Width: width, Columns: columns, Samples: rows}}
}

func (s *samples) row(i int) []float32 { return s.x[i*s.dim : (i+1)*s.dim] }

// colours are the samples' classes for a drawing and what they are called: the labels, or
// of labels with several numbers the first, where they are few small whole numbers.
func (s *samples) colours() (classes []int, name string, n int) {
	const most = 10
	if s.labels == nil {
		return nil, "", 0
	}
	width := len(s.labels) / s.n
	for i := range s.n {
		v := s.labels[i*width]
		if v != float32(int(v)) || v < 0 || v >= most {
			return nil, "", 0
		}
		classes, n = append(classes, int(v)), max(n, int(v)+1)
	}
	name = "class"
	if len(s.data.LabelNames) > 0 {
		name = s.data.LabelNames[0]
	}
	return classes, name, n
}

// rowsOf are the samples of a tensor [B, …].
func rowsOf(t *torch.Tensor) [][]float32 {
	values, n := t.Float32s(), int(t.Size(0))
	rows := make([][]float32, n)
	for i := range rows {
		rows[i] = values[i*len(values)/n : (i+1)*len(values)/n]
	}
	return rows
}

// show chooses the plots by what the model can do.
func (s *samples) show(ctx context.Context, m model.Model, t *trained) ([]report.Section, error) {
	s.model = m
	about := fmt.Sprintf("Computed on %d samples of the %s split.", s.n, s.split)
	p, predicts := m.(infer.Predictor)
	e, embeds := m.(infer.Embedder)
	switch g := infer.GeneratorOf(m); {
	case g != nil && embeds:
		return s.showVAE(ctx, e, g, t, about)
	case t.config.Model.Type == "sae" && embeds:
		return s.showSAE(ctx, e, t, about)
	case predicts && p.Reconstructs():
		return s.reconstructions(p, about), nil
	case predicts && s.data.Classes > 1 && len(s.labels) == s.n:
		return s.confusion(ctx, p, about)
	}
	return nil, nil
}

// reconstructions are pairs of inputs and what the model makes of them.
func (s *samples) reconstructions(p infer.Predictor, about string) []report.Section {
	const columns = 10
	n := min(columns, s.n)
	var pairs [][]float32
	torch.Scoped(func() {
		x := torch.FromFloat32s(s.x[:n*s.dim], append([]int64{int64(n)}, s.data.Shape...), torch.On(s.device))
		for i := range n {
			pairs = append(pairs, s.row(i))
		}
		s.condition(0, n)
		pairs = append(pairs, rowsOf(p.Predict(x))...)
	})
	pictures := s.pictures("Reconstructions", "Inputs above, what the model makes of them below.", n, pairs)
	if pictures == nil {
		return nil
	}
	return []report.Section{{Title: "Reconstructions", About: about, Pictures: pictures}}
}

// confusion is a classifier's, by its largest logit.
func (s *samples) confusion(ctx context.Context, p infer.Predictor, about string) ([]report.Section, error) {
	counts := make([][]int, s.data.Classes)
	for i := range counts {
		counts[i] = make([]int, s.data.Classes)
	}
	right := 0
	err := s.each(ctx, func(from int, x *torch.Tensor) error {
		y := p.Predict(x)
		if y.Dim() != 2 || y.Size(1) != int64(s.data.Classes) {
			return fmt.Errorf("the model gives %v for a batch, expected one number for each of %d classes", y.Shape(), s.data.Classes)
		}
		for i, predicted := range y.Argmax(1).Int64s() {
			class := int(s.labels[from+i])
			counts[class][predicted]++
			if class == int(predicted) {
				right++
			}
		}
		return nil
	})
	about += fmt.Sprintf(" %.1f %% of the answers are right. A row is a class, shaded by share; a column is what its samples were taken for.", 100*float64(right)/float64(max(1, s.n)))
	return []report.Section{{Title: "Classes", About: about, Figures: []report.Figure{report.Confusion{Title: "Confusion matrix", Counts: counts}}}}, err
}
