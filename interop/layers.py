"""Activations and layer lists: turns the `layers:` of a custom_model into torch.nn modules.

An item is a word (`relu`) or a mapping of one key, the layer's arguments (`linear: {out: 16, bias: false}`)
or its main one (`linear: 16`). Input sizes follow from the sample's shape, layer by layer.
"""
import torch
from torch import nn

ACTIVATIONS = {
    "relu": nn.ReLU, "leaky_relu": nn.LeakyReLU, "gelu": nn.GELU, "silu": nn.SiLU,
    "tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "softplus": nn.Softplus,
}
MAIN = {"linear": "out", "layer_norm": "shape", "unflatten": "shape", "dropout": "p", "sequential": "layers"}


def activation(name):
    """A new activation module by its name in the config."""
    return ACTIVATIONS[name]()


def parse(item):
    """One item of the list as (layer name, its arguments)."""
    if isinstance(item, str):
        return item, {}
    (kind, args), = item.items()
    if args is None:
        return kind, {}
    return kind, dict(args) if isinstance(args, dict) else {MAIN[kind]: args}


def sizes(v):
    return tuple(v) if isinstance(v, (list, tuple)) else (v,)


def make(item, shape):
    """The module of one item for samples of this shape (without the batch dimension)."""
    kind, args = parse(item)
    if kind in ("conv2d", "conv_transpose2d"):
        cls = nn.Conv2d if kind == "conv2d" else nn.ConvTranspose2d
        return cls(shape[0], args.pop("out"), args.pop("kernel"), **args)
    if kind == "linear":
        return nn.Linear(shape[-1], args["out"], bias=args.get("bias", True))
    if kind == "sequential":
        return nn.Sequential(*build(args["layers"], shape))
    if kind == "layer_norm":
        return nn.LayerNorm(sizes(args.get("shape") or shape[-1]))
    if kind == "unflatten":
        return nn.Unflatten(1, sizes(args["shape"]))
    if kind in ("batch_norm1d", "batch_norm2d"):
        return (nn.BatchNorm1d if kind == "batch_norm1d" else nn.BatchNorm2d)(shape[0])
    if kind == "dropout":
        return nn.Dropout(args.get("p", 0.5))
    return nn.Flatten() if kind == "flatten" else activation(kind)


def build(items, shape):
    """All modules in order; PyTorch draws their default initial values in this order."""
    modules, x = [], torch.zeros(2, *shape)
    for item in items:
        modules.append(make(item, tuple(x.shape[1:])))
        with torch.no_grad():
            x = modules[-1].eval()(x)
        modules[-1].train()
    return modules
