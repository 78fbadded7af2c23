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
	kl         KL
}

func newNet(c Config, in model.Inputs, o nn.Options) (*Net, error) {
	like, err := newLikelihood(c.Likelihood, c.Sigma)
	if err != nil {
		return nil, err
	}
	return netFor(like, c.Network, c.KL, in, o)
}

// netFor is the network whose output means like.
func netFor(like likelihood, c Network, kl KL, in model.Inputs, o nn.Options) (*Net, error) {
	halves, err := plan(c, like.outputs(), in, o)
	if err != nil {
		return nil, err
	}
	n := &Net{shape: slices.Clone(in.Shape), flat: halves.flat, likelihood: like, kl: kl}
	n.Encoder = nn.NewSequential("encoder", halves.encoder()...)
	n.Mu = nn.NewLinear(halves.width, c.LatentDim, nn.WithBias, o)
	n.LogVar = nn.NewLinear(halves.width, c.LatentDim, nn.WithBias, o)
	n.Decoder = nn.NewSequential("decoder", halves.decoder()...)
	return n, nil
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

// decode is the decoder's raw output, [B, …sample shape], or [B, …sample shape, n] where
// the likelihood takes n numbers for each.
func (n *Net) decode(z *torch.Tensor, training bool) *torch.Tensor {
	out := n.Decoder.Forward(z, training).To(z.DType())
	shape, outputs := append([]int64{z.Size(0)}, n.shape...), n.likelihood.outputs()
	if outputs == 1 {
		return out.Reshape(shape)
	}
	if !n.flat { // the channels of one of the sample's channels lie side by side
		out = out.Reshape([]int64{z.Size(0), n.shape[0], outputs, -1}).Transpose(2, 3)
	}
	return out.Reshape(append(shape, outputs))
}

// pass is what one pass of a batch through the network gives.
type pass struct {
	mu, logvar *torch.Tensor // the heads of q(z|x), [B, K]
	z          *torch.Tensor // one draw of it, [B, K]
	out        *torch.Tensor // of the decoder for z
	recon, kl  *torch.Tensor // -ln p(x|z) without constants and KL of each sample, [B]
}

// s is the log variance, limited.
func (p pass) s() *torch.Tensor { return p.logvar.Clamp(minLogVar, maxLogVar) }

func (n *Net) pass(c *model.Context, x *torch.Tensor) pass {
	p := pass{}
	p.mu, p.logvar = n.heads(x, c.Train)
	p.z, p.kl = p.mu.NormalPosterior(p.logvar, c.Noise.Randn(p.mu.Shape(), p.mu), minLogVar, maxLogVar)
	p.out = n.decode(p.z, c.Train)
	p.recon = n.likelihood.nll(p.out, x)
	return p
}

// loss is mean_B R + w·term, where term is what the variant makes of the divergence and w
// the schedule's weight. Metrics: recon, kl, the variant's own, and kl_weight where w is
// scheduled.
func (n *Net) loss(c *model.Context, p pass, term *torch.Tensor, own ...model.Metric) model.Output {
	r := p.recon.Mean()
	metrics := append([]model.Metric{{Name: "recon", Value: r.Detach()}, {Name: "kl", Value: p.kl.Detach().Mean()}}, own...)
	if n.kl.scheduled() {
		w := n.kl.weight(c, term)
		term, metrics = term.Mul(w), append(metrics, model.Metric{Name: "kl_weight", Value: w})
	}
	return model.Output{Loss: r.Add(term), Metrics: metrics}
}
