package vae

import (
	"slices"

	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

// vectorQuantized is the VQ-VAE of van den Oord et al. 2017 (arXiv 1711.00937, eq. 3): each
// vector z_e of the encoder's grid is replaced by the nearest code e,
//
//	loss = mean_B( R + |sg(z_e) - e|² + β·|z_e - sg(e)|² )
//
// with |·|² summed over the grid and sg a stop of gradients. The decoder is given e, and its
// gradient goes to z_e (straight through). Codes that are moving averages have no loss: the
// second term is left out.
type vectorQuantized struct {
	Encoder    *nn.Sequential `torch:"encoder"`
	Codebook   *codebook      `torch:"quantizer"`
	Decoder    *nn.Sequential `torch:"decoder"`
	net        *Net           // the decoder's output as all variants have it
	commitment float64
	squares    float64                                // what the reconstruction term is multiplied with
	apart      func(z, e *torch.Tensor) *torch.Tensor // |z - e|², given rows of vectors and codes
}

// VQConfig describes the grid's network, its codes and the loss.
type VQConfig struct {
	Compat         `yaml:",inline"`
	LatentDim      int64       `yaml:"latent_dim" default:"64" check:"min=1" doc:"the numbers of one code"`
	Encoder        GridEncoder `yaml:"encoder" doc:"the network from image to a grid of vectors; a convolution to latent_dim channels follows it"`
	Decoder        GridDecoder `yaml:"decoder" doc:"the network back, the encoder's mirror"`
	Commitment     float64     `yaml:"commitment" default:"0.25" check:"min=0" doc:"the weight of the term that keeps the encoder near the codes"`
	CodebookConfig `yaml:",inline"`
	Observation    `yaml:",inline"`
}

// Validate holds what pythae has.
func (c *VQConfig) Validate() []string { return c.gaussianAlone(c.Observation) }

// GridEncoder is an Encoder that keeps the image's two dimensions.
type GridEncoder struct {
	Kind       string  `yaml:"kind" default:"vq_conv" check:"oneof=vq_conv|conv|conv_dlib|resnet" doc:"the architecture"`
	Channels   []int64 `yaml:"channels" default:"[128, 128]" defaults:"kind=resnet: [32, 64]" check:"minlen=1,min=1" doc:"the channels of each convolution that halves the image"`
	Blocks     int     `yaml:"blocks" default:"2" check:"min=0" when:"kind=resnet|vq_conv" doc:"the number of residual blocks: of each size of the image (resnet), of the smallest (vq_conv)"`
	Activation string  `yaml:"activation" default:"relu" defaults:"kind=resnet: silu" check:"oneof=relu|leaky_relu|gelu|silu|tanh|sigmoid|softplus" doc:"the activation, in the decoder too"`
}

// GridDecoder is what differs from the mirrored encoder.
type GridDecoder struct {
	Activation string `yaml:"activation" check:"oneof=relu|leaky_relu|gelu|silu|tanh|sigmoid|softplus" doc:"the activation; the encoder's by default"`
}

// VQVAE is the registry line.
func VQVAE() model.Variant {
	return model.Variant{Type: "vae", Name: "vq_vae", Params: func() any { return new(VQConfig) }, Build: buildVQ}
}

func buildVQ(params any, in model.Inputs, o nn.Options) (model.Model, error) {
	c := params.(*VQConfig)
	like, err := newLikelihood(c.Likelihood, c.Sigma)
	if err != nil {
		return nil, err
	}
	a, err := newArchitect(Network{
		Encoder: Encoder{Kind: c.Encoder.Kind, Channels: c.Encoder.Channels, Blocks: c.Encoder.Blocks, Activation: c.Encoder.Activation},
		Decoder: Decoder{Activation: c.Decoder.Activation},
	}, like.outputs(), in, o)
	if err != nil {
		return nil, err
	}
	t, err := a.trunk()
	if err != nil {
		return nil, err
	}
	m := &vectorQuantized{commitment: c.Commitment, squares: c.squares(), apart: c.apart(t.grid[1] * t.grid[2])}
	m.Encoder = nn.NewSequential("encoder", append(t.down(), nn.NewConv2d(t.grid[0], c.LatentDim, same(1), o))...)
	m.Codebook = newCodebook(c.CodebookConfig, c.LatentDim, c.pythae(), o)
	m.Decoder = nn.NewSequential("decoder", append([]nn.Layer{nn.NewConv2d(c.LatentDim, t.grid[0], same(3), o), a.back}, t.up()...)...)
	m.net = &Net{Encoder: m.Encoder, Decoder: m.Decoder, shape: slices.Clone(in.Shape), likelihood: like}
	return m, nil
}

// apart is |z - e|² summed over a sample's grid of so many vectors, a mean over the batch; pythae's is
// a mean over all of them and their dimensions.
func (c *VQConfig) apart(vectors int64) func(z, e *torch.Tensor) *torch.Tensor {
	if c.pythae() {
		return func(z, e *torch.Tensor) *torch.Tensor { return z.Sub(e).Square().Mean() }
	}
	return func(z, e *torch.Tensor) *torch.Tensor {
		return z.Sub(e).Square().Sum().MulScalar(float64(vectors) / float64(z.Size(0)))
	}
}

// grid is the encoder's vectors: as they are, [B, E, h, w], and one a row, [B·h·w, E].
func (m *vectorQuantized) grid(x *torch.Tensor, training bool) (z, rows *torch.Tensor) {
	z = m.Encoder.Forward(x, training).To(x.DType())
	return z, z.Permute([]int64{0, 2, 3, 1}).Reshape([]int64{-1, z.Size(1)})
}

// image brings rows back to the shape of z.
func image(rows, z *torch.Tensor) *torch.Tensor {
	return rows.Reshape([]int64{z.Size(0), z.Size(2), z.Size(3), z.Size(1)}).Permute([]int64{0, 3, 1, 2})
}

// quantized is the grid of x in codes, [B, E, h, w].
func (m *vectorQuantized) quantized(x *torch.Tensor) *torch.Tensor {
	z, rows := m.grid(x, false)
	return image(m.Codebook.codes().IndexSelect(0, m.Codebook.nearest(rows)), z)
}

// DataInit puts the codes at the centres of the first batch's vectors where they begin so.
func (m *vectorQuantized) DataInit(b model.Batch) {
	if m.Codebook.fromData {
		_, rows := m.grid(b.X, false)
		m.Codebook.begin(rows)
	}
}

// Loss is the reconstruction and what holds vectors and codes together; metrics: recon,
// commitment (|z_e - e|²), perplexity and code_usage (the share of codes in use), both of
// the batch.
func (m *vectorQuantized) Loss(c *model.Context, b model.Batch) model.Output {
	z, rows := m.grid(b.X, c.Train)
	index := m.Codebook.nearest(rows)
	counts := m.Codebook.counts(index, rows)
	code := m.Codebook.codes().IndexSelect(0, index)
	if c.Train {
		torch.NoGrad(func() { m.Codebook.note(rows, index, counts, c.Noise) })
	}
	r := m.net.likelihood.nll(m.net.decode(image(rows.Add(code.Sub(rows).Detach()), z), c.Train), b.X).Mean()
	commitment := m.apart(rows, code.Detach())
	loss := r.MulScalar(m.squares).Add(commitment.MulScalar(m.commitment))
	if m.Codebook.Learned != nil {
		loss = loss.Add(m.apart(rows.Detach(), code))
	}
	return model.Output{Loss: loss, Metrics: []model.Metric{
		{Name: "recon", Value: r.Detach()}, {Name: "commitment", Value: commitment.Detach()},
		{Name: "perplexity", Value: perplexity(counts)}, {Name: "code_usage", Value: counts.Gt(0).To(counts.DType()).Mean()},
	}}
}

// AfterStep moves the codes. It runs without recording.
func (m *vectorQuantized) AfterStep() { m.Codebook.AfterStep() }

// CheckData says whether the likelihood is one of data such as x.
func (m *vectorQuantized) CheckData(x *torch.Tensor) error { return m.net.CheckData(x) }

// Embed is the codes of a sample's grid: vectors (the default), [B, E·h·w], or their indices
// in the codebook, [B, h·w].
func (m *vectorQuantized) Embed(x *torch.Tensor, what string, _ model.Noise) (*torch.Tensor, error) {
	switch what {
	case "", "vectors":
		return m.quantized(x).Flatten(1, -1), nil
	case "indices":
		_, rows := m.grid(x, false)
		return m.Codebook.nearest(rows).Reshape([]int64{x.Size(0), -1}).To(x.DType()), nil
	}
	return nil, model.Mistakef("output.what: found %q, a vq_vae has vectors and indices", what)
}

// Predict is the reconstruction from codes, [B, …sample shape], in the units of the input.
func (m *vectorQuantized) Predict(x *torch.Tensor) *torch.Tensor {
	return m.net.likelihood.mean(m.net.decode(m.quantized(x), false))
}

// Reconstructs says that predictions are in the data's units and shape.
func (m *vectorQuantized) Reconstructs() bool { return true }
