package vae

import (
	"math"
	"strings"
	"testing"

	"github.com/gotrainer/trainer/pkg/infer"
	"github.com/gotrainer/trainer/pkg/internal/torchtest"
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

// An image is at no distance from itself, at most at the weight from another, and the furthest
// one still has a gradient.
func TestTheDistanceOfStructures(t *testing.T) {
	torchtest.Run(t, func() error {
		s := structural{weight: 50, height: 9, width: 8}
		logits := torchtest.Wave(2, 2*72, 0, 4).Reshape([]int64{2, 2, 9, 8})
		torchtest.Near(t, "the distance of an image from itself", s.nll(logits, s.mean(logits)), 1e-10, 0, 0)
		opposite := logits.Neg().Detach()
		opposite.SetRequiresGrad(true)
		distance := s.nll(opposite, s.mean(logits))
		for _, d := range distance.Float64s() {
			if !(d > 10 && d <= 50) {
				t.Errorf("the distance of the opposite image is %v of 50", d)
			}
		}
		distance.Sum().Backward()
		if size := opposite.Grad().Square().Sum().Item(); !(size > 1e-3) || math.IsInf(size, 0) {
			t.Errorf("its gradient has the square %v", size)
		}
		return nil
	})
}

// Smaller images have fewer scales.
func TestScalesOfSmallImages(t *testing.T) {
	for side, want := range map[int64]int{3: 1, 4: 2, 8: 3, 15: 3, 16: 4, 31: 4, 32: 5, 500: 5} {
		if got := (structural{height: side, width: 600}).scales(); got != want {
			t.Errorf("%d pixels: %d scales, want %d", side, got, want)
		}
	}
}

// The weight is the numbers of a sample, there is no likelihood, and samples must be images.
func TestMSSSIMVAE(t *testing.T) {
	c := mlpConfig()
	config := &MSSSIMConfig{Network: c.Network, Beta: 2}
	with(t, MSSSIMVAE(), config, []int64{6, 5}, func(m model.Model) {
		if like := m.(*beta).likelihood.(structural); like.weight != 30 {
			t.Errorf("the weight is %v, of samples of 30 numbers", like.weight)
		}
		if infer.DensityOf(m) != nil {
			t.Error("it has a density")
		}
		x := torchtest.Wave(4, 30, 0, 0.5).AddScalar(0.5).Reshape([]int64{4, 6, 5})
		out := m.Loss(&model.Context{Noise: torchtest.Eps{Value: torchtest.Wave(4, 3, 2, 1)}}, model.Batch{X: x})
		torchtest.Near(t, "loss", out.Loss, 1e-12, out.Metrics[0].Value.Item()+2*out.Metrics[1].Value.Item())
		err := m.(interface{ CheckData(*torch.Tensor) error }).CheckData(x.MulScalar(3))
		if err == nil || !strings.Contains(err.Error(), "msssim_vae needs data in [0, 1]") {
			t.Errorf("data beyond 1: %v", err)
		}
	})
	_, err := MSSSIMVAE().Build(config, model.Inputs{Shape: []int64{30}}, nn.Options{})
	if err == nil || !strings.Contains(err.Error(), "found samples of shape [30]") {
		t.Errorf("samples that are no images: %v", err)
	}
}
