package sae

import (
	"slices"

	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

// Config is what all variants are built from.
type Config struct {
	DSAE             int64 `yaml:"d_sae" check:"required,min=1" doc:"the number of latents"`
	DeadAfterSamples int64 `yaml:"dead_after_samples" default:"10000000" check:"min=1" doc:"the samples without activity after which a latent counts as dead"`
}

// Core is the parameters and the linear maps of every variant.
type Core struct {
	WEnc *torch.Tensor `torch:"W_enc"` // [n, m]
	BEnc *torch.Tensor `torch:"b_enc"` // [m]
	WDec *torch.Tensor `torch:"W_dec"` // [m, n], rows of norm 1
	BDec *torch.Tensor `torch:"b_dec"` // [n]
	// Silent counts, for each latent, the samples since one activated it: int64 [m].
	Silent    *torch.Tensor `torch:"samples_since_fired,state"`
	deadAfter int64
	bDecInit  string
	shape     []int64 // one sample
	eps       float64 // of the element type
	// encode is the variant: codes f of x [B, n]; reconstruct is x^ of it.
	encode, reconstruct func(x *torch.Tensor) *torch.Tensor
}

// newCore draws the decoder as nn.Linear's default, gives its rows norm 1, and makes
// the encoder its transpose; biases are 0.
func newCore(c Config, bDecInit string, in model.Inputs, o nn.Options) *Core {
	n, m := in.Dim(), c.DSAE
	s := &Core{deadAfter: c.DeadAfterSamples, bDecInit: bDecInit, shape: slices.Clone(in.Shape), eps: epsilon(o.DType)}
	wDec := o.Param([]int64{m, n}, func(w *torch.Tensor) {
		nn.KaimingUniform(m)(w)
		s.unitRows(w)
	})
	zero := func(t *torch.Tensor) { t.Fill_(0) }
	s.WEnc = o.Param([]int64{n, m}, func(w *torch.Tensor) {
		torch.NoGrad(func() { w.Copy_(wDec.Transpose(0, 1)) })
	})
	s.BEnc, s.WDec, s.BDec = o.Param([]int64{m}, zero), wDec, o.Param([]int64{n}, zero)
	s.Silent = o.Buffer([]int64{m}, torch.Int64, zero)
	s.reconstruct = func(x *torch.Tensor) *torch.Tensor { return s.decode(s.encode(x)) }
	return s
}

// rows flattens a batch to [B, n].
func (s *Core) rows(x *torch.Tensor) *torch.Tensor { return x.Flatten(1, -1) }

// hidden is h of x [B, n].
func (s *Core) hidden(x *torch.Tensor) *torch.Tensor { return s.BEnc.AddMM(x.Sub(s.BDec), s.WEnc) }

// decode is x^ of f.
func (s *Core) decode(f *torch.Tensor) *torch.Tensor { return s.BDec.AddMM(f, s.WDec) }

// codes is f of a batch.
func (s *Core) codes(x *torch.Tensor) *torch.Tensor { return s.encode(s.rows(x)) }

// Embed is the codes of each sample, [B, m] (the default), or its reconstruction,
// [B, n].
func (s *Core) Embed(x *torch.Tensor, what string, _ model.Noise) (*torch.Tensor, error) {
	switch what {
	case "", "codes":
		return s.codes(x), nil
	case "reconstruction":
		return s.reconstruct(s.rows(x)), nil
	}
	return nil, model.Mistakef("output.what: found %q, an sae has codes and reconstruction", what)
}

// Predict is the reconstruction, [B, …sample shape].
func (s *Core) Predict(x *torch.Tensor) *torch.Tensor {
	return s.reconstruct(s.rows(x)).Reshape(append([]int64{x.Size(0)}, s.shape...))
}

// AfterBackward takes out of the decoder's gradient what would only change the norm of
// a row: g - (g·d) d with d = w/|w| (Bricken et al. 2023). It runs without recording.
func (s *Core) AfterBackward() {
	g := s.WDec.Grad()
	if g == nil {
		return
	}
	g.ProjectRows_(s.WDec)
}

// AfterStep gives the decoder's rows norm 1 again. It runs without recording.
func (s *Core) AfterStep() { s.unitRows(s.WDec) }

// unitRows divides in place by |w| + eps, so that a row of zeros stays one.
func (s *Core) unitRows(w *torch.Tensor) { w.UnitRows_(s.eps) }

// epsilon is the distance from 1 to the next number.
func epsilon(d torch.DType) float64 {
	if d == torch.Float64 {
		return 0x1p-52
	}
	return 0x1p-23
}

// Reconstructs says that predictions are in the data's units and shape.
func (s *Core) Reconstructs() bool { return true }
