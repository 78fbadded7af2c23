package optim_test

import (
	"testing"

	"github.com/gotrainer/trainer/pkg/internal/torchtest"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/optim"
	"github.com/gotrainer/trainer/pkg/torch"
)

// twoLayers are of sizes that fill no register evenly.
type twoLayers struct{ in, out *nn.Linear }

func (m twoLayers) params() []*torch.Tensor {
	return []*torch.Tensor{m.in.Weight, m.in.Bias, m.out.Weight, m.out.Bias}
}

func (m twoLayers) hidden(x *torch.Tensor) *torch.Tensor { return x.LinearReLU(m.in.Weight, m.in.Bias) }

// trained does three steps with a loss of a batch and answers the parameters after them.
func trained(t *testing.T, cfg optim.Config, deferred bool, batch int64, loss func(m twoLayers, x *torch.Tensor) *torch.Tensor) []*torch.Tensor {
	t.Helper()
	scope := torch.NewScope("param")
	defer scope.Close()
	torch.Seed(3)
	m := twoLayers{nn.NewLinear(1003, 29, nn.WithBias, nn.Default(scope)), nn.NewLinear(29, 29, nn.WithBias, nn.Default(scope))}
	opt, err := optim.New(cfg, m.params())
	if err != nil {
		t.Fatal(err)
	}
	defer opt.Close()
	opt.SetLR(0.01)
	for i := range 3 {
		torch.ZeroGrads(m.params())
		if deferred {
			opt.(optim.Deferrer).Defer()
		}
		loss(m, torchtest.Wave(batch, 1003, float64(i), 1).To(torch.Float32)).Backward()
		opt.Step(torch.Scalar(0))
	}
	var after []*torch.Tensor
	for _, p := range m.params() {
		after = append(after, p.Detach().Clone())
	}
	return after
}

func once(m twoLayers, x *torch.Tensor) *torch.Tensor {
	return m.hidden(x).Linear(m.out.Weight, m.out.Bias).Square().Sum()
}

// more uses a weight in two layers and outside of any.
func more(m twoLayers, x *torch.Tensor) *torch.Tensor {
	y := m.hidden(x).LinearReLU(m.out.Weight, m.out.Bias).Linear(m.out.Weight, nil)
	return y.Square().Sum().Add(m.out.Weight.Square().Sum())
}

func TestDeferredGradientsGiveTheSameSteps(t *testing.T) {
	adam := optim.Config{Name: "adam", Beta1: 0.9, Beta2: 0.999, Eps: 1e-8}
	decay := optim.Config{Name: "adam", Beta1: 0.8, Beta2: 0.99, Eps: 1e-6, WeightDecay: 0.1}
	decoupled := decay
	decoupled.Name = "adamw"
	torchtest.Run(t, func() error {
		for name, cfg := range map[string]optim.Config{"adam": adam, "adam with decay": decay, "adamw": decoupled} {
			for _, batch := range []int64{5, 200} { // 200 is no small batch: nothing is deferred
				want, got := trained(t, cfg, false, batch, once), trained(t, cfg, true, batch, once)
				for i := range want {
					torchtest.SameBits(t, name, got[i], want[i])
				}
				want, got = trained(t, cfg, false, batch, more), trained(t, cfg, true, batch, more)
				for i := range want {
					if gap := torchtest.Gap(got[i].Float64s(), want[i].Float64s()); !(gap <= 1e-4) {
						t.Errorf("%s, a weight used twice: parameter %d differs by %.2g of its largest value", name, i, gap)
					}
				}
			}
		}
		return nil
	})
}

// Gradients that are deferred belong to the next step alone: ZeroGrads and a step that is
// skipped drop them.
func TestDeferredGradientsAreDropped(t *testing.T) {
	torchtest.Run(t, func() error {
		scope := torch.NewScope("param")
		defer scope.Close()
		l := nn.NewLinear(7, 5, nn.NoBias, nn.Default(scope))
		params := []*torch.Tensor{l.Weight}
		opt, err := optim.New(optim.Config{Name: "adam", Beta1: 0.9, Beta2: 0.999, Eps: 1e-8}, params)
		if err != nil {
			return err
		}
		defer opt.Close()
		opt.SetLR(0.1)
		before := l.Weight.Detach().Clone()
		backward := func() {
			opt.(optim.Deferrer).Defer()
			torchtest.Wave(3, 7, 0, 1).To(torch.Float32).Linear(l.Weight, nil).Square().Sum().Backward()
		}
		backward()
		torch.ZeroGrads(params)
		opt.Step(torch.Scalar(0))
		torchtest.SameBits(t, "after ZeroGrads, the weight", l.Weight.Detach(), before)
		backward()
		opt.Step(torch.Scalar(1))
		opt.Step(torch.Scalar(0))
		torchtest.SameBits(t, "after a skipped step, the weight", l.Weight.Detach(), before)
		backward()
		opt.Step(torch.Scalar(0))
		if torchtest.Gap(l.Weight.Float64s(), before.Float64s()) == 0 {
			t.Error("a deferred gradient changed nothing")
		}
		return nil
	})
}
