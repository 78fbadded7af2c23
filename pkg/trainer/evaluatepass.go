package trainer

import (
	"context"

	"github.com/gotrainer/trainer/pkg/dataset"
	"github.com/gotrainer/trainer/pkg/torch"
)

// survey is what one look at a split's numbers tells before the model sees them.
type survey struct {
	mean      []float64 // of samples, as the model takes them
	labels    []float64 // mean of the labels; nil without
	low, high float64   // of samples, in the data's own units
}

// span is the range of values: 1 for data in [0, 1], else the largest minus the smallest.
func (s survey) span() float64 {
	if s.low >= 0 && s.high <= 1 {
		return 1
	}
	return s.high - s.low
}

func (e *evaluation) survey(ctx context.Context, s *dataset.Split) (survey, error) {
	dim := e.dim()
	width, n := labelWidth(e.data.LabelShape), float64(s.Len())
	seen, first := survey{mean: make([]float64, dim), labels: make([]float64, width)}, true
	err := e.read(ctx, e.data, s, s.Len(), func(x, labels []float32, _ int) error {
		for i, v := range x {
			seen.mean[i%dim] += float64(v) / n
		}
		for i, v := range labels {
			seen.labels[i%width] += float64(v) / n
		}
		e.data.Denormalize(x)
		for _, v := range x {
			if first {
				seen.low, seen.high, first = float64(v), float64(v), false
			}
			seen.low, seen.high = min(seen.low, float64(v)), max(seen.high, float64(v))
		}
		return nil
	})
	return seen, err
}

// pass shows the judges every sample of a split once.
func (e *evaluation) pass(ctx context.Context, s *dataset.Split, judges []judge) error {
	return e.each(ctx, e.data, s, s.Len(), s.Name(), func(b judged) error {
		for _, j := range judges {
			if err := j.add(b); err != nil {
				return err
			}
		}
		return nil
	})
}

// each gives fn the first samples of a split, batch by batch, on the device and without
// gradients.
func (e *evaluation) each(ctx context.Context, data *dataset.Data, s *dataset.Split, most int, label string, fn func(b judged) error) error {
	most = min(most, s.Len())
	bar, done := newBar(e.console, label, most), 0
	err := e.read(ctx, data, s, most, func(x, labels []float32, n int) (err error) {
		failed := torch.Try(func() {
			torch.Scoped(func() {
				torch.NoGrad(func() {
					b := judged{x: x, labels: labels}
					b.tensor = torch.FromFloat32s(x, append([]int64{int64(n)}, data.Shape...), torch.On(e.device))
					condition(e.model, labels, e.device)
					err = fn(b)
				})
			})
		})
		if failed != nil {
			return failed
		}
		done += n
		bar.at(done)
		return err
	})
	bar.end(err)
	return err
}

// read reads the first samples of a split in batches of n, with their labels.
func (e *evaluation) read(ctx context.Context, data *dataset.Data, s *dataset.Split, most int, fn func(x, labels []float32, n int) error) error {
	dim, width := e.dim(), labelWidth(data.LabelShape)
	batch := min(e.cfg.BatchSize, most)
	x, labels := make([]float32, batch*dim), make([]float32, batch*width)
	rows := make([]int, 0, batch)
	for from := 0; from < most; from += batch {
		if err := ctx.Err(); err != nil {
			return err
		}
		rows = rows[:0]
		for i := from; i < min(from+batch, most); i++ {
			rows = append(rows, i)
		}
		n := len(rows)
		if err := s.Read(x[:n*dim], rows); err != nil {
			return err
		}
		if width > 0 {
			if err := s.ReadLabels(labels[:n*width], rows); err != nil {
				return err
			}
		}
		if err := fn(x[:n*dim], labels[:n*width], n); err != nil {
			return err
		}
	}
	return nil
}

// labelWidth is how many numbers a label has; 0 without labels.
func labelWidth(shape []int64) int {
	if shape == nil {
		return 0
	}
	width := 1
	for _, d := range shape {
		width *= int(d)
	}
	return width
}
