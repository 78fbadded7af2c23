package vae

import (
	"math"
	"testing"

	"github.com/gotrainer/trainer/pkg/internal/torchtest"
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/torch"
)

func vqConfig(codebook string) *VQConfig {
	return &VQConfig{
		LatentDim: 3, Encoder: GridEncoder{Kind: "conv", Channels: []int64{4}, Activation: "tanh"}, Commitment: 0.25,
		CodebookConfig: CodebookConfig{Codes: 5, Codebook: codebook, Decay: 0.9, RestartBelow: 1}, Observation: Observation{Likelihood: "gaussian", Sigma: 1},
	}
}

func withVQ(t *testing.T, c *VQConfig, fn func(m *vectorQuantized)) {
	t.Helper()
	with(t, VQVAE(), c, []int64{1, 4, 4}, func(m model.Model) { fn(m.(*vectorQuantized)) })
}

// pass shows the model a training batch of rows of x.
func (m *vectorQuantized) pass(x *torch.Tensor) model.Output {
	noise := torchtest.NewDraws(torchtest.Wave(1, 31, 0, 1))
	return m.Loss(&model.Context{Train: true, Noise: noise}, model.Batch{X: x.Reshape([]int64{-1, 1, 4, 4})})
}

// A step of several batches moves the averages once, by all of them.
func TestCodesMoveOncePerStep(t *testing.T) {
	c := vqConfig("ema")
	c.RestartBelow = 0
	codes := func(parts ...int64) (v []float64) {
		withVQ(t, c, func(m *vectorQuantized) {
			x, at := torchtest.Wave(6, 16, 0, 1), int64(0)
			for _, n := range parts {
				m.pass(x.Narrow(0, at, n))
				at += n
			}
			torch.NoGrad(m.AfterStep)
			v = m.Codebook.Averaged.Float64s()
		})
		return v
	}
	if gap := torchtest.Gap(codes(2, 1, 3), codes(6)); !(gap < 1e-12) {
		t.Errorf("codes after a step of three batches differ by %v from those after one of the same samples", gap)
	}
}

// A code without vectors begins again at one of the batch, and the others stay averages.
func TestDeadCodesRestart(t *testing.T) {
	for _, kind := range []string{"ema", "gradient"} {
		withVQ(t, vqConfig(kind), func(m *vectorQuantized) {
			torch.NoGrad(func() { m.Codebook.codes().Narrow(0, 2, 1).Fill_(1e3) }) // far from everything
			x := torchtest.Wave(6, 16, 0, 1)
			torch.NoGrad(func() { m.Codebook.Usage.Narrow(0, 2, 1).Fill_(0.01) })
			m.pass(x)
			torch.NoGrad(m.AfterStep)
			_, rows := m.grid(x.Reshape([]int64{6, 1, 4, 4}), false)
			spread := deviation(rows).Square().Sum().Item()
			restarted := m.Codebook.codes().Narrow(0, 2, 1)
			nearest := rows.Sub(restarted).Square().SumDim([]int64{1}, false).Neg().Amax([]int64{0}, false).Item()
			if nearest < -1e-3*spread || nearest == 0 {
				t.Errorf("%s: the code is %v, which is not near a vector of the batch", kind, restarted.Float64s())
			}
			torchtest.Near(t, kind+": its usage", m.Codebook.Usage.Narrow(0, 2, 1), 0, 1)
		})
	}
}

// A batch that is not finite leaves the codes alone.
func TestCodesIgnoreABatchThatIsNotFinite(t *testing.T) {
	withVQ(t, vqConfig("ema"), func(m *vectorQuantized) {
		before := m.Codebook.Averaged.Float64s()
		m.pass(torch.Full([]int64{2, 16}, math.NaN(), torch.As(torch.Float64)))
		torch.NoGrad(m.AfterStep)
		torchtest.Near(t, "codes", m.Codebook.Averaged, 0, before...)
		torchtest.Near(t, "usage", m.Codebook.Usage, 0, 1, 1, 1, 1, 1)
	})
}

// Perplexity is the number of codes where all are used alike, and 1 where one is.
func TestPerplexity(t *testing.T) {
	torchtest.Run(t, func() error {
		torchtest.Near(t, "perplexity of equal counts", perplexity(torch.FromFloat64s([]float64{3, 0, 3, 3}, []int64{4})), 1e-12, 3)
		torchtest.Near(t, "perplexity of one code", perplexity(torch.FromFloat64s([]float64{0, 7}, []int64{2})), 1e-12, 1)
		return nil
	})
}

// Three groups of vectors have three centres, also where all of them begin in one group, and
// more centres than vectors are all vectors.
func TestKMeansFindsGroups(t *testing.T) {
	torchtest.Run(t, func() error {
		v := torch.FromFloat64s([]float64{0, 0.1, -0.1, 0.1, -0.1, 0, 0, 9, 9.2, -20}, []int64{10, 1})
		centres, _ := kmeans(v, 3).Sort(0, false)
		torchtest.Near(t, "centres", centres, 1e-12, -20, 0, 9.1)
		few := kmeans(v.Narrow(0, 6, 4), 6)
		torchtest.Near(t, "distances from more centres than vectors", v.Narrow(0, 6, 4).Sub(few.IndexSelect(0, v.Narrow(0, 6, 4).NearestRows(few))), 0, 0, 0, 0, 0)
		return nil
	})
}

// Codes that begin at the data stand for more of a batch than those around 0, as averages of
// as many vectors as there were.
func TestCodesBeginAtTheData(t *testing.T) {
	for _, kind := range []string{"ema", "gradient"} {
		c := vqConfig(kind)
		c.CodebookInit = "kmeans"
		withVQ(t, c, func(m *vectorQuantized) {
			first := torchtest.Wave(6, 16, 0, 1).Reshape([]int64{6, 1, 4, 4})
			before := perplexity(m.counted(first)).Item()
			torch.NoGrad(func() { m.DataInit(model.Batch{X: first}) })
			counts := m.counted(first)
			if after := perplexity(counts).Item(); !(after > 1.5*before) {
				t.Errorf("%s: perplexity %v, and %v from the data", kind, before, after)
			}
			torchtest.Near(t, kind+": usage", m.Codebook.Usage, 0, counts.ClampMin(1).Float64s()...)
		})
		withVQ(t, c, func(m *vectorQuantized) {
			before := m.Codebook.codes().Float64s()
			torch.NoGrad(func() {
				m.DataInit(model.Batch{X: torch.Full([]int64{2, 1, 4, 4}, math.NaN(), torch.As(torch.Float64))})
			})
			torchtest.Near(t, kind+": codes after a batch that is not finite", m.Codebook.codes(), 0, before...)
		})
	}
}

// counted is how many vectors of a batch each code stands for.
func (m *vectorQuantized) counted(x *torch.Tensor) *torch.Tensor {
	_, rows := m.grid(x, false)
	return m.Codebook.counts(m.Codebook.nearest(rows), rows)
}
