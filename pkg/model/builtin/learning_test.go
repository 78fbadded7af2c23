package builtin_test

import (
	"bytes"
	"cmp"
	"math"
	"strings"
	"testing"

	"github.com/gotrainer/trainer/pkg/dataset"
	"github.com/gotrainer/trainer/pkg/internal/torchtest"
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
	seed   int64 // 0 = 42
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
	seeded(t, cmp.Or(l.seed, 42), l.model, in, torch.Float32, func(m model.Model) {
		if err := l.train(m, data.Train, in); err != nil {
			t.Fatal(err)
		}
		torch.NoGrad(func() { check(m, data) })
	})
}

func (l lesson) train(m model.Model, split *dataset.Split, in model.Inputs) error {
	sampler := dataset.NewSampler(split.Len(), l.batch, cmp.Or(l.seed, 42), true)
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
			l.learn(t, func(m model.Model, data *dataset.Data) { findsTheDictionary(t, name, m, data) })
		})
	}
}

func findsTheDictionary(t *testing.T, variant string, m model.Model, data *dataset.Data) {
	t.Helper()
	d := data.Dictionary
	atoms := torch.FromFloat32s(d.Data, []int64{int64(d.Rows), int64(d.Cols)}) // of norm 1
	w := effects(t, m, all(t, data.Train, data.Shape))
	cosines := atoms.MatMul(w.Transpose(0, 1)).Div(w.NormDim([]int64{1}, false).ClampMin(1e-12))
	found := cosines.Amax([]int64{1}, false).Ge(0.9).To(torch.Float32).Mean().Item()
	torchtest.Result(t, "sae/"+variant, "recovered", found)
	if !(found >= 0.9) {
		t.Errorf("a share of %v of the atoms is found", found)
	}
}

// effects are the decoder's rows, or, where W_skip leaves these open, the outputs weighed with
// the codes.
func effects(t *testing.T, m model.Model, x *torch.Tensor) *torch.Tensor {
	params := nn.Params(m)
	if find(params, "W_skip") == nil {
		return find(params, "W_dec")
	}
	codes, err := m.(outputs).Embed(x, "codes", nil)
	if err != nil {
		t.Fatal(err)
	}
	y := m.(outputs).Predict(x)
	return codes.Transpose(0, 1).MatMul(y.Sub(y.MeanDim([]int64{0}, true)))
}

// So does every other variant, on fewer directions, at the true number of active ones:
// a controller finds the coefficient of those that have one.
func TestEveryWayOfBeingSparseFindsTheTrueDictionary(t *testing.T) {
	const active = 3
	data := dataset.Spec{Source: "synthetic_sparse", Seed: 42, Count: 8192, Dim: 32, Atoms: 64, Active: active}
	target := "d_sae: 128, sparsity_warmup_steps: 100, target_l0: 3"
	for name, l := range map[string]lesson{
		"batch_topk":   {model: "{type: sae, variant: batch_topk, d_sae: 128, k: 3, dead_after_samples: 25000}"},
		"matryoshka":   {model: "{type: sae, variant: matryoshka, d_sae: 128, k: 3, prefixes: [64, 128], dead_after_samples: 25000}"},
		"relu_l1":      {model: "{type: sae, l1_coefficient: 0.4, " + target + "}"},
		"relu_l1 free": {model: "{type: sae, decoder_constraint: none, l1_coefficient: 0.4, " + target + "}"},
		"gated":        {model: "{type: sae, variant: gated, l1_coefficient: 0.4, " + target + "}"},
		"jump_relu":    {model: "{type: sae, variant: jump_relu, l0_coefficient: 0.1, threshold_init: 0.1, bandwidth: 0.2, " + target + "}"},
		"p_anneal":     {model: "{type: sae, variant: p_anneal, anneal_start_step: 500, anneal_end_step: 1200, p_end: 0.7, l1_coefficient: 0.3, " + target + "}", lr: 5e-3},
		// A slow warm-up: the penalty of norms does not mind a direction that is split by layers.
		"crosscoder": {
			model: "{type: sae, variant: crosscoder, d_sae: 96, decoder_init_norm: 1, l1_coefficient: 0.4, sparsity_warmup_steps: 800, target_l0: 3}",
			data:  dataset.Spec{Dim: 16, Layers: 2},
		},
		"transcoder": {
			model: "{type: sae, variant: transcoder, d_sae: 128, k: 3, dead_after_samples: 25000}",
			data:  dataset.Spec{Dim: 32, Layers: 2, Label: "last_layer"},
		},
		"skip_transcoder": {
			model: "{type: sae, variant: skip_transcoder, d_sae: 128, k: 3, dead_after_samples: 25000}",
			data:  dataset.Spec{Dim: 32, Layers: 2, Label: "last_layer"},
		},
		"transcoder relu": {
			model: "{type: sae, variant: transcoder, activation: relu, l1_coefficient: 0.4, " + target + "}",
			data:  dataset.Spec{Dim: 32, Layers: 2, Label: "last_layer"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			data := data
			data.Dim, data.Layers, data.Label = cmp.Or(l.data.Dim, data.Dim), l.data.Layers, l.data.Label
			l.data, l.batch, l.epochs, l.lr = data, 128, 30, cmp.Or(l.lr, 3e-3)
			l.learn(t, func(m model.Model, data *dataset.Data) {
				findsTheDictionary(t, strings.Fields(name)[0], m, data)
				codes, err := m.(outputs).Embed(all(t, data.Test, data.Shape), "codes", nil)
				if err != nil {
					t.Fatal(err)
				}
				l0 := codes.Gt(0).To(torch.Float32).SumDim([]int64{1}, false).Mean().Item()
				t.Logf("L0 %.2f", l0)
				if math.Abs(l0-active) > 0.2*active {
					t.Errorf("L0 is %v, of the data %d", l0, active)
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
				if name == "cvae" {
					l.data.Label = "shape"
				}
				l.learn(t, func(m model.Model, _ *dataset.Data) { bits = snapshot(m) })
				return bits
			}
			if first := run(); !bytes.Equal(first, run()) {
				t.Error("two runs differ")
			} else if bytes.Equal(first, fresh(t, name)) {
				t.Error("training changed nothing")
			}
		})
	}
}

// fresh is the bits of an untrained model.
func fresh(t *testing.T, variant string) (bits []byte) {
	t.Helper()
	in := labelled(variant, []int64{1, 16, 16})
	if in.Classes == 0 {
		in.LabelShape = []int64{5}
	}
	seeded(t, 42, minimal[variant], in, torch.Float32, func(m model.Model) { bits = snapshot(m) })
	return bits
}
