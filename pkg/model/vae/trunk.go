package vae

import (
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
	"github.com/gotrainer/trainer/pkg/torch"
)

// trunk is the convolutional part that the config names, for any image that its strides
// allow.
func (a *architect) trunk() (trunk, error) {
	kind, channels := a.Encoder.Kind, a.Encoder.Channels
	makers := map[string]func(trunk) trunk{
		"conv": a.conv(func(int) int64 { return 4 }), "conv_dlib": a.conv(dlibKernel), "resnet": a.resnet, "vq_conv": a.vqConv,
	}
	maker, ok := makers[kind]
	if !ok {
		return trunk{}, model.Mistakef("model.encoder.kind: found %q, expected mlp, mlp_dlib, conv, conv_dlib, resnet or vq_conv", kind)
	}
	if err := checkImage(kind, a.in.Shape, len(channels)); err != nil {
		return trunk{}, err
	}
	if kind == "resnet" {
		for _, c := range channels {
			if c%groups != 0 {
				return trunk{}, model.Mistakef("model.encoder.channels: found %d, but resnet normalises over %d groups of channels; give multiples of %d", c, groups, groups)
			}
		}
	}
	return maker(trunk{grid: []int64{last(channels), a.in.Shape[1] >> len(channels), a.in.Shape[2] >> len(channels)}}), nil
}

// checkImage says what does not fit before any layer is made.
func checkImage(kind string, shape []int64, halvings int) error {
	if len(shape) != 3 {
		return model.Mistakef("model.encoder.kind: %s needs images of shape [channels height width], the data's samples have shape %v; use kind: mlp", kind, shape)
	}
	most := 0
	for h, w := shape[1], shape[2]; h%2 == 0 && w%2 == 0 && h > 0 && w > 0; h, w = h/2, w/2 {
		most++
	}
	switch {
	case halvings <= most:
		return nil
	case most == 0:
		return model.Mistakef("model.encoder.kind: %s halves the image, and a side of %d×%d is odd; use kind: mlp", kind, shape[1], shape[2])
	}
	return model.Mistakef("model.encoder.channels: %d convolutions halve the image %d times, but %d×%d can be halved only %d times; give at most %d channels",
		halvings, halvings, shape[1], shape[2], most, most)
}

// halving is a convolution of stride 2, with the padding that makes it halve the image.
func halving(kernel int64) nn.ConvConfig {
	return nn.ConvConfig{Kernel: kernel, Stride: 2, Padding: (kernel - 1) / 2, Bias: nn.WithBias}
}

// same is a convolution that keeps the image's size.
func same(kernel int64) nn.ConvConfig {
	return nn.ConvConfig{Kernel: kernel, Padding: kernel / 2, Bias: nn.WithBias}
}

// dlibKernel is that of the convolutions of disentanglement_lib: two of kernel 4, then
// kernel 2; its transposed ones have kernel 4.
func dlibKernel(i int) int64 {
	if i < 2 {
		return 4
	}
	return 2
}

// conv is the network of Burgess et al. 2018 (arXiv 1804.03599): convolutions of stride 2
// with an activation after each, three for 32×32 and four for 64×64, and transposed
// convolutions of kernel 4 as its mirror.
func (a *architect) conv(kernel func(i int) int64) func(trunk) trunk {
	return func(t trunk) trunk {
		channels := append([]int64{a.in.Shape[0]}, a.Encoder.Channels...)
		t.down = func() (layers []nn.Layer) {
			for i, to := range channels[1:] {
				layers = append(layers, nn.NewConv2d(channels[i], to, halving(kernel(i)), a.o), a.act)
			}
			return layers
		}
		t.up = a.transposed
		return t
	}
}

// transposed are the convolutions back to the image, with activations between them.
func (a *architect) transposed() (layers []nn.Layer) {
	channels := a.Encoder.Channels
	for i := len(channels) - 1; i > 0; i-- {
		layers = append(layers, nn.NewConvTranspose2d(channels[i], channels[i-1], halving(4), a.o), a.back)
	}
	return append(layers, nn.NewConvTranspose2d(channels[0], a.in.Shape[0]*a.outputs, halving(4), a.o))
}

// vqConv is the network of van den Oord et al. 2017 (arXiv 1711.00937, section 4.1):
// convolutions of kernel 4 and stride 2, then residual blocks (activation, 3×3,
// activation, 1×1), and its mirror.
func (a *architect) vqConv(t trunk) trunk {
	channels := append([]int64{a.in.Shape[0]}, a.Encoder.Channels...)
	blocks := func(act nn.Layer) (layers []nn.Layer) {
		for range a.Encoder.Blocks {
			layers = append(layers, &residual{Conv1: nn.NewConv2d(t.grid[0], t.grid[0], same(3), a.o), Conv2: nn.NewConv2d(t.grid[0], t.grid[0], same(1), a.o), act: act})
		}
		return append(layers, act)
	}
	t.down = func() (layers []nn.Layer) {
		for i, to := range channels[1:] {
			if i > 0 {
				layers = append(layers, a.act)
			}
			layers = append(layers, nn.NewConv2d(channels[i], to, halving(4), a.o))
		}
		return append(layers, blocks(a.act)...)
	}
	t.up = func() []nn.Layer { return append(blocks(a.back), a.transposed()...) }
	return t
}

// groups of channels that resnet normalises over.
const groups = 8

// resnet is a 3×3 convolution and then, for each of the channels, pre-activation blocks (He
// et al. 2016, arXiv 1603.05027) and a 3×3 convolution of stride 2. The decoder doubles the
// nearest pixels and convolves. Normalisation is over groups of channels (Wu and He 2018,
// arXiv 1803.08494): one of the batch would make another ELBO of evaluation.
func (a *architect) resnet(t trunk) trunk {
	channels, colours := a.Encoder.Channels, a.in.Shape[0]
	stage := func(c int64, act nn.Layer) (layers []nn.Layer) {
		for range a.Encoder.Blocks {
			layers = append(layers, a.preActivation(c, act))
		}
		return layers
	}
	t.down = func() []nn.Layer {
		layers := []nn.Layer{nn.NewConv2d(colours, channels[0], same(3), a.o)}
		for i, c := range channels {
			next := channels[min(i+1, len(channels)-1)]
			layers = append(append(layers, stage(c, a.act)...), nn.NewConv2d(c, next, halving(3), a.o))
		}
		return append(layers, nn.NewGroupNorm(groups, last(channels), a.o), a.act)
	}
	t.up = func() (layers []nn.Layer) {
		for i := len(channels) - 1; i >= 0; i-- {
			from := channels[min(i+1, len(channels)-1)]
			layers = append(layers, doubled, nn.NewConv2d(from, channels[i], same(3), a.o))
			layers = append(layers, stage(channels[i], a.back)...)
		}
		return append(layers, nn.NewGroupNorm(groups, channels[0], a.o), a.back, nn.NewConv2d(channels[0], colours*a.outputs, same(3), a.o))
	}
	return t
}

func (a *architect) preActivation(c int64, act nn.Layer) *residual {
	r := &residual{act: act, Norm1: nn.NewGroupNorm(groups, c, a.o)}
	r.Conv1 = nn.NewConv2d(c, c, same(3), a.o)
	r.Norm2 = nn.NewGroupNorm(groups, c, a.o)
	r.Conv2 = nn.NewConv2d(c, c, same(3), a.o)
	return r
}

// doubled gives each pixel the place of four.
var doubled = nn.Func(func(x *torch.Tensor) *torch.Tensor {
	return x.UpsampleNearest2d([]int64{2 * x.Size(2), 2 * x.Size(3)})
})

// residual is x + conv2(act(norm2(conv1(act(norm1(x)))))); without norms where they are nil.
type residual struct {
	Norm1 *nn.GroupNorm `torch:"norm1"`
	Conv1 *nn.Conv2d    `torch:"conv1"`
	Norm2 *nn.GroupNorm `torch:"norm2"`
	Conv2 *nn.Conv2d    `torch:"conv2"`
	act   nn.Layer
}

// Forward computes the block.
func (r *residual) Forward(x *torch.Tensor, training bool) *torch.Tensor {
	step := func(h *torch.Tensor, norm *nn.GroupNorm, conv *nn.Conv2d) *torch.Tensor {
		if norm != nil {
			h = norm.Forward(h, training)
		}
		return conv.Forward(r.act.Forward(h, training), training)
	}
	return x.Add(step(step(x, r.Norm1, r.Conv1), r.Norm2, r.Conv2))
}
