// Package custom has the models that are written in YAML: lists of layers, losses and what
// they compare with, so that a classifier or an autoencoder needs no Go; and TorchScript
// files in place of the layers.
//
// It promises that layers mean what torch.nn's mean, with its defaults; that input
// sizes follow from the data, layer by layer, and a layer that does not fit is named
// before anything is trained; and that the state dict is that of the nn.Sequential of
// the same layers: "0.weight", "0.bias", "2.weight", …, with several heads that of the
// nn.ModuleDicts inputs and heads, and of a TorchScript file the module's own.
//
// Shapes: x is [B, …sample shape]; every layer works on [B, …] and the shapes in
// messages are those of one sample, without B.
package custom
