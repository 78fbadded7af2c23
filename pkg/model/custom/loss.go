package custom

import (
	"math"

	"github.com/gotrainer/trainer/pkg/torch"
)

// loss is one that a config can name: torch.nn.functional's of the same name, with its
// default reduction, the mean over all elements.
type loss struct {
	name string
	// per is how many numbers of the output stand for one of the target.
	per int64
	// value compares the output with y, which has its shape where per is 1; for
	// cross_entropy y is [B] of class numbers.
	value func(o *objective, out, y *torch.Tensor) *torch.Tensor
	// mean is the prediction in the target's units, [B, …]; nil where the output is it.
	mean func(out *torch.Tensor) *torch.Tensor
	// raw says that predictions of labels are the output as it is: the logits.
	raw bool
}

var losses = []loss{
	{name: "mse", per: 1, value: func(_ *objective, out, y *torch.Tensor) *torch.Tensor { return out.Sub(y).Square().Mean() }},
	{name: "mae", per: 1, value: func(_ *objective, out, y *torch.Tensor) *torch.Tensor { return out.Sub(y).Abs().Mean() }},
	{name: "huber", per: 1, value: func(o *objective, out, y *torch.Tensor) *torch.Tensor { return out.Huber(y, o.Delta).Mean() }},
	{name: "cross_entropy", per: 1, value: crossEntropy, raw: true},
	{name: "bce_with_logits", per: 1, value: bceWithLogits, mean: (*torch.Tensor).Sigmoid, raw: true},
	{name: "gaussian_nll", per: 2, value: gaussianNLL, mean: gaussianMean},
	{name: "poisson_nll", per: 1, value: poissonNLL, mean: (*torch.Tensor).Exp},
}

func lossNames() (names []string) {
	for _, l := range losses {
		names = append(names, l.name)
	}
	return names
}

func crossEntropy(o *objective, out, y *torch.Tensor) *torch.Tensor {
	return out.CrossEntropy(y, o.weights, o.LabelSmoothing)
}

func bceWithLogits(_ *objective, out, y *torch.Tensor) *torch.Tensor {
	return out.BCEWithLogits(y).Mean()
}

// The log variance is limited: from below as torch.nn.GaussianNLLLoss limits the variance,
// from above so that nothing overflows.
var minLogVar, maxLogVar = math.Log(1e-6), 20.0

// gaussianNLL is ½·mean(s + (y - m)²·e^-s) (Nix and Weigend 1994): the first half of a
// sample's outputs is the mean m, the second the log variance s.
func gaussianNLL(_ *objective, out, y *torch.Tensor) *torch.Tensor {
	d := y.Size(1)
	s := out.Narrow(1, d, d).Clamp(minLogVar, maxLogVar)
	return gaussianMean(out).Sub(y).Square().Mul(s.Neg().Exp()).Add(s).Mean().MulScalar(0.5)
}

func gaussianMean(out *torch.Tensor) *torch.Tensor { return out.Narrow(1, 0, out.Size(1)/2) }

// poissonNLL is mean(e^out - y·out), without the term of y alone: the output is the log of
// the rate.
func poissonNLL(_ *objective, out, y *torch.Tensor) *torch.Tensor {
	return out.Exp().Sub(out.Mul(y)).Mean()
}
