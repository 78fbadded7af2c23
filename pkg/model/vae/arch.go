package vae

import (
	"slices"

	"github.com/gotrainer/trainer/pkg/model"
	"github.com/gotrainer/trainer/pkg/nn"
)

// layout is a network's two halves, not yet made: the heads are made between them, and
// initial values are drawn in that order.
type layout struct {
	encoder func() []nn.Layer
	decoder func() []nn.Layer
	width   int64 // of the encoder's output
	flat    bool  // the encoder takes [B, D]
}

// trunk is the part of a network that keeps the image's two dimensions, not yet made.
type trunk struct {
	down, up func() []nn.Layer
	grid     []int64 // channels, height and width where down ends and up begins
}

// architect makes the layers of a config.
type architect struct {
	Network
	outputs   int64 // of the decoder, for each number of a sample
	in        model.Inputs
	o         nn.Options
	act, back nn.Layer // the activations of encoder and decoder
}

func newArchitect(c Network, outputs int64, in model.Inputs, o nn.Options) (*architect, error) {
	a := &architect{Network: c, outputs: outputs, in: in, o: o}
	word := c.Decoder.Activation
	if word == "" && c.Encoder.Kind == "mlp_dlib" {
		word = "tanh"
	} else if word == "" {
		word = c.Encoder.Activation
	}
	var ok bool
	if a.act, ok = nn.Activation(c.Encoder.Activation); !ok {
		return nil, model.Mistakef("model.encoder.activation: found %q, expected one of %v", c.Encoder.Activation, nn.Activations)
	}
	if a.back, ok = nn.Activation(word); !ok {
		return nil, model.Mistakef("model.decoder.activation: found %q, expected one of %v", word, nn.Activations)
	}
	return a, nil
}

// plan is the network with the given number of outputs for each number of a sample.
func plan(c Network, outputs int64, in model.Inputs, o nn.Options) (layout, error) {
	a, err := newArchitect(c, outputs, in, o)
	if err != nil {
		return layout{}, err
	}
	switch c.Encoder.Kind {
	case "mlp", "mlp_dlib":
		return a.mlp(), nil
	}
	t, err := a.trunk()
	if err != nil {
		return layout{}, err
	}
	return a.image(t), nil
}

// backDims are the widths of the decoder's linear layers: its own, or those of the encoder
// in reverse; mlp_dlib has one more of them.
func (a *architect) backDims() []int64 {
	if len(a.Decoder.HiddenDims) > 0 {
		return a.Decoder.HiddenDims
	}
	dims := slices.Clone(a.Encoder.HiddenDims)
	slices.Reverse(dims)
	if a.Encoder.Kind == "mlp_dlib" {
		dims = append(dims, last(dims))
	}
	return dims
}

// mlp is D → hidden → heads and K → hidden reversed → D, on the flattened sample. That of
// disentanglement_lib (Locatello et al. 2019, arXiv 1811.12359, table of "fc") has
// 1200-1200 with ReLU and 1200-1200-1200 with tanh.
func (a *architect) mlp() layout {
	back := a.backDims()
	return layout{
		encoder: func() []nn.Layer { return linears(a.in.Dim(), a.Encoder.HiddenDims, a.act, a.o) },
		decoder: func() []nn.Layer {
			return append(linears(a.LatentDim, back, a.back, a.o), nn.NewLinear(last(back), a.in.Dim()*a.outputs, nn.WithBias, a.o))
		},
		width: last(a.Encoder.HiddenDims),
		flat:  true,
	}
}

// image puts linear layers between a trunk and the code.
func (a *architect) image(t trunk) layout {
	dim, back := t.grid[0]*t.grid[1]*t.grid[2], a.backDims()
	return layout{
		encoder: func() []nn.Layer {
			return append(append(t.down(), nn.Flatten), linears(dim, a.Encoder.HiddenDims, a.act, a.o)...)
		},
		decoder: func() []nn.Layer {
			layers := append(linears(a.LatentDim, back, a.back, a.o), nn.NewLinear(last(back), dim, nn.WithBias, a.o), a.back, nn.Unflatten(t.grid))
			return append(layers, t.up()...)
		},
		width: last(a.Encoder.HiddenDims),
	}
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
