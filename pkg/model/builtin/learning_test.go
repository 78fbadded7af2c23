package builtin_test

import (
	"bytes"
	"testing"

	"github.com/gotrainer/trainer/pkg/dataset"
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/optim"
	"github.com/gotrainer/trainer/pkg/torch"
)

// lesson is a training run of a learning test: what a config says, in short.
type lesson struct {
	model  string
	data   dataset.Spec
	batch  int
	epochs int
	lr     float64
}

// random draws training's noise from the default generator.
type random struct{}

func (random) Randn(shape []int64, like *torch.Tensor) *torch.Tensor {
	return torch.Randn(shape, nil, torch.Like(like))
}

// learn trains with Adam at a constant rate and hands model and data to check.
func (l lesson) learn(t *testing.T, check func(model.Model, *dataset.Data)) {
	t.Helper()
	data, err := dataset.Open(l.data)
	if err != nil {
		t.Fatal(err)
	}
	defer data.Close()
	in := model.Inputs{Shape: data.Shape, LabelShape: data.LabelShape, Classes: data.Classes}
	seeded(t, 42, l.model, in, torch.Float32, func(m model.Model) {
		if err := l.train(m, data.Train, in); err != nil {
			t.Fatal(err)
		}
		torch.NoGrad(func() { check(m, data) })
	})
}

func (l lesson) train(m model.Model, split *dataset.Split, in model.Inputs) error {
	sampler := dataset.NewSampler(split.Len(), l.batch, 42, true)
	steps := int64(l.epochs * sampler.StepsPerEpoch())
	params := nn.Tensors(nn.Params(m))
	opt, err := optim.New(optim.Config{Name: "adam", Beta1: 0.9, Beta2: 0.999, Eps: 1e-8}, params)
	if err != nil {
		return err
	}
	defer opt.Close()
	for step := range steps {
		rows, _ := sampler.Next()
		x, err := read(split, rows, in)
		if err != nil {
			return err
		}
		labels := make([]float32, int64(len(rows))*model.Inputs{Shape: in.LabelShape}.Dim())
		if in.LabelShape != nil {
			if err := split.ReadLabels(labels, rows); err != nil {
				return err
			}
		}
		torch.Scoped(func() {
			batch := func(values []float32, shape []int64) *torch.Tensor {
				return torch.FromFloat32s(values, append([]int64{int64(len(rows))}, shape...))
			}
			l.step(m, opt, params, step, model.Batch{X: batch(x, in.Shape), Y: batch(labels, in.LabelShape)})
		})
	}
	return nil
}

func (l lesson) step(m model.Model, opt optim.Optimizer, params []*torch.Tensor, step int64, b model.Batch) {
	if first, ok := m.(interface{ DataInit(model.Batch) }); ok && step == 0 {
		torch.NoGrad(func() { first.DataInit(b) })
	}
	torch.ZeroGrads(params)
	m.Loss(&model.Context{Train: true, Scalars: model.AtStep(step), Noise: random{}}, b).Loss.Backward()
	torch.NoGrad(func() {
		afterBackward(m)
		opt.SetLR(l.lr)
		opt.Step(torch.Scalar(0))
		afterStep(m)
	})
}

func read(s *dataset.Split, rows []int, in model.Inputs) ([]float32, error) {
	x := make([]float32, int64(len(rows))*in.Dim())
	return x, s.Read(x, rows)
}

// all is a whole split as one batch.
func all(t *testing.T, s *dataset.Split, shape []int64) *torch.Tensor {
	t.Helper()
	rows := make([]int, s.Len())
	for i := range rows {
		rows[i] = i
	}
	x, err := read(s, rows, model.Inputs{Shape: shape})
	if err != nil {
		t.Fatal(err)
	}
	return torch.FromFloat32s(x, append([]int64{int64(len(rows))}, shape...))
}

// The reconstruction of test images has at most half of the squared error of the best
// constant, the mean of the training images.
func TestVAELearnsShapes(t *testing.T) {
	l := lesson{
		model: "{type: vae, latent_dim: 16, encoder: {hidden_dims: [256, 128]}}",
		data:  dataset.Spec{Source: "shapes", Seed: 42}, batch: 128, epochs: 12, lr: 1e-3,
	}
	l.learn(t, func(m model.Model, data *dataset.Data) {
		x, mean := all(t, data.Test, data.Shape), all(t, data.Train, data.Shape).MeanDim([]int64{0}, true)
		square := func(e *torch.Tensor) float64 { return e.Square().Mean().Item() }
		got, constant := square(x.Sub(m.(outputs).Predict(x))), square(x.Sub(mean))
		t.Logf("squared error %.5f, of the mean image %.5f: %.2f", got, constant, got/constant)
		if !(got <= constant/2) {
			t.Errorf("squared error %v, of the mean image %v", got, constant)
		}
	})
}

// At least 90 % of the atoms that made the data are a row of the decoder, by a cosine
// of 0.9 or more.
func TestSAEsFindTheTrueDictionary(t *testing.T) {
	data := dataset.Spec{Source: "synthetic_sparse", Seed: 42, Count: 16384, Dim: 64, Atoms: 256, Active: 5}
	for name, l := range map[string]lesson{
		"relu_l1": {
			model: "{type: sae, variant: relu_l1, d_sae: 512, l1_coefficient: 0.4, sparsity_warmup_steps: 200}",
			batch: 256, epochs: 25, lr: 1e-2,
		},
		"topk": {
			model: "{type: sae, variant: topk, d_sae: 512, k: 5, dead_after_samples: 25000}",
			batch: 256, epochs: 20, lr: 3e-3,
		},
	} {
		t.Run(name, func(t *testing.T) {
			l.data = data
			l.learn(t, func(m model.Model, data *dataset.Data) {
				d := data.Dictionary
				atoms := torch.FromFloat32s(d.Data, []int64{int64(d.Rows), int64(d.Cols)})
				cosines := atoms.MatMul(find(nn.Params(m), "W_dec").Transpose(0, 1)) // both have rows of norm 1
				found := cosines.Amax([]int64{1}, false).Ge(0.9).To(torch.Float32).Mean().Item()
				t.Logf("%.1f %% of %d atoms found", 100*found, d.Rows)
				if !(found >= 0.9) {
					t.Errorf("a share of %v of the atoms is found", found)
				}
			})
		})
	}
}

// The same seed, data and thread count give the same bits after training.
func TestSameSeedGivesTheSameBits(t *testing.T) {
	for name, section := range minimal {
		t.Run(name, func(t *testing.T) {
			run := func() (bits []byte) {
				l := lesson{model: section, data: dataset.Spec{Source: "shapes", ImageSize: 16, Count: 64}, batch: 16, epochs: 3, lr: 1e-3}
				l.learn(t, func(m model.Model, _ *dataset.Data) { bits = snapshot(m) })
				return bits
			}
			if first := run(); !bytes.Equal(first, run()) {
				t.Error("two runs differ")
			} else if bytes.Equal(first, fresh(t, section)) {
				t.Error("training changed nothing")
			}
		})
	}
}

// fresh is the bits of an untrained model.
func fresh(t *testing.T, section string) (bits []byte) {
	t.Helper()
	seeded(t, 42, section, model.Inputs{Shape: []int64{1, 16, 16}, LabelShape: []int64{5}}, torch.Float32, func(m model.Model) { bits = snapshot(m) })
	return bits
}
