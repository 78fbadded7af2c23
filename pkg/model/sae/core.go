package sae

import (
	"slices"

	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

// Core is the parameters and the linear maps of every variant.
type Core struct {
	WEnc *torch.Tensor `torch:"W_enc"` // [n, m]
	BEnc *torch.Tensor `torch:"b_enc"` // [m]
	WDec *torch.Tensor `torch:"W_dec"` // [m, n]
	BDec *torch.Tensor `torch:"b_dec"` // [n]
	// WSkip is what the reconstruction has of the input itself, [n, n]; nil but in a skip
	// transcoder.
	WSkip *torch.Tensor `torch:"W_skip"`
	// Scale is the factor that inputs are multiplied with, a scalar, 1 until it is set; nil
	// without normalize_activations: expected_average_only_in.
	Scale *torch.Tensor `torch:"activation_scale,buffer"`
	// Silent counts, for each latent, the samples since one activated it: int64 [m].
	Silent   *torch.Tensor `torch:"samples_since_fired,state"`
	config   Config
	bDecInit string
	numbers  int64   // of one sample
	shape    []int64 // of one reconstruction
	paired   bool    // what is reconstructed is the label
	eps      float64 // of the element type
	// encode is the variant: codes f of x [B, n]; reconstruct is x^ of it. Both see inputs
	// as they are normalised.
	encode, reconstruct func(x *torch.Tensor) *torch.Tensor
	// norms are what a penalty weighs the activations of free decoder rows with, [m].
	norms func() *torch.Tensor
}

func newCore(c Config, bDecInit string, in model.Inputs, o nn.Options) *Core {
	return newMap(c, bDecInit, in.Shape, in.Shape, o)
}

// newMap has samples of one shape, and reconstructs another.
func newMap(c Config, bDecInit string, from, to []int64, o nn.Options) *Core {
	s := &Core{config: c, bDecInit: bDecInit, numbers: model.Inputs{Shape: from}.Dim(), shape: slices.Clone(to), eps: epsilon(o.DType)}
	s.draw(o)
	if c.NormalizeActivations == averageIn {
		s.Scale = o.Buffer(nil, o.DType, func(t *torch.Tensor) { t.Fill_(1) })
	}
	s.Silent = o.Buffer([]int64{c.DSAE}, torch.Int64, func(t *torch.Tensor) { t.Fill_(0) })
	s.reconstruct = func(x *torch.Tensor) *torch.Tensor { return s.skip(s.decode(s.encode(x)), x) }
	s.norms = func() *torch.Tensor { return s.WDec.NormDim([]int64{1}, false) }
	return s
}

// rows flattens a batch to [B, n].
func (s *Core) rows(x *torch.Tensor) *torch.Tensor { return x.Flatten(1, -1) }

// inputs and outputs are the numbers of a sample and of its reconstruction.
func (s *Core) inputs() int64  { return s.numbers }
func (s *Core) outputs() int64 { return model.Inputs{Shape: s.shape}.Dim() }

// pair is a batch as it is encoded, and what is reconstructed.
func (s *Core) pair(b model.Batch) (x, y *torch.Tensor) {
	x = s.input(b.X)
	if s.paired {
		return x, b.Y.Reshape([]int64{b.Y.Size(0), -1})
	}
	return x, x
}

// center is what is subtracted from inputs, [n].
func (s *Core) center() *torch.Tensor {
	if s.config.ApplyBDecToInput {
		return s.BDec
	}
	return torch.Zeros([]int64{s.inputs()}, torch.Like(s.WEnc))
}

// hidden is h of x [B, n].
func (s *Core) hidden(x *torch.Tensor) *torch.Tensor { return s.BEnc.AddMM(s.centered(x), s.WEnc) }

func (s *Core) centered(x *torch.Tensor) *torch.Tensor {
	if s.config.ApplyBDecToInput {
		return x.Sub(s.BDec)
	}
	return x
}

// decode is x^ of f.
func (s *Core) decode(f *torch.Tensor) *torch.Tensor { return s.BDec.AddMM(f, s.WDec) }

// skip adds to a reconstruction what it has of the input itself.
func (s *Core) skip(y, x *torch.Tensor) *torch.Tensor {
	if s.WSkip == nil {
		return y
	}
	return y.Add(x.MatMul(s.WSkip))
}

// codes is f of a batch.
func (s *Core) codes(x *torch.Tensor) *torch.Tensor { return s.encode(s.input(x)) }

// output is x^ of a batch in the units of the data, [B, n].
func (s *Core) output(x *torch.Tensor) *torch.Tensor {
	z, undo := s.normalized(s.rows(x))
	return undo(s.reconstruct(z))
}

// weighed is what a penalty sums: activations, which shrink where free decoder rows grow,
// as they stand in the reconstruction.
func (s *Core) weighed(f *torch.Tensor) *torch.Tensor {
	if s.config.free() {
		return f.Mul(s.norms())
	}
	return f
}

// Embed is the codes of each sample, [B, m] (the default), or its reconstruction,
// [B, n].
func (s *Core) Embed(x *torch.Tensor, what string, _ model.Noise) (*torch.Tensor, error) {
	switch what {
	case "", "codes":
		return s.codes(x), nil
	case "reconstruction":
		return s.output(x), nil
	}
	return nil, model.Mistakef("output.what: found %q, an sae has codes and reconstruction", what)
}

// Predict is the reconstruction, [B, …sample shape].
func (s *Core) Predict(x *torch.Tensor) *torch.Tensor {
	return s.output(x).Reshape(append([]int64{x.Size(0)}, s.shape...))
}

// Reconstructs says whether predictions are of the samples themselves.
func (s *Core) Reconstructs() bool { return !s.paired }
