package vae

import (
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/torch"
)

// Embed is the code of each sample: mean (the default) and sample are [B, K],
// mean_logvar is [B, 2K].
func (n *Net) Embed(x *torch.Tensor, what string, noise model.Noise) (*torch.Tensor, error) {
	switch what {
	case "", "mean":
		return n.mean(x), nil
	case "sample":
		mu, s := n.posterior(x)
		return sample(mu, s, noise), nil
	case "mean_logvar":
		mu, s := n.posterior(x)
		return torch.Cat([]*torch.Tensor{mu, s}, 1), nil
	}
	return nil, model.Mistakef("output.what: found %q, a vae has mean, sample and mean_logvar", what)
}

// Predict is the reconstruction at the mean of q(z|x), [B, …sample shape], in the
// units of the input.
func (n *Net) Predict(x *torch.Tensor) *torch.Tensor {
	return n.likelihood.mean(n.decode(n.mean(x), false))
}

// Reconstructs says that predictions are in the data's units and shape.
func (n *Net) Reconstructs() bool { return true }

// Generate is the mean of p(x|z) for codes z [B, K]: [B, …sample shape], in the units of
// the input.
func (n *Net) Generate(z *torch.Tensor) *torch.Tensor {
	return n.likelihood.mean(n.decode(z, false))
}
