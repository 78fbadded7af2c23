package vae

import (
	"math"

	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/ssim"
	"github.com/gotrainer/trainer/pkg/torch"
)

// structural takes the output as logits of images in [0, 1], which it judges by MS-SSIM (Wang,
// Simoncelli and Bovik 2003) with M scales: w·(1 - MS-SSIM), where
//
//	MS-SSIM = Π_{j<M} ((1 + cs_j)/2)^w_j · ((1 + ssim_M)/2)^w_M
//
// of each channel, cs the mean factor of contrast and structure, and a mean over channels. It is
// that of a loss: images are padded with zeros, so that pixels at the border count, and a factor
// may be below 0 without ending the gradient. It is no probability of anything.
type structural struct {
	weight        float64
	height, width int64
	pythae        bool // its product, and factors of the whole batch
}

// c1 and c2 are the constants of SSIM for values in [0, 1].
const c1, c2 = ssim.K1 * ssim.K1, ssim.K2 * ssim.K2

func (structural) outputs() int64 { return 1 }

func (structural) constant() float64 { return 0 }

func (structural) measures() string { return "" }

func (structural) mean(out *torch.Tensor) *torch.Tensor { return out.Sigmoid() }

func (structural) accepts(low, high float64) error {
	if low >= 0 && high <= 1 {
		return nil
	}
	return model.Mistakef("model.variant: msssim_vae needs data in [0, 1], found values from %.4g to %.4g; use data.normalize: minmax", low, high)
}

// scales is how often an image is looked at, each time half as large.
func (s structural) scales() int {
	scales := 1
	for side := min(s.height, s.width); scales < ssim.MostScales && side >= 4; side /= 2 {
		scales++
	}
	return scales
}

func (s structural) nll(out, x *torch.Tensor) (distance *torch.Tensor) {
	// Variances are differences of means: of bfloat16 nothing would be left of them.
	torch.Autocast(x.Device(), torch.Float32, func() {
		shape := []int64{-1, 1, s.height, s.width}
		a, b, batch := x.Reshape(shape), s.mean(out).Reshape(shape), x.Size(0)
		distance = s.similarity(a, b, batch).Neg().AddScalar(1).MulScalar(s.weight)
		if s.pythae {
			distance = distance.Expand([]int64{batch})
		}
	})
	return distance
}

// similarity is MS-SSIM of each sample, [B], of images a and b [B·channels, 1, H, W]; pythae's is one
// of the whole batch, [], and each of its other factors has that of the last scale once more.
func (s structural) similarity(a, b *torch.Tensor, batch int64) *torch.Tensor {
	var logs *torch.Tensor
	add := func(factor *torch.Tensor, weight float64) {
		term := shifted(factor).MulScalar(weight)
		if logs != nil {
			term = logs.Add(term)
		}
		logs = term
	}
	weights, two := ssim.Weights(s.scales()), []int64{2, 2}
	others := len(weights) - 1
	for _, w := range weights[:others] {
		_, contrast := s.factors(a, b, batch)
		add(contrast, w)
		a, b = a.AvgPool2d(two, two, []int64{0, 0}), b.AvgPool2d(two, two, []int64{0, 0})
	}
	whole, _ := s.factors(a, b, batch)
	if s.pythae {
		add(whole, weights[others]*float64(others))
		return logs.Exp()
	}
	add(whole, weights[others])
	return logs.Exp().MeanDim([]int64{1}, false)
}

// shifted is ln (1 + factor)/2.
func shifted(factor *torch.Tensor) *torch.Tensor {
	return factor.AddScalar(1).MulScalar(0.5).ClampMin(1e-12).Log()
}

// factors are the means of SSIM and of its factor of contrast and structure over all pixels of
// each image, both [B, channels]; pythae's are over the whole batch, [].
func (s structural) factors(a, b *torch.Tensor, batch int64) (whole, contrast *torch.Tensor) {
	n := a.Size(0)
	all := blur(torch.Cat([]*torch.Tensor{a, b, a.Square(), b.Square(), a.Mul(b)}, 0))
	part := func(i int64) *torch.Tensor { return all.Narrow(0, i*n, n) }
	ma, mb := part(0), part(1)
	aa, bb, ab := ma.Square(), mb.Square(), ma.Mul(mb)
	cs := part(4).Sub(ab).MulScalar(2).AddScalar(c2).Div(part(2).Sub(aa).Add(part(3).Sub(bb)).AddScalar(c2))
	all = ab.MulScalar(2).AddScalar(c1).Div(aa.Add(bb).AddScalar(c1)).Mul(cs)
	mean := func(t *torch.Tensor) *torch.Tensor {
		if s.pythae {
			return t.Mean()
		}
		return t.Flatten(1, -1).MeanDim([]int64{1}, false).Reshape([]int64{batch, -1})
	}
	return mean(all), mean(cs)
}

// blur is the mean of images [N, 1, H, W] in a Gaussian window around each pixel: of rows and
// columns in turn, as products with a matrix, which take a fraction of the time of convolutions
// of one channel.
func blur(images *torch.Tensor) *torch.Tensor {
	down, across := window(images.Size(2), images), window(images.Size(3), images)
	return down.MatMul(images).MatMul(across)
}

// window is the Gaussian window around each of n places, [n, n], symmetric; what it has beyond
// them is of zeros.
func window(n int64, like *torch.Tensor) *torch.Tensor {
	const half = ssim.Window / 2
	sum := 0.0
	for i := -half; i <= half; i++ {
		sum += math.Exp(-float64(i*i) / (2 * ssim.Sigma * ssim.Sigma))
	}
	place := torch.Arange(n, torch.Like(like))
	square := place.Unsqueeze(1).Sub(place).Square()
	return square.MulScalar(-1/(2*ssim.Sigma*ssim.Sigma)).Exp().MulScalar(1/sum).MaskedFill(square.Gt(half*half), 0)
}
