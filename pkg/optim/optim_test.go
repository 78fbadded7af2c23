package optim_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gotrainer/trainer/pkg/internal/torchtest"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/optim"
	"github.com/gotrainer/trainer/pkg/torch"
)

// table is interop/parity/optim.json.
type table struct {
	Optimizers []struct {
		Name      string
		Optimizer struct {
			Name                         string
			LR, Momentum, Dampening, Eps float64
			Betas                        []float64
			WeightDecay                  float64 `json:"weight_decay"`
			Nesterov                     bool
		}
	}
	Steps     int64
	KeptSteps []int64 `json:"kept_steps"`
	Shapes    [][]int64
	Clip      []struct {
		Name    string
		MaxNorm float64 `json:"max_norm"`
	}
}

const tolerance = 1e-6

// config is an entry with PyTorch's defaults filled in.
func (t table) config(i int) optim.Config {
	o := t.Optimizers[i].Optimizer
	c := optim.Config{Name: o.Name, LR: o.LR, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, WeightDecay: o.WeightDecay,
		Momentum: o.Momentum, Dampening: o.Dampening, Nesterov: o.Nesterov}
	if o.Betas != nil {
		c.Beta1, c.Beta2 = o.Betas[0], o.Betas[1]
	}
	if o.Eps != 0 {
		c.Eps = o.Eps
	}
	return c
}

// problem is the golden parameters, whose gradients can be set.
type problem struct {
	golden torchtest.Golden
	params []*torch.Tensor
}

func newProblem(t *testing.T, n int) problem {
	t.Helper()
	p := problem{golden: torchtest.OpenGolden(t, "optim")}
	for i := range n {
		w := p.golden.Get(fmt.Sprintf("param.%d", i))
		w.SetRequiresGrad(true)
		p.params = append(p.params, w)
	}
	return p
}

// gradients gives the parameters those of a step, by a loss that has them.
func (p problem) gradients(step int64) {
	torch.ZeroGrads(p.params)
	for i, w := range p.params {
		g := p.golden.Get(fmt.Sprintf("grad.%d", i)).Narrow(0, step, 1).Squeeze(0)
		w.Mul(g).Sum().Backward()
	}
}

func near(t *testing.T, p problem, what string, got *torch.Tensor, golden string) {
	t.Helper()
	if gap := torchtest.Gap(got.Float64s(), p.golden.Get(golden).Float64s()); !(gap <= tolerance) {
		t.Errorf("%s differs by %.2g of its largest value", what, gap)
	}
}

func TestOptimizersEqualPyTorchs(t *testing.T) {
	var tab table
	torchtest.ReadTable(t, "optim", &tab)
	for i, o := range tab.Optimizers {
		t.Run(o.Name, func(t *testing.T) {
			torchtest.Run(t, func() error {
				p := newProblem(t, len(tab.Shapes))
				opt, err := optim.New(tab.config(i), p.params)
				if err != nil {
					return err
				}
				defer opt.Close()
				for step := range tab.Steps {
					p.gradients(step)
					opt.SetLR(o.Optimizer.LR)
					opt.Step(torch.Scalar(0))
					if slices.Contains(tab.KeptSteps, step+1) {
						for i, w := range p.params {
							near(t, p, fmt.Sprintf("parameter %d after step %d", i, step+1), w, fmt.Sprintf("%s.step%d.param.%d", o.Name, step+1, i))
						}
					}
				}
				checkState(t, p, o.Name, opt)
				return nil
			})
		})
	}
}

// checkState compares the tensors that a checkpoint keeps with PyTorch's, by number
// and name.
func checkState(t *testing.T, p problem, name string, opt optim.Optimizer) {
	t.Helper()
	var got, want []string
	for _, s := range opt.State() {
		for _, e := range s.Entries {
			key := fmt.Sprintf("%s.state.%d.%s", name, s.Index, e.Name)
			got = append(got, key)
			near(t, p, key, e.Tensor, key)
		}
	}
	for _, key := range p.golden.Names() {
		if strings.HasPrefix(key, name+".state.") {
			want = append(want, key)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("state %v, PyTorch's %v", got, want)
	}
}

func TestClippingEqualsPyTorchs(t *testing.T) {
	var tab table
	torchtest.ReadTable(t, "optim", &tab)
	for _, c := range tab.Clip {
		t.Run(c.Name, func(t *testing.T) {
			torchtest.Run(t, func() error {
				p := newProblem(t, len(tab.Shapes))
				p.gradients(0)
				near(t, p, "the norm before", torch.ClipGradNorm(p.params, c.MaxNorm), c.Name+".norm")
				for i, w := range p.params {
					near(t, p, fmt.Sprintf("gradient %d", i), w.Grad(), fmt.Sprintf("%s.grad.%d", c.Name, i))
				}
				return nil
			})
		})
	}
}

// state is an optimizer's state as a checkpoint gives it back.
type state []nn.Param

func (s state) Names() (names []string) {
	for _, p := range s {
		names = append(names, p.Name)
	}
	return names
}

func (s state) Tensor(name string) ([]byte, torch.DType, []int64, bool) {
	for _, p := range s {
		if p.Name == name {
			return p.Tensor.Raw(), p.Tensor.DType(), p.Tensor.Shape(), true
		}
	}
	return nil, 0, nil, false
}

func saved(opt optim.Optimizer) (states []optim.LoadedState) {
	for _, s := range opt.State() {
		var copies state
		for _, e := range s.Entries {
			copies = append(copies, nn.Param{Name: e.Name, Tensor: e.Tensor.Clone()})
		}
		states = append(states, optim.LoadedState{Index: s.Index, Entries: copies})
	}
	return states
}

// Steps after a restored state are those of the run that went on.
func TestRestoredStateGoesOnExactly(t *testing.T) {
	for _, cfg := range []optim.Config{
		{Name: "adam", Beta1: 0.9, Beta2: 0.999, Eps: 1e-8},
		{Name: "adamw", Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, WeightDecay: 0.1},
		{Name: "sgd", Momentum: 0.9, Nesterov: true},
		{Name: "sgd"},
	} {
		t.Run(cfg.Name+fmt.Sprint(cfg.Momentum), func(t *testing.T) {
			torchtest.Run(t, func() error {
				p := newProblem(t, 3)
				step := func(opt optim.Optimizer, n int64) {
					p.gradients(n)
					opt.SetLR(0.01)
					opt.Step(torch.Scalar(0))
				}
				opt, err := optim.New(cfg, p.params)
				if err != nil {
					return err
				}
				defer opt.Close()
				if len(opt.State()) != 0 {
					t.Error("there is state before the first step")
				}
				step(opt, 0)
				step(opt, 1)
				weights := p.params[1].Clone()
				states := saved(opt)
				step(opt, 2)
				want := p.params[1].Clone()

				again, err := optim.New(cfg, p.params)
				if err != nil {
					return err
				}
				defer again.Close()
				if err := again.Load(states); err != nil {
					return err
				}
				torch.NoGrad(func() { p.params[1].Copy_(weights) })
				step(again, 2)
				torchtest.SameBits(t, "the third step", p.params[1].Detach(), want.Detach())
				return nil
			})
		})
	}
}

func TestForeignStateIsRefused(t *testing.T) {
	adam := optim.Config{Name: "adam", Beta1: 0.9, Beta2: 0.999, Eps: 1e-8}
	momentum := optim.Config{Name: "sgd", Momentum: 0.9}
	for name, c := range map[string]struct {
		from, into optim.Config
		edit       func([]optim.LoadedState) []optim.LoadedState
		want       string
	}{
		"another optimizer's": {momentum, adam, nil, "exp_avg is missing"},
		"no momentum":         {momentum, optim.Config{Name: "sgd"}, nil, "the config has none"},
		"too few":             {adam, adam, func(s []optim.LoadedState) []optim.LoadedState { return s[:2] }, "optimizer state has 2 parameters, the model has 3"},
		"a gap":               {momentum, momentum, func(s []optim.LoadedState) []optim.LoadedState { s[1].Index = 7; return s }, "parameter 1 is missing"},
		"exchanged": {adam, adam, func(s []optim.LoadedState) []optim.LoadedState {
			s[0].Entries, s[1].Entries = s[1].Entries, s[0].Entries
			return s
		}, "has shape [5 7], the model has [37]"},
		"steps differ": {adam, adam, func(s []optim.LoadedState) []optim.LoadedState {
			s[1].Entries.(state)[0].Tensor.Fill_(9)
			return s
		}, "different step counts"},
	} {
		t.Run(name, func(t *testing.T) {
			torchtest.Run(t, func() error {
				p := newProblem(t, 3)
				from, err := optim.New(c.from, p.params)
				if err != nil {
					return err
				}
				defer from.Close()
				p.gradients(0)
				from.SetLR(0.1)
				from.Step(torch.Scalar(0))
				into, err := optim.New(c.into, p.params)
				if err != nil {
					return err
				}
				defer into.Close()
				states := saved(from)
				if c.edit != nil {
					states = c.edit(states)
				}
				if err := into.Load(states); err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("err = %v, want %q", err, c.want)
				}
				return nil
			})
		})
	}
}

// A step whose gradients are not finite changes neither weights nor state.
func TestSkippedStepChangesNothing(t *testing.T) {
	for _, name := range []string{"adam", "adamw", "sgd"} {
		t.Run(name, func(t *testing.T) {
			torchtest.Run(t, func() error {
				p := newProblem(t, 3)
				opt, err := optim.New(optim.Config{Name: name, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, Momentum: 0.9, WeightDecay: 0.1}, p.params)
				if err != nil {
					return err
				}
				defer opt.Close()
				p.gradients(0)
				opt.SetLR(0.1)
				opt.Step(torch.Scalar(0))
				weights, before := p.params[1].Clone(), saved(opt)
				p.gradients(1)
				opt.SetLR(0.1)
				opt.Step(torch.Scalar(1))
				torchtest.SameBits(t, "weights", p.params[1], weights)
				for i, s := range opt.State() {
					for j, e := range s.Entries {
						torchtest.SameBits(t, e.Name, e.Tensor, before[i].Entries.(state)[j].Tensor)
					}
				}
				return nil
			})
		})
	}
}

func TestUnknownOptimizer(t *testing.T) {
	if _, err := optim.New(optim.Config{Name: "lion"}, nil); err == nil || !strings.Contains(err.Error(), "expected adam, adamw or sgd") {
		t.Errorf("err = %v", err)
	}
}

// The param group has exactly PyTorch 2's keys, without params.
func TestGroupHasPyTorchsKeys(t *testing.T) {
	want := map[string]string{
		"adam":  "lr betas eps weight_decay amsgrad maximize foreach capturable differentiable fused decoupled_weight_decay",
		"adamw": "lr betas eps weight_decay amsgrad maximize foreach capturable differentiable fused decoupled_weight_decay",
		"sgd":   "lr momentum dampening weight_decay nesterov maximize foreach differentiable fused",
	}
	for _, name := range []string{"adam", "adamw", "sgd"} {
		torchtest.Run(t, func() error {
			opt, err := optim.New(optim.Config{Name: name}, nil)
			if err != nil {
				return err
			}
			defer opt.Close()
			var keys []string
			for _, s := range opt.Group(0.5) {
				keys = append(keys, s.Key)
				if s.Key == "lr" && s.Value != 0.5 {
					t.Errorf("lr = %v", s.Value)
				}
			}
			if got := strings.Join(keys, " "); got != want[name] {
				t.Errorf("%s: keys %s, want %s", name, got, want[name])
			}
			return nil
		})
	}
}
