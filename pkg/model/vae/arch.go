package vae

import (
	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
)

// mlp is D → hidden → heads and K → hidden reversed → D, on the flattened sample.
func mlp(c Network, outputs int64, back []int64, act nn.Layer, in model.Inputs, o nn.Options) layout {
	return layout{
		encoder: func() []nn.Layer { return linears(in.Dim(), c.Encoder.HiddenDims, act, o) },
		decoder: func() []nn.Layer {
			layers := linears(c.LatentDim, back, act, o)
			return append(layers, nn.NewLinear(last(back), in.Dim()*outputs, nn.WithBias, o))
		},
		width: last(c.Encoder.HiddenDims),
	}
}

// conv is the network of Burgess et al. 2018 (arXiv 1804.03599), for any even image:
// convolutions of kernel 4, stride 2 and padding 1, each of which halves the image,
// then linear layers, and the mirror of it.
func conv(c Network, outputs int64, back []int64, act nn.Layer, in model.Inputs, o nn.Options) (layout, error) {
	channels := c.Encoder.Channels
	if err := checkImage(in.Shape, len(channels)); err != nil {
		return layout{}, err
	}
	h, w := in.Shape[1]>>len(channels), in.Shape[2]>>len(channels)
	small := []int64{last(channels), h, w}
	dim := small[0] * h * w
	half := nn.ConvConfig{Kernel: 4, Stride: 2, Padding: 1, Bias: nn.WithBias}
	encoder := func() (layers []nn.Layer) {
		from := in.Shape[0]
		for _, to := range channels {
			layers = append(layers, nn.NewConv2d(from, to, half, o), act)
			from = to
		}
		layers = append(layers, nn.Flatten)
		return append(layers, linears(dim, c.Encoder.HiddenDims, act, o)...)
	}
	decoder := func() []nn.Layer {
		layers := append(linears(c.LatentDim, back, act, o), nn.NewLinear(last(back), dim, nn.WithBias, o), act, nn.Unflatten(small))
		for i := len(channels) - 1; i > 0; i-- {
			layers = append(layers, nn.NewConvTranspose2d(channels[i], channels[i-1], half, o), act)
		}
		return append(layers, nn.NewConvTranspose2d(channels[0], in.Shape[0]*outputs, half, o))
	}
	return layout{encoder, decoder, last(c.Encoder.HiddenDims)}, nil
}

// checkImage says what does not fit before any layer is made.
func checkImage(shape []int64, halvings int) error {
	if len(shape) != 3 {
		return model.Mistakef("model.encoder.kind: conv needs images of shape [channels height width], the data's samples have shape %v; use kind: mlp", shape)
	}
	most := 0
	for h, w := shape[1], shape[2]; h%2 == 0 && w%2 == 0 && h > 0 && w > 0; h, w = h/2, w/2 {
		most++
	}
	switch {
	case halvings <= most:
		return nil
	case most == 0:
		return model.Mistakef("model.encoder.kind: conv halves the image, and a side of %d×%d is odd; use kind: mlp", shape[1], shape[2])
	}
	return model.Mistakef("model.encoder.channels: %d convolutions halve the image %d times, but %d×%d can be halved only %d times; give at most %d channels",
		halvings, halvings, shape[1], shape[2], most, most)
}

// linears is Linear, activation, Linear, activation, …
func linears(in int64, widths []int64, act nn.Layer, o nn.Options) (layers []nn.Layer) {
	for _, out := range widths {
		layers = append(layers, nn.NewLinear(in, out, nn.WithBias, o), act)
		in = out
	}
	return layers
}

func last(v []int64) int64 { return v[len(v)-1] }
