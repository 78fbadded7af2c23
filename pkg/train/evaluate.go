package train

import (
	"cmp"
	"context"

	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/torch"
)

// Evaluate is the mean of loss and metrics over a split, in the data's order, each
// batch weighted by its size. Noise comes from a generator of its own that begins at
// seed, so that training's random stream is not touched and evaluations compare. It
// runs inside Engine.Do.
func Evaluate(ctx context.Context, m model.Model, s Split, in model.Inputs, d torch.Device, batch int, seed int64, c model.Context) ([]Value, error) {
	gen := torch.NewGenerator(seed, d)
	defer gen.Close()
	c.Train, c.Noise = false, generatorNoise{gen}
	var names []string
	var sums []float64
	batch = min(batch, s.Len())
	host := newHostBatch(in, batch)
	rows := make([]int, 0, batch)
	for begin := 0; begin < s.Len(); begin += len(rows) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		rows = rows[:0]
		for i := begin; i < min(begin+batch, s.Len()); i++ {
			rows = append(rows, i)
		}
		if err := host.read(s, rows, in); err != nil {
			return nil, err
		}
		names, sums = evaluateBatch(m, &c, host, in, d, sums)
	}
	values := make([]Value, len(names))
	for i, name := range names {
		values[i] = Value{name, sums[i] / float64(s.Len())}
	}
	return values, nil
}

func evaluateBatch(m model.Model, c *model.Context, b *hostBatch, in model.Inputs, d torch.Device, sums []float64) ([]string, []float64) {
	var names []string
	torch.Scoped(func() {
		torch.NoGrad(func() {
			out := m.Loss(c, b.tensors(in, d))
			names = metricNames(out)
			row := metricValues(out)
			for i, v := range row {
				row[i] = v.To(torch.Float64)
			}
			values := torch.Stack(row, 0).Float64s()
			if sums == nil {
				sums = make([]float64, len(values))
			}
			for i, v := range values {
				sums[i] += v * float64(b.n)
			}
		})
	})
	return names, sums
}

// Probe evaluates one batch of s and answers the metrics' names: what does not fit
// shows before anything is written. It moves no random stream and no weight.
func Probe(m model.Model, s Split, in model.Inputs, d torch.Device, batch int) ([]string, error) {
	var names []string
	n := min(batch, s.Len())
	rows := make([]int, n)
	for i := range rows {
		rows[i] = i
	}
	host := newHostBatch(in, n)
	if err := host.read(s, rows, in); err != nil {
		return nil, err
	}
	gen := torch.NewGenerator(0, d)
	defer gen.Close()
	c := &model.Context{Noise: generatorNoise{gen}}
	var misfit error
	err := torch.Try(func() {
		if check, ok := m.(CheckData); ok {
			torch.Scoped(func() { misfit = check.CheckData(host.tensors(in, d).X) })
		}
		names, _ = evaluateBatch(m, c, host, in, d, nil)
	})
	return names, cmp.Or(err, misfit)
}

// generatorNoise draws from a generator; a nil one is the device's default.
type generatorNoise struct{ g *torch.Generator }

func (n generatorNoise) Randn(shape []int64, like *torch.Tensor) *torch.Tensor {
	return torch.Randn(shape, n.g, torch.Like(like))
}
