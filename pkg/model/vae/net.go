package vae

import (
	"slices"

	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

// Net is encoder, heads and decoder with the state-dict names of every variant.
type Net struct {
	Encoder    *nn.Sequential `torch:"encoder"` // hidden layers
	Mu         *nn.Linear     `torch:"mu"`      // [K, last width]
	LogVar     *nn.Linear     `torch:"logvar"`  // [K, last width]
	Decoder    *nn.Sequential `torch:"decoder"`
	shape      []int64        // one sample
	flat       bool           // the encoder takes [B, D]
	likelihood likelihood
}

// layout is a network's two halves, not yet made: the heads are made between them, and
// initial values are drawn in that order.
type layout struct {
	encoder func() []nn.Layer
	decoder func() []nn.Layer
	width   int64 // of the encoder's output
}

func newNet(c Config, in model.Inputs, o nn.Options) (*Net, error) {
	like, err := newLikelihood(c.Likelihood)
	if err != nil {
		return nil, err
	}
	halves, err := plan(c, in, o)
	if err != nil {
		return nil, err
	}
	n := &Net{shape: slices.Clone(in.Shape), flat: c.Encoder.Kind == "mlp", likelihood: like}
	n.Encoder = nn.NewSequential("encoder", halves.encoder()...)
	n.Mu = nn.NewLinear(halves.width, c.LatentDim, nn.WithBias, o)
	n.LogVar = nn.NewLinear(halves.width, c.LatentDim, nn.WithBias, o)
	n.Decoder = nn.NewSequential("decoder", halves.decoder()...)
	return n, nil
}

func plan(c Config, in model.Inputs, o nn.Options) (layout, error) {
	act, ok := nn.Activation(c.Encoder.Activation)
	if !ok {
		return layout{}, model.Mistakef("model.encoder.activation: found %q, expected one of %v", c.Encoder.Activation, nn.Activations)
	}
	back := c.Decoder.HiddenDims
	if len(back) == 0 {
		back = slices.Clone(c.Encoder.HiddenDims)
		slices.Reverse(back)
	}
	switch c.Encoder.Kind {
	case "mlp":
		return mlp(c, back, act, in, o), nil
	case "conv":
		return conv(c, back, act, in, o)
	}
	return layout{}, model.Mistakef("model.encoder.kind: found %q, expected mlp or conv", c.Encoder.Kind)
}

// heads are the mean and the log variance of q(z|x) as the network gives them, both
// [B, K]. Mixed precision ends there.
func (n *Net) heads(x *torch.Tensor, training bool) (mu, logvar *torch.Tensor) {
	h := n.hidden(x, training)
	mu = torch.In("mu", func() *torch.Tensor { return n.Mu.Forward(h, training) })
	logvar = torch.In("logvar", func() *torch.Tensor { return n.LogVar.Forward(h, training) })
	return mu.To(x.DType()), logvar.To(x.DType())
}

// hidden is the encoder's output, [B, last width].
func (n *Net) hidden(x *torch.Tensor, training bool) *torch.Tensor {
	if n.flat {
		x = x.Flatten(1, -1)
	}
	return n.Encoder.Forward(x, training)
}

// mean is that of q(z|x), [B, K].
func (n *Net) mean(x *torch.Tensor) *torch.Tensor {
	h := n.hidden(x, false)
	return torch.In("mu", func() *torch.Tensor { return n.Mu.Forward(h, false) }).To(x.DType())
}

// The log variance s is limited, so that neither exp s nor its gradient overflows.
const minLogVar, maxLogVar = -30, 20

// posterior is q(z|x): mu and s, both [B, K].
func (n *Net) posterior(x *torch.Tensor) (mu, s *torch.Tensor) {
	mu, logvar := n.heads(x, false)
	return mu, logvar.Clamp(minLogVar, maxLogVar)
}

// CheckData says whether the likelihood is one of data such as x; it waits for the
// device.
func (n *Net) CheckData(x *torch.Tensor) error {
	flat := x.Flatten(0, -1)
	low, high := flat.Neg().Amax([]int64{0}, false).Item(), flat.Amax([]int64{0}, false).Item()
	return n.likelihood.accepts(-low, high)
}

// sample is z = mu + exp(s/2)·eps.
func sample(mu, s *torch.Tensor, noise model.Noise) *torch.Tensor {
	eps := noise.Randn(mu.Shape(), mu)
	return mu.Add(s.MulScalar(0.5).Exp().Mul(eps))
}

// decode is the decoder's raw output: logits or means, [B, …sample shape].
func (n *Net) decode(z *torch.Tensor, training bool) *torch.Tensor {
	out := n.Decoder.Forward(z, training)
	return out.To(z.DType()).Reshape(append([]int64{z.Size(0)}, n.shape...))
}

// terms are the two parts of the negative ELBO of one sample of z, each [B].
func (n *Net) terms(c *model.Context, x *torch.Tensor) (recon, kl *torch.Tensor) {
	mu, logvar := n.heads(x, c.Train)
	z, kl := mu.NormalPosterior(logvar, c.Noise.Randn(mu.Shape(), mu), minLogVar, maxLogVar)
	return n.likelihood.nll(n.decode(z, c.Train), x), kl
}

// weighted is mean_B(R + weight·KL) with its two terms as metrics.
func weighted(recon, kl *torch.Tensor, weight float64) model.Output {
	r, k := recon.Mean(), kl.Mean()
	return model.Output{
		Loss:    r.Add(k.MulScalar(weight)),
		Metrics: []model.Metric{{Name: "recon", Value: r.Detach()}, {Name: "kl", Value: k.Detach()}},
	}
}
