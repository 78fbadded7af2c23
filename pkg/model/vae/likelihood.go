package vae

import (
	"math"

	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/torch"
)

// likelihood is p(x|z): what the decoder's output means.
type likelihood interface {
	// outputs is how many numbers of the network stand for one of a sample. Where it is
	// more than 1, they are the last dimension of out.
	outputs() int64
	// nll is the negative log likelihood of each sample, [B], summed over D, without the
	// constant.
	nll(out, x *torch.Tensor) *torch.Tensor
	// constant is what nll leaves out for each of a sample's D numbers, in nats.
	constant() float64
	// measures says what p(x|z) is.
	measures() string
	// mean is the expected sample.
	mean(out *torch.Tensor) *torch.Tensor
	// accepts says what is wrong with data in [low, high]; nil if nothing is.
	accepts(low, high float64) error
}

// What a likelihood measures: only numbers of the same sort compare.
const (
	probability  = "probability"  // of discrete values: bits are those of a code
	density      = "density"      // of real values: bits depend on the data's unit, and may be below 0
	unnormalised = "unnormalised" // it does not integrate to 1 over the values that data have
)

func newLikelihood(name string, sigma float64) (likelihood, error) {
	switch name {
	case "bernoulli":
		return bernoulli{}, nil
	case "gaussian":
		return gaussian{sigma}, nil
	case "laplace":
		return laplace{}, nil
	case "categorical":
		return categorical{}, nil
	}
	return nil, model.Mistakef("model.likelihood: found %q, expected bernoulli, gaussian, laplace or categorical", name)
}

// bernoulli takes the output as logits l of pixels x in [0, 1]:
// Σ softplus(l) - x·l. With logits there is no log(0). It is a probability of pixels that
// are 0 or 1 alone; of values between them it is no density, since it integrates to less
// than 1 (Loaiza-Ganem and Cunningham 2019, arXiv 1907.06845).
type bernoulli struct{}

func (bernoulli) outputs() int64 { return 1 }

func (bernoulli) nll(out, x *torch.Tensor) *torch.Tensor { return out.BernoulliNLL(x) }

func (bernoulli) constant() float64 { return 0 }

func (bernoulli) measures() string { return unnormalised }

func (bernoulli) mean(out *torch.Tensor) *torch.Tensor { return out.Sigmoid() }

func (bernoulli) accepts(low, high float64) error {
	return inUnitRange("bernoulli", low, high)
}

func inUnitRange(name string, low, high float64) error {
	if low >= 0 && high <= 1 {
		return nil
	}
	return model.Mistakef("model.likelihood: %s needs data in [0, 1], found values from %.4g to %.4g; use gaussian, or data.normalize: minmax", name, low, high)
}

// gaussian takes the output as means m: Σ ½ (x - m)²/σ² + ln σ. The ½ is part of the
// density; without it a weight such as beta would mean half as much.
type gaussian struct{ sigma float64 }

func (gaussian) outputs() int64 { return 1 }

func (g gaussian) nll(out, x *torch.Tensor) *torch.Tensor {
	half := out.GaussianNLL(x)
	if g.sigma == 1 {
		return half
	}
	return half.MulScalar(1 / (g.sigma * g.sigma)).AddScalar(float64(perSample(x)) * math.Log(g.sigma))
}

func (gaussian) constant() float64 { return 0.5 * math.Log(2*math.Pi) }

func (gaussian) measures() string { return density }

func (gaussian) mean(out *torch.Tensor) *torch.Tensor { return out }

func (gaussian) accepts(_, _ float64) error { return nil }

// laplace takes the output as medians m of scale 1: Σ |x - m|.
type laplace struct{}

func (laplace) outputs() int64 { return 1 }

func (laplace) nll(out, x *torch.Tensor) *torch.Tensor {
	return x.Sub(out).Abs().Flatten(1, -1).SumDim([]int64{1}, false)
}

func (laplace) constant() float64 { return math.Ln2 }

func (laplace) measures() string { return density }

func (laplace) mean(out *torch.Tensor) *torch.Tensor { return out }

func (laplace) accepts(_, _ float64) error { return nil }

// levels are the values k/255 of an 8-bit number.
const levels = 256

// categorical takes the output as the logits of 256 levels for each number of a sample,
// [B, …, 256], and x as the nearest of the levels 0, 1/255, …, 1. On 8-bit data its bits
// are those that a code needs.
type categorical struct{}

func (categorical) outputs() int64 { return levels }

func (categorical) nll(out, x *torch.Tensor) *torch.Tensor {
	// A level of NaN would be no index: the loss of such a sample is NaN by the output.
	level := x.NanToNum(0).MulScalar(levels-1).AddScalar(0.5).Clamp(0, levels-1).To(torch.Int64).Unsqueeze(-1)
	all := out.LogSumExp([]int64{-1}, true).Sub(out.Gather(-1, level))
	return all.Flatten(1, -1).SumDim([]int64{1}, false)
}

func (categorical) constant() float64 { return 0 }

func (categorical) measures() string { return probability }

func (categorical) mean(out *torch.Tensor) *torch.Tensor {
	value := torch.Arange(levels, torch.Like(out)).MulScalar(1.0 / (levels - 1))
	return out.Softmax(-1).Mul(value).SumDim([]int64{-1}, false)
}

func (categorical) accepts(low, high float64) error {
	return inUnitRange("categorical", low, high)
}

// perSample is how many numbers a sample of the batch x has.
func perSample(x *torch.Tensor) int64 { return x.Numel() / x.Size(0) }
