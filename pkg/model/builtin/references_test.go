package builtin_test

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gotrainer/trainer/pkg/config"
	"github.com/gotrainer/trainer/pkg/internal/torchtest"
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/model/builtin"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/optim"
	"github.com/gotrainer/trainer/pkg/torch"
	"github.com/gotrainer/trainer/pkg/train"
)

// referenceCase is one entry of interop/references/cases.json: a training that a real
// library did.
type referenceCase struct {
	Name, Type, Variant string
	Params              map[string]any
	InputShape          []int64 `json:"input_shape"`
	LabelShape          []int64 `json:"label_shape"`
	Optimizer           struct {
		Betas [2]float64
	}
	Clip            *float64
	FirstStep       int64 `json:"first_step"`
	BatchSize       int64 `json:"batch_size"`
	Batches, Noises int64
	Samples         int64
	data            torchtest.Golden
	losses, rates   []float64
	worst           float64
}

// referenceTolerance is the largest relative difference of a loss.
const referenceTolerance = 1e-4

// The config of each case trains as the library that it names, for 100 steps.
func TestLossesAreThoseOfTheLibraries(t *testing.T) {
	var cases []*referenceCase
	torchtest.ReadTable(t, "../references/cases", &cases)
	pairs := map[string]bool{}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			c.data = torchtest.OpenGolden(t, "../references/"+c.Name)
			section := map[string]any{"type": c.Type, "variant": c.Variant}
			for k, v := range c.Params {
				section[k] = v
			}
			text, err := json.Marshal(section)
			if err != nil {
				t.Fatal(err)
			}
			build(t, string(text), model.Inputs{Shape: c.InputShape, LabelShape: c.LabelShape, Samples: c.Samples}, torch.Float32, func(m model.Model) {
				c.load(t, m)
				c.train(t, m)
			})
			torchtest.Result(t, c.Type+"/"+c.Variant, fmt.Sprintf("compat:%v", c.Params["compat"]), c.worst)
		})
		pairs[fmt.Sprint(c.Params["compat"], " ", c.Variant)] = true
	}
	if len(pairs) < 12 {
		t.Errorf("%d pairs of library and variant, expected at least 12", len(pairs))
	}
}

// load sets the library's initial weights; a threshold of batch_topk starts by itself.
func (c *referenceCase) load(t *testing.T, m model.Model) {
	t.Helper()
	torch.NoGrad(func() {
		for _, p := range nn.StateDict(m) {
			if p.Role == nn.Buffer && !c.data.Has("init."+p.Name) {
				continue
			}
			p.Tensor.Copy_(c.data.Get("init." + p.Name))
		}
	})
	c.losses, c.rates = c.data.Get("losses").Float64s(), c.data.Get("learning_rates").Float64s()
}

func (c *referenceCase) train(t *testing.T, m model.Model) {
	params := nn.Tensors(nn.Params(m))
	opt, err := optim.New(optim.Config{Name: "adam", Beta1: c.Optimizer.Betas[0], Beta2: c.Optimizer.Betas[1], Eps: 1e-8}, params)
	if err != nil {
		t.Fatal(err)
	}
	defer opt.Close()
	for i, want := range c.losses {
		var got float64
		torch.Scoped(func() { got = c.step(m, opt, params, int64(i)) })
		gap := math.Abs(got-want) / math.Abs(want)
		if c.worst = math.Max(c.worst, gap); !(gap <= referenceTolerance) {
			t.Fatalf("step %d: loss %v, the library's %v (%.2g)", i, got, want, gap)
		}
	}
	for _, p := range nn.StateDict(m) {
		if golden := "last." + p.Name; c.data.Has(golden) {
			if gap := torchtest.Gap(p.Tensor.Float64s(), c.data.Get(golden).Float64s()); !(gap <= referenceTolerance) {
				t.Errorf("%s differs by %.2g of its largest value after training", p.Name, gap)
			}
		}
	}
}

// step is one of the trainer's, at the library's learning rate.
func (c *referenceCase) step(m model.Model, opt optim.Optimizer, params []*torch.Tensor, i int64) float64 {
	b := c.batch(i)
	if first, ok := m.(interface{ DataInit(model.Batch) }); ok && c.FirstStep+i == 0 {
		torch.NoGrad(func() { first.DataInit(b) })
	}
	if r, ok := m.(train.Renewer); ok && r.RenewAt(c.FirstStep+i) {
		torch.NoGrad(func() {
			r.Renew(b, func(p *torch.Tensor) []*torch.Tensor { return optim.Moments(opt, slices.Index(params, p)) })
		})
	}
	torch.ZeroGrads(params)
	loss := m.Loss(&model.Context{Train: true, Scalars: model.AtStep(c.FirstStep + i), Noise: c.noise(i)}, b).Loss
	loss.Backward()
	torch.NoGrad(func() {
		if h, ok := m.(interface{ AfterBackward() }); ok {
			h.AfterBackward()
		}
		if c.Clip != nil {
			torch.ClipGradNorm(params, *c.Clip)
		}
		opt.SetLR(c.rates[i])
		opt.Step(torch.Scalar(0))
		if h, ok := m.(interface{ AfterStep() }); ok {
			h.AfterStep()
		}
	})
	return loss.Item()
}

func (c *referenceCase) batch(i int64) model.Batch {
	rows := func(name string) *torch.Tensor {
		if !c.data.Has(name) {
			return nil
		}
		return c.data.Get(name).Narrow(0, i%c.Batches*c.BatchSize, c.BatchSize)
	}
	return model.Batch{X: rows("x"), Y: rows("y")}
}

// noise gives the tensors that the library drew in this step, in turn.
func (c *referenceCase) noise(i int64) model.Noise {
	n := &replayed{}
	for j := 0; c.data.Has(fmt.Sprintf("noise.%d", j)); j++ {
		n.rest = append(n.rest, c.data.Get(fmt.Sprintf("noise.%d", j)).Narrow(0, i%c.Noises, 1).Squeeze(0))
	}
	return n
}

// replayed is noise that was recorded.
type replayed struct{ rest []*torch.Tensor }

func (n *replayed) Randn(shape []int64, _ *torch.Tensor) *torch.Tensor {
	next := n.rest[0]
	n.rest = n.rest[1:]
	return next.Reshape(shape)
}

// A pair that does not exist is refused with those that do.
func TestCompatOfAnotherLibraryIsRefused(t *testing.T) {
	for section, want := range map[string]string{
		"{type: sae, variant: gated, d_sae: 8, compat: sparsify}":                         "saelens-6",
		"{type: sae, variant: crosscoder, d_sae: 8, compat: saelens-6}":                   "compat",
		"{type: sae, variant: topk, d_sae: 8, k: 2, compat: sparsify, b_enc_init: zeros}": "compat",
	} {
		text := "experiment: {name: a, output_dir: b}\ndata: {source: shapes}\nmodel: " + section + "\n"
		_, _, err := config.ParseTrain("test.yaml", []byte(text), config.Options{Models: builtin.Registry()})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", section, err)
		}
	}
}
