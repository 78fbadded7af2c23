package main

import (
	"math"

	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

// Config is the model section beside type and variant. Defaults, checks and error
// messages come from the tags.
type Config struct {
	LatentDim int64   `yaml:"latent_dim" check:"required,min=1" doc:"the dimensions of the code"`
	Width     int64   `yaml:"width" default:"256" check:"min=1" doc:"the width of the hidden layers"`
	Masked    float64 `yaml:"masked" default:"0.5" check:"min=0,lt=1" doc:"the share of each sample's numbers that are hidden in training"`
}

// maskedAE reconstructs samples of which it sees a part only:
//
//	loss = mean_B( sum_D( (decoder(encoder(mask·x)) - x)² ) )
//
// as in Vincent et al. 2008, "Extracting and composing robust features with denoising
// autoencoders", with their masking noise. The tags name the state dict: encoder.0.weight, …
type maskedAE struct {
	Encoder *nn.Sequential `torch:"encoder"`
	Decoder *nn.Sequential `torch:"decoder"`
	shape   []int64        // one sample
	masked  float64
}

func build(params any, in model.Inputs, o nn.Options) (model.Model, error) {
	c := params.(*Config)
	if c.LatentDim >= in.Dim() {
		return nil, model.Mistakef("model.latent_dim: found %d, expected less than the %d numbers of a sample", c.LatentDim, in.Dim())
	}
	linear := func(in, out int64) nn.Layer { return nn.NewLinear(in, out, nn.WithBias, o) }
	return &maskedAE{
		Encoder: nn.NewSequential("encoder", linear(in.Dim(), c.Width), nn.ReLU, linear(c.Width, c.LatentDim)),
		Decoder: nn.NewSequential("decoder", linear(c.LatentDim, c.Width), nn.ReLU, linear(c.Width, in.Dim())),
		shape:   in.Shape, masked: c.Masked,
	}, nil
}

// Loss hides numbers in training alone; metrics: hidden, the share of them. It reads no
// number back from the device, so that a GPU can record the step once and replay it.
func (m *maskedAE) Loss(c *model.Context, b model.Batch) model.Output {
	x := b.X.Flatten(1, -1)
	seen := torch.Ones(x.Shape(), torch.Like(x))
	if c.Train {
		// A standard normal number is below √2·erfinv(2p-1) with probability p.
		seen = c.Noise.Randn(x.Shape(), x).Gt(math.Sqrt2 * math.Erfinv(2*m.masked-1)).To(x.DType())
	}
	y := m.Decoder.Forward(m.Encoder.Forward(x.Mul(seen), c.Train), c.Train).To(x.DType())
	return model.Output{
		Loss:    y.Sub(x).Square().SumDim([]int64{1}, false).Mean(),
		Metrics: []model.Metric{{Name: "hidden", Value: seen.Mean().Neg().AddScalar(1)}},
	}
}

// Embed is what `extract-embeddings` writes: the code of the whole sample, [B, latent_dim].
func (m *maskedAE) Embed(x *torch.Tensor, what string, _ model.Noise) (*torch.Tensor, error) {
	if what != "" {
		return nil, model.Mistakef("output.what: found %q, a masked_ae has its code alone; leave it out", what)
	}
	return m.Encoder.Forward(x.Flatten(1, -1), false), nil
}

// Predict is what `predict` writes: the reconstruction, in the shape of the sample.
func (m *maskedAE) Predict(x *torch.Tensor) *torch.Tensor {
	y := m.Decoder.Forward(m.Encoder.Forward(x.Flatten(1, -1), false), false)
	return y.Reshape(append([]int64{x.Size(0)}, m.shape...))
}

// Reconstructs says that predictions are in the data's units.
func (m *maskedAE) Reconstructs() bool { return true }
