"""Activations and layer lists: turns the `layers:` of a custom_model into torch.nn modules.

An item is a word (`relu`) or a mapping of one key, the layer's arguments (`linear: {out: 16, bias: false}`)
or its main one (`linear: 16`). Input sizes follow from the sample's shape, layer by layer.
"""
import torch
from torch import nn

ACTIVATIONS = {
    "relu": nn.ReLU, "leaky_relu": nn.LeakyReLU, "elu": nn.ELU, "gelu": nn.GELU, "silu": nn.SiLU,
    "tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "softplus": nn.Softplus,
}
MAIN = {"linear": "out", "layer_norm": "shape", "unflatten": "shape", "dropout": "p", "sequential": "layers",
        "residual": "layers", "attention": "heads", "group_norm": "groups", "max_pool2d": "kernel", "avg_pool2d": "kernel",
        "adaptive_avg_pool2d": "size", "upsample": "scale"}


class Attention(nn.MultiheadAttention):
    """Self-attention over [batch, length, dim]."""

    def __init__(self, dim, heads):
        super().__init__(dim, heads, batch_first=True)

    def forward(self, x):
        return super().forward(x, x, x, need_weights=False)[0]


class Embedding(nn.Embedding):
    """Whole numbers of any dtype."""

    def forward(self, x):
        return super().forward(x.long())


class Residual(nn.Module):
    """layers(x) + projection(x), where the projection is the identity if the shapes are the same."""

    def __init__(self, items, shape):
        super().__init__()
        self.layers = nn.Sequential(*build(items, shape))
        self.projection = projection(shape, after(self.layers, shape))

    def forward(self, x):
        return self.layers(x) + (self.projection(x) if self.projection else x)


def projection(given, wanted):
    if given == wanted:
        return None
    if len(given) == 3:
        return nn.Conv2d(given[0], wanted[0], 1, stride=-(-given[1] // wanted[1]), bias=False)
    return nn.Linear(given[-1], wanted[-1], bias=False)


def after(module, shape):
    """The shape of a sample behind a module."""
    with torch.no_grad():
        return tuple(module.eval()(torch.zeros(2, *shape)).shape[1:])


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
    if kind == "residual":
        return Residual(args["layers"], shape)
    if kind == "attention":
        return Attention(shape[-1], args["heads"])
    if kind == "embedding":
        return Embedding(args["num"], args["dim"])
    if kind == "group_norm":
        return nn.GroupNorm(args["groups"], shape[0])
    if kind in ("max_pool2d", "avg_pool2d"):
        return (nn.MaxPool2d if kind == "max_pool2d" else nn.AvgPool2d)(args["kernel"], args.get("stride"), args.get("padding", 0))
    if kind == "adaptive_avg_pool2d":
        return nn.AdaptiveAvgPool2d(args["size"])
    if kind == "upsample":
        return nn.Upsample(scale_factor=args["scale"])
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
    modules, shape = [], tuple(shape)
    for item in items:
        modules.append(make(item, shape))
        shape = after(modules[-1], shape)
        modules[-1].train()
    return modules
