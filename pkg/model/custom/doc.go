// Package custom has the model that is written in YAML: a list of layers, a loss and
// what it compares with, so that a classifier or an autoencoder needs no Go.
//
// It promises that layers mean what torch.nn's mean, with its defaults; that input
// sizes follow from the data, layer by layer, and a layer that does not fit is named
// before anything is trained; and that the state dict is that of the nn.Sequential of
// the same layers: "0.weight", "0.bias", "2.weight", …
//
// Shapes: x is [B, …sample shape]; every layer works on [B, …] and the shapes in
// messages are those of one sample, without B.
package custom
