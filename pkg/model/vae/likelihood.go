package vae

import (
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/torch"
)

// likelihood is p(x|z): what the decoder's output means.
type likelihood interface {
	// nll is the negative log likelihood of each sample, [B], summed over D, without
	// constants.
	nll(out, x *torch.Tensor) *torch.Tensor
	// mean is the expected sample.
	mean(out *torch.Tensor) *torch.Tensor
	// accepts says what is wrong with data in [low, high]; nil if nothing is.
	accepts(low, high float64) error
}

func newLikelihood(name string) (likelihood, error) {
	switch name {
	case "bernoulli":
		return bernoulli{}, nil
	case "gaussian":
		return gaussian{}, nil
	}
	return nil, model.Mistakef("model.likelihood: found %q, expected bernoulli or gaussian", name)
}

// bernoulli takes the output as logits l of pixels x in [0, 1]:
// Σ softplus(l) - x·l. With logits there is no log(0).
type bernoulli struct{}

func (bernoulli) nll(out, x *torch.Tensor) *torch.Tensor { return out.BernoulliNLL(x) }

func (bernoulli) mean(out *torch.Tensor) *torch.Tensor { return out.Sigmoid() }

func (bernoulli) accepts(low, high float64) error {
	if low >= 0 && high <= 1 {
		return nil
	}
	return model.Mistakef("model.likelihood: bernoulli needs data in [0, 1], found values from %.4g to %.4g; use gaussian, or data.normalize: minmax", low, high)
}

// gaussian takes the output as means m of unit variance: ½ Σ (x - m)². The ½ is part
// of the density; without it a weight such as beta would mean half as much.
type gaussian struct{}

func (gaussian) nll(out, x *torch.Tensor) *torch.Tensor { return out.GaussianNLL(x) }

func (gaussian) mean(out *torch.Tensor) *torch.Tensor { return out }

func (gaussian) accepts(_, _ float64) error { return nil }
