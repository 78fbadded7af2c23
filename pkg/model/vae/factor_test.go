package vae

import (
	"math"
	"strings"
	"testing"

	"github.com/gotrainer/trainer/pkg/internal/torchtest"
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

func withFactor(t *testing.T, fn func(m *factor, b model.Batch, c *model.Context)) {
	t.Helper()
	c := FactorConfig{Config: mlpConfig(), Gamma: 6, Discriminator: Discriminator{HiddenDims: []int64{7, 5}, LR: 1e-3, Betas: []float64{0.5, 0.9}}}
	with(t, FactorVAE(), &c, []int64{5}, func(m model.Model) {
		x := torchtest.Wave(8, 5, 0, 0.5).AddScalar(0.5)
		fn(m.(*factor), model.Batch{X: x}, &model.Context{Train: true, Noise: torchtest.NewDraws(torchtest.Wave(1, 29, 0, 1))})
	})
}

// The discriminator's loss must not reach the encoder: its sign there is the opposite of what
// the total correlation wants.
func TestTheDiscriminatorsLossLeavesTheEncoderAlone(t *testing.T) {
	withFactor(t, func(m *factor, b model.Batch, c *model.Context) {
		m.AdversaryLoss(c, b).Backward()
		for _, p := range nn.Params(m) {
			if has, part := p.Tensor.Grad() != nil, strings.HasPrefix(p.Name, "discriminator."); has != part {
				t.Errorf("%s has a gradient: %v", p.Name, has)
			}
		}
	})
}

// A discriminator that tells nothing sees no total correlation, and has the loss ln 2.
func TestADiscriminatorThatTellsNothing(t *testing.T) {
	withFactor(t, func(m *factor, b model.Batch, c *model.Context) {
		torch.NoGrad(func() {
			for _, p := range nn.Params(m.Discriminator) {
				p.Tensor.Fill_(0)
			}
		})
		out := m.Loss(c, b)
		torchtest.Near(t, "tc", out.Metrics[2].Value, 0, 0)
		torchtest.Near(t, "discriminator", out.Metrics[3].Value, 1e-12, math.Ln2)
		torchtest.Near(t, "its own loss", m.AdversaryLoss(c, b), 1e-12, math.Ln2)
		plain := out.Metrics[0].Value.Item() + out.Metrics[1].Value.Item()
		torchtest.Near(t, "loss", out.Loss, 1e-12, plain)
	})
}

// Columns are permuted each by itself, and keep their values.
func TestPermutedCodes(t *testing.T) {
	torchtest.Run(t, func() error {
		torch.Seed(5)
		z := torch.Randn([]int64{50, 3}, nil)
		p := permuted(z, normal{})
		a, _ := z.Sort(0, false)
		b, _ := p.Sort(0, false)
		torchtest.Near(t, "sorted columns", b, 0, a.Float64s()...)
		same := func(k int64) float64 {
			return p.Narrow(1, k, 1).Eq(z.Narrow(1, k, 1)).To(torch.Float32).Mean().Item()
		}
		rows := p.Narrow(1, 0, 1).Eq(z.Narrow(1, 0, 1)).Eq(p.Narrow(1, 1, 1).Eq(z.Narrow(1, 1, 1)))
		if same(0) > 0.3 || same(1) > 0.3 || rows.To(torch.Float32).Mean().Item() == 1 {
			t.Errorf("shares %v and %v of two columns stayed in their place", same(0), same(1))
		}
		return nil
	})
}

type normal struct{}

func (normal) Randn(shape []int64, like *torch.Tensor) *torch.Tensor {
	return torch.Randn(shape, nil, torch.Like(like))
}

// Two batches come from one; a batch that is too small to be divided is both.
func TestHalvesOfABatch(t *testing.T) {
	torchtest.Run(t, func() error {
		for n, want := range map[int64][2]int64{1: {1, 1}, 3: {3, 3}, 4: {2, 2}, 7: {4, 3}} {
			a, b := halves(torch.Ones([]int64{n, 2}))
			if a.Size(0) != want[0] || b.Size(0) != want[1] {
				t.Errorf("%d samples become %d and %d", n, a.Size(0), b.Size(0))
			}
		}
		return nil
	})
}
