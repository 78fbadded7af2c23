package builtin_test

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/gotrainer/trainer/pkg/internal/torchtest"
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/optim"
	"github.com/gotrainer/trainer/pkg/torch"
)

// parityCase is one entry of interop/parity/cases.json; what the fields and the
// tensors of its file mean is told in interop/parity/README.md.
type parityCase struct {
	Name, Type, Variant string
	Params              map[string]any
	InputShape          []int64 `json:"input_shape"`
	Parts               []model.Span
	LabelParts          []model.Span `json:"label_parts"`
	Optimizer           struct {
		Name         string
		LR, Momentum float64
		WeightDecay  float64 `json:"weight_decay"`
		Nesterov     bool
	}
	GradClip               *float64 `json:"grad_clip"`
	BatchSize              int64    `json:"batch_size"`
	Batches, Noises, Steps int64
	Classes                int
	Starts                 bool // from the first batch
	Step                   int64
	TotalVariance          *float64 `json:"total_variance"`
	Parameters, Metrics    []string
	Outputs                []string
	StateDict              []string `json:"state_dict"`
	Tolerance              struct{ Float64, Losses float64 }
	data                   torchtest.Golden
}

func TestParityWithPyTorch(t *testing.T) {
	var cases []*parityCase
	torchtest.ReadTable(t, "cases", &cases)
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			c.data = torchtest.OpenGolden(t, c.Name)
			t.Run("float64", func(t *testing.T) { c.run(t, torch.Float64, c.checkFloat64) })
			if c.Steps > 0 {
				t.Run("float32 losses", func(t *testing.T) { c.run(t, torch.Float32, c.checkTraining) })
			}
		})
	}
	for v := range minimal {
		found := slices.ContainsFunc(cases, func(c *parityCase) bool { return c.Variant == v })
		if !found {
			t.Errorf("no parity case for variant %s", v)
		}
	}
}

// run builds the case's model with its initial weights and constants.
func (c *parityCase) run(t *testing.T, dtype torch.DType, fn func(*testing.T, model.Model)) {
	t.Helper()
	section := map[string]any{"type": c.Type, "variant": c.Variant}
	maps.Copy(section, c.Params)
	if path, ok := section["torchscript"]; ok {
		section["torchscript"] = "../../../" + path.(string)
	}
	text, err := json.Marshal(section)
	if err != nil {
		t.Fatal(err)
	}
	in := model.Inputs{Shape: c.InputShape, Samples: c.Batches * c.BatchSize, Parts: c.Parts, LabelParts: c.LabelParts}
	if y, ok := c.data.File.Tensor("y"); ok {
		in.LabelShape, in.Classes = y.Shape[1:], c.Classes
	}
	build(t, string(text), in, dtype, func(m model.Model) {
		c.load(t, m, dtype)
		fn(t, m)
	})
}

func (c *parityCase) load(t *testing.T, m model.Model, dtype torch.DType) {
	t.Helper()
	var names []string
	torch.NoGrad(func() {
		for _, p := range nn.StateDict(m) {
			names = append(names, p.Name)
			value := c.data.Get("init." + p.Name)
			if !slices.Equal(value.Shape(), p.Tensor.Shape()) {
				t.Fatalf("%s has shape %v, PyTorch's %v", p.Name, p.Tensor.Shape(), value.Shape())
			}
			p.Tensor.Copy_(value)
		}
		if v := find(nn.States(m), "total_variance"); v != nil {
			v.Fill_(*c.TotalVariance)
		}
	})
	if c.Starts {
		first, _ := c.batch(0, dtype)
		torch.NoGrad(func() { m.(interface{ DataInit(model.Batch) }).DataInit(first) })
	}
	if !slices.Equal(names, c.StateDict) {
		t.Fatalf("state dict %v, PyTorch's %v", names, c.StateDict)
	}
}

// batch gives batch and noise of a step.
func (c *parityCase) batch(step int64, dtype torch.DType) (model.Batch, model.Noise) {
	rows := func(name string) *torch.Tensor {
		if !c.data.Has(name) {
			return nil
		}
		return c.data.Get(name).Narrow(0, step%c.Batches*c.BatchSize, c.BatchSize).To(dtype)
	}
	return model.Batch{X: rows("x"), Y: rows("y")}, c.noise(step)
}

// noise is that of a step; nil where the loss draws none.
func (c *parityCase) noise(step int64) model.Noise {
	if c.Noises == 0 {
		return nil
	}
	return torchtest.NewDraws(c.data.Get("noise").Narrow(0, step%c.Noises, 1))
}

// afterBackward and afterStep are what the trainer calls around the optimizer.
func afterBackward(m model.Model) bool {
	h, ok := m.(interface{ AfterBackward() })
	if ok {
		h.AfterBackward()
	}
	return ok
}

func afterStep(m model.Model) {
	if h, ok := m.(interface{ AfterStep() }); ok {
		h.AfterStep()
	}
}

// nearFunc fails the test unless a tensor is the golden one of that name.
type nearFunc func(what string, got *torch.Tensor, golden string)

// checkFloat64 compares one step: outputs, loss and metrics, every gradient, what
// buffers and counters became.
func (c *parityCase) checkFloat64(t *testing.T, m model.Model) {
	largest := 0.0
	defer func() { torchtest.Result(t, c.Type+"/"+c.Variant, "parity", largest) }()
	near := func(what string, got *torch.Tensor, golden string) {
		t.Helper()
		gap := torchtest.Gap(got.Float64s(), c.data.Get(golden).Float64s())
		largest = max(largest, gap)
		if !(gap <= c.Tolerance.Float64) {
			t.Errorf("%s differs by %.2g of its largest value", what, gap)
		}
	}
	b, noise := c.batch(0, torch.Float64)
	torch.NoGrad(func() { c.outputs(t, given(m, b.Y), b.X, near) })
	if silent := find(nn.States(m), "samples_since_fired"); silent != nil {
		silent.Copy_(c.data.Get("since_fired"))
		defer func() { near("samples_since_fired", silent, "f64.since_fired") }()
	}
	out := m.Loss(&model.Context{Train: true, Scalars: model.AtStep(c.Step), Noise: noise}, b)
	near("loss", out.Loss, "f64.metric.loss")
	for _, metric := range out.Metrics {
		if slices.Contains(c.Metrics, metric.Name) {
			near(metric.Name, metric.Value, "f64.metric."+metric.Name)
		}
	}
	if missing := missingFrom(c.Metrics, append(metricNames(out), "loss")); len(missing) > 0 {
		t.Errorf("metrics %v are not reported", missing)
	}
	out.Loss.Backward()
	c.gradients(t, m, near)
}

func (c *parityCase) gradients(t *testing.T, m model.Model, near nearFunc) {
	t.Helper()
	var trained []string
	for _, p := range nn.StateDict(m) {
		if p.Role == nn.Buffer {
			continue
		}
		trained = append(trained, p.Name)
		near("gradient of "+p.Name, p.Tensor.Grad(), "f64.grad."+p.Name)
	}
	if !slices.Equal(trained, c.Parameters) {
		t.Errorf("parameters %v, PyTorch's %v", trained, c.Parameters)
	}
	torch.NoGrad(func() {
		if afterBackward(m) {
			near("projected gradient", find(nn.Params(m), "W_dec").Grad(), "f64.projected.W_dec")
		}
		afterStep(m)
	})
	for _, p := range nn.StateDict(m) {
		if p.Role == nn.Buffer {
			near("buffer "+p.Name, p.Tensor, "f64.buffer."+p.Name)
		}
	}
}

func find(params []nn.Param, name string) *torch.Tensor {
	for _, p := range params {
		if p.Name == name {
			return p.Tensor
		}
	}
	return nil
}

// codes says which golden output each embedding of a type is.
var codes = map[string]map[string][]string{
	"vae":          {"": {"embedding"}, "mean": {"mu"}, "mean_logvar": {"mu", "logvar"}, "sample": {"z"}, "vectors": {"vectors"}, "indices": {"indices"}},
	"sae":          {"": {"embedding"}, "codes": {"codes"}, "reconstruction": {"output"}},
	"custom_model": {"": {"embedding"}},
}

// outputs compares predictions and embeddings, which are those of evaluation.
func (c *parityCase) outputs(t *testing.T, m model.Model, x *torch.Tensor, near nearFunc) {
	t.Helper()
	o := m.(outputs)
	near("prediction", o.Predict(x), "f64.out.prediction")
	for what, parts := range codes[c.Type] {
		z, err := o.Embed(x, what, c.noise(0))
		if missing := missingFrom(parts, c.Outputs); len(missing) > 0 {
			if err == nil {
				t.Errorf("embedding %s is given, PyTorch has no %v", what, missing)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		width := z.Size(1) / int64(len(parts))
		for i, golden := range parts {
			near("embedding "+what, z.Narrow(1, int64(i)*width, width), "f64.out."+golden)
		}
	}
}

func missingFrom(want, have []string) (missing []string) {
	for _, name := range want {
		if !slices.Contains(have, name) {
			missing = append(missing, name)
		}
	}
	return missing
}

// checkTraining is the trainer's loop in short, on the case's batches and noise.
func (c *parityCase) checkTraining(t *testing.T, m model.Model) {
	params := nn.Tensors(nn.Params(m))
	rival, err := newOpponent(m, &params)
	if err != nil {
		t.Fatal(err)
	}
	defer rival.close()
	opt, err := optim.New(c.optimizer(), params)
	if err != nil {
		t.Fatal(err)
	}
	defer opt.Close()
	want, largest := c.data.Get("f32.losses").Float64s(), 0.0
	for step := range c.Steps {
		var loss float64
		torch.Scoped(func() {
			loss = c.step(m, opt, params, step)
			b, noise := c.batch(step, torch.Float32)
			rival.step(b, noise)
		})
		if gap := math.Abs(loss-want[step]) / math.Abs(want[step]); !(gap <= c.Tolerance.Losses) {
			t.Fatalf("step %d: loss %v, PyTorch's %v (%.2g)", step, loss, want[step], gap)
		} else {
			largest = max(largest, gap)
		}
	}
	torchtest.Result(t, c.Type+"/"+c.Variant, "losses", largest)
}

func (c *parityCase) step(m model.Model, opt optim.Optimizer, params []*torch.Tensor, step int64) float64 {
	b, noise := c.batch(step, torch.Float32)
	torch.ZeroGrads(params)
	out := m.Loss(&model.Context{Train: true, Scalars: model.AtStep(step), Noise: noise}, b)
	out.Loss.Backward()
	torch.NoGrad(func() {
		afterBackward(m)
		if c.GradClip != nil {
			torch.ClipGradNorm(params, *c.GradClip)
		}
		opt.SetLR(c.Optimizer.LR)
		opt.Step(torch.Scalar(0))
		afterStep(m)
	})
	return out.Loss.Item()
}

// optimizer fills in PyTorch's defaults.
func (c *parityCase) optimizer() optim.Config {
	o := c.Optimizer
	return optim.Config{Name: o.Name, LR: o.LR, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, WeightDecay: o.WeightDecay,
		Momentum: o.Momentum, Nesterov: o.Nesterov}
}
