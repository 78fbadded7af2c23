package train_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/gotrainer/trainer/pkg/dataset"
	"github.com/gotrainer/trainer/pkg/internal/torchtest"
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/model/sae"
	"github.com/gotrainer/trainer/pkg/model/vae"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/npy"
	"github.com/gotrainer/trainer/pkg/optim"
	"github.com/gotrainer/trainer/pkg/schedule"
	"github.com/gotrainer/trainer/pkg/torch"
	"github.com/gotrainer/trainer/pkg/train"
)

// BenchmarkStep is a whole step of Run on data in memory, with Adam, on one thread.
func BenchmarkStep(b *testing.B) {
	mlp := func(p any) {
		c := p.(*vae.PlainConfig)
		c.LatentDim, c.Likelihood = 20, "bernoulli"
		c.Encoder = vae.Encoder{Kind: "mlp", HiddenDims: []int64{400}, Activation: "relu"}
	}
	topK := func(p any) {
		c := p.(*sae.TopKConfig)
		c.DSAE, c.K, c.DeadAfterSamples, c.AuxCoefficient, c.BDecInit = 1024, 16, 1e7, 1./32, "zeros"
	}
	reluL1 := func(p any) {
		c := p.(*sae.ReLUL1Config)
		c.DSAE, c.DeadAfterSamples, c.L1Coefficient, c.BDecInit = 1024, 1e7, 0.1, "zeros"
	}
	for _, c := range []struct {
		name       string
		variant    model.Variant
		set        func(params any)
		dim, batch int
	}{
		{"vae-784-400-20/batch=128", vae.VAE(), mlp, 784, 128},
		{"vae-784-400-20/batch=16", vae.VAE(), mlp, 784, 16},
		{"topk-128-1024/batch=256", sae.TopK(), topK, 128, 256},
		{"relu_l1-128-1024/batch=256", sae.ReLUL1(), reluL1, 128, 256},
	} {
		b.Run(c.name, func(b *testing.B) {
			data := opened(b, "true", 1024, c.dim)
			defer data.Close()
			benchmarkRun(b, data, c.batch, func(in model.Inputs, o nn.Options) (model.Model, error) {
				params := c.variant.Params()
				c.set(params)
				return c.variant.Build(params, in, o)
			})
		})
	}
}

// BenchmarkLoader is the way of shuffled batches of 128 samples of 784 numbers from the
// data to the step, which next to nothing is done in.
func BenchmarkLoader(b *testing.B) {
	for _, c := range []struct{ name, inMemory string }{{"memory", "true"}, {"streamed", "false"}} {
		b.Run(c.name, func(b *testing.B) {
			data := opened(b, c.inMemory, 4096, 784)
			defer data.Close()
			b.SetBytes(4 * 128 * 784)
			benchmarkRun(b, data, 128, func(_ model.Inputs, o nn.Options) (model.Model, error) {
				return &glance{o.Param([]int64{1}, func(t *torch.Tensor) { t.Fill_(1) })}, nil
			})
		})
	}
}

// glance looks at one number of a batch.
type glance struct {
	Weight *torch.Tensor `torch:"weight"`
}

func (g *glance) Loss(_ *model.Context, b model.Batch) model.Output {
	return model.Output{Loss: b.X.Flatten(0, -1).Narrow(0, 0, 1).Mul(g.Weight).Sum()}
}

// opened is a data set of a file with n samples of dim numbers in [0, 1).
func opened(b *testing.B, inMemory string, n, dim int) *dataset.Data {
	b.Helper()
	path := filepath.Join(b.TempDir(), "x.npy")
	values := make([]float32, n*dim)
	for i := range values {
		values[i] = float32(i*7919%1000) / 1000
	}
	w, err := npy.Create(path, "f4", []int64{int64(n), int64(dim)})
	if err == nil {
		err = w.WriteFloat32s(values)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		b.Fatal(err)
	}
	d, err := dataset.Open(dataset.Spec{Source: "npy", Path: path, InMemory: inMemory, Split: dataset.Fractions{Train: 1}})
	if err != nil {
		b.Fatal(err)
	}
	return d
}

// benchmarkRun trains b.N steps; what a run does before its first step counts as well.
func benchmarkRun(b *testing.B, data *dataset.Data, batch int, build func(model.Inputs, nn.Options) (model.Model, error)) {
	e := torchtest.Start(b)
	defer e.Close()
	b.ReportAllocs()
	err := e.Do(context.Background(), func() error {
		scope := torch.NewScope("param")
		defer scope.Close()
		p := train.Parts{
			Inputs: model.Inputs{Shape: data.Shape}, Device: torch.CPU, Train: data.Train, Checkpoints: unkept{}, Observer: &journal{},
			Order: dealt{dataset.NewSampler(data.Train.Len(), batch, 1, true)},
		}
		var err error
		if p.Model, err = build(p.Inputs, nn.Default(scope)); err != nil {
			return err
		}
		if p.Metrics, err = train.Probe(p.Model, p.Train, p.Inputs, p.Device, batch); err != nil {
			return err
		}
		cfg := train.Config{
			Steps: int64(b.N), BatchSize: batch, Accumulate: 1, LogEvery: 50,
			Optimizer: optim.Config{Name: "adam", Beta1: 0.9, Beta2: 0.999, Eps: 1e-8},
			Schedule:  schedule.LR{Name: schedule.Constant, Base: 1e-4}, Monitor: train.Monitor{Name: "train/loss"},
		}
		b.ResetTimer()
		_, err = train.Run(context.Background(), cfg, p)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
}

// dealt is the sampler as an Order.
type dealt struct{ s *dataset.Sampler }

func (d dealt) Next() ([]int, bool) { return d.s.Next() }
func (d dealt) StepsPerEpoch() int  { return d.s.StepsPerEpoch() }

func (d dealt) Position() train.Position {
	at := d.s.State()
	return train.Position{Epoch: at.Epoch, Samples: at.Position}
}

// unkept saves nothing.
type unkept struct{}

func (unkept) Step(int64, func() *train.Snapshot) error               { return nil }
func (unkept) Epoch(int64, int64, bool, func() *train.Snapshot) error { return nil }
func (unkept) Interrupted(func() *train.Snapshot) error               { return nil }
