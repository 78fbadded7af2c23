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
	return evaluate(ctx, m, &feed{split: s, in: in, device: d}, batch, seed, c)
}

func evaluate(ctx context.Context, m model.Model, f *feed, batch int, seed int64, c model.Context) (values []Value, err error) {
	gen := torch.NewGenerator(seed, f.device)
	defer gen.Close()
	c.Train, c.Noise = false, generatorNoise{gen}
	all := f.split.Len()
	var names []string
	var sums []float64
	err = f.each(ctx, all, batch, func(i int) int { return i }, func(host *hostBatch) (more bool) {
		names, sums = evaluateBatch(m, &c, host, sums)
		return true
	})
	if err != nil {
		return nil, err
	}
	for i, name := range names {
		values = append(values, Value{name, sums[i] / float64(all)})
	}
	return values, nil
}

func evaluateBatch(m model.Model, c *model.Context, b *hostBatch, sums []float64) ([]string, []float64) {
	var names []string
	torch.Scoped(func() {
		torch.NoGrad(func() {
			out := m.Loss(c, b.tensors())
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
func Probe(m model.Model, s Split, in model.Inputs, d torch.Device, batch int) (names []string, err error) {
	gen := torch.NewGenerator(0, d)
	defer gen.Close()
	c := &model.Context{Noise: generatorNoise{gen}}
	f := &feed{split: s, in: in, device: d}
	var misfit error
	failed := torch.Try(func() {
		err = f.first(min(batch, s.Len()), func(host *hostBatch) error {
			if check, ok := m.(CheckData); ok {
				torch.Scoped(func() { misfit = check.CheckData(host.tensors().X) })
			}
			names, _ = evaluateBatch(m, c, host, nil)
			return nil
		})
	})
	return names, cmp.Or(f.explain(failed, m, batch), err, misfit)
}

// generatorNoise draws from a generator; a nil one is the device's default.
type generatorNoise struct{ g *torch.Generator }

func (n generatorNoise) Randn(shape []int64, like *torch.Tensor) *torch.Tensor {
	return torch.Randn(shape, n.g, torch.Like(like))
}
