"""PyTorch twins of custom models: lists of layers (layers.py reads them) or a TorchScript file, and losses."""
import math
import pathlib

import torch
import torch.nn.functional as F
from torch import nn

from layers import after, build
from make_script_testdata import load
from twin import Twin


def gaussian_nll(out, y, **_):
    mean, log_variance = out.flatten(1).chunk(2, dim=1)
    return F.gaussian_nll_loss(mean, y.flatten(1), log_variance.exp())


def cross_entropy(out, y, label_smoothing=0.0, class_weights=None, **_):
    weight = None if class_weights is None else torch.tensor(class_weights, dtype=out.dtype)
    return F.cross_entropy(out, y, weight, label_smoothing=label_smoothing)


LOSSES = {
    "mse": lambda out, y, **_: F.mse_loss(out, y),
    "mae": lambda out, y, **_: F.l1_loss(out, y),
    "huber": lambda out, y, delta=1.0, **_: F.huber_loss(out, y, delta=delta),
    "cross_entropy": cross_entropy,
    "bce_with_logits": lambda out, y, **_: F.binary_cross_entropy_with_logits(out, y),
    "gaussian_nll": gaussian_nll,
    "poisson_nll": lambda out, y, **_: F.poisson_nll_loss(out, y),
}
MEANS = {"bce_with_logits": torch.sigmoid, "poisson_nll": torch.exp, "gaussian_nll": lambda out: out.flatten(1).chunk(2, dim=1)[0]}


class Objective:
    """A loss of torch's own with its default reduction (mean), what it compares with, and its metrics."""

    def __init__(self, shape, loss, target="labels", **options):
        self.shape, self.loss, self.target, self.options = tuple(shape), loss, target, options

    def terms(self, out, x, y):
        """With target input the model is an autoencoder; else y is [B] of classes or has the output's size."""
        y = x if self.target == "input" else y
        if self.loss not in ("cross_entropy", "gaussian_nll"):
            y = y.reshape(out.shape)
        terms = {"loss": LOSSES[self.loss](out, y, **self.options)}
        return terms if self.target == "input" else terms | self.metrics(out, y)

    def metrics(self, out, y):
        share = lambda right: right.to(out.dtype).mean()
        if self.loss == "cross_entropy":
            top5 = {"top5_accuracy": share((out.topk(5, dim=1).indices == y[:, None]).any(1))} if out.shape[1] > 5 else {}
            return {"accuracy": share(out.argmax(1) == y)} | top5
        if self.loss == "bce_with_logits":
            return {"accuracy": share((out > 0) == (y > 0.5))}
        mean = MEANS.get(self.loss, lambda m: m)(out)
        both = {"mse": F.mse_loss(mean, y.reshape(mean.shape)), "mae": F.l1_loss(mean, y.reshape(mean.shape))}
        return {k: v for k, v in both.items() if k != self.loss}

    def some_labels(self, out):
        """Labels that fit the outputs: classes, or zeros."""
        return torch.arange(len(out)) % out.shape[1] if self.loss == "cross_entropy" else torch.zeros_like(self.predict(out))

    def predict(self, out):
        if self.target == "labels" and self.loss in ("cross_entropy", "bce_with_logits"):
            return out
        out = MEANS.get(self.loss, lambda m: m)(out)
        return out.reshape(-1, *self.shape) if self.target == "input" else out


class Custom(nn.Sequential, Twin):
    """The nn.Sequential of a layer list and its objective."""

    def __init__(self, shape, **objective):
        super().__init__(*build(objective.pop("layers"), shape))
        self.objective = Objective(shape, **objective)
        self.target = self.objective.target

    def forward(self, x, eps=None):
        return {"output": super().forward(x)}

    def losses(self, out, x, y=None, step=0):
        return self.objective.terms(out["output"], x, y)

    def embed(self, x):
        return self(x)["output"].flatten(1)

    def predict(self, x):
        return self.objective.predict(self(x)["output"])

    def some_labels(self, out):
        return self.objective.some_labels(out["output"])


class MultiHead(Twin):
    """Parts of the sample with layers of their own, shared layers, and heads with an objective each."""

    def __init__(self, shape, parts, label_parts, heads, inputs=(), layers=()):
        super().__init__()
        self.parts = [taken(i.get("take"), i.get("shape"), parts, shape) for i in inputs]
        self.inputs = nn.ModuleDict({i["name"]: sequential(i.get("layers"), s) for i, (_, s) in zip(inputs, self.parts)})
        if inputs:
            joined = [sum(math.prod(after(self.inputs[i["name"]], s)) for i, (_, s) in zip(inputs, self.parts))]
        self.layers = sequential(layers, joined if inputs else shape)
        given = after(self.layers, joined if inputs else shape)
        self.heads = nn.ModuleDict({h["name"]: sequential(h["layers"], given) for h in heads})
        self.ends = []
        for h in heads:
            options = {k: v for k, v in h.items() if k not in ("name", "layers", "weight", "take")}
            self.ends.append((h["name"], h.get("weight", 1.0), h.get("take") and taken(h["take"], None, parts if h.get("target") == "input" else label_parts, ())[0], Objective(shape, **options)))
        self.target = self.ends[0][3].target

    def forward(self, x, eps=None):
        h = x
        if self.parts:
            cut = lambda t, s: x.flatten(1)[:, t[0]:t[1]].reshape(-1, *s)
            h = torch.cat([layer(cut(*p)).flatten(1) for layer, p in zip(self.inputs.values(), self.parts)], 1)
        h = self.layers(h)
        return {"shared": h} | {name: head(h) for name, head in self.heads.items()}

    def losses(self, out, x, y=None, step=0):
        terms = {"loss": 0}
        for name, weight, take, objective in self.ends:
            cut = lambda t: t if take is None or t is None else t.flatten(1)[:, take[0]:take[1]]
            sample, target = (cut(x), y) if objective.target == "input" else (x, cut(y))
            target = target.flatten().long() if objective.loss == "cross_entropy" else target
            own = objective.terms(out[name], sample, target)
            terms["loss"] = terms["loss"] + weight * own["loss"]
            terms |= {f"{name}_{k}": v for k, v in own.items()}
        return terms

    def embed(self, x):
        return self(x)["shared"].flatten(1)

    def predict(self, x):
        name, _, _, objective = self.ends[0]
        return objective.predict(self(x)[name])

    def some_labels(self, out):
        """Of the one head that is compared with labels."""
        (name, _, _, objective), = (end for end in self.ends if end[3].target == "labels")
        return objective.some_labels(out[name])


def taken(take, shape, parts, whole):
    """The range that is taken and the shape of what it holds; take is a range, a part's name, or None for all."""
    if isinstance(take, str):
        part, = (p for p in parts if p["name"] == take)
        return (part["from"], part["to"]), shape or part["shape"]
    begin, end = take or (0, math.prod(whole))
    return (begin, end), shape or [end - begin]


def sequential(items, shape):
    return nn.Sequential(*build(items or [], shape))


class Scripted(Twin):
    """A module of torch.jit.load and its objective; its state dict is the module's."""

    def __init__(self, shape, torchscript, **objective):
        super().__init__()
        path = pathlib.Path(torchscript)
        self.module = load(path if path.exists() else pathlib.Path(__file__).parent.parent / path)
        self.objective = Objective(shape, **objective)
        self.target = self.objective.target

    def state_dict(self, *args, **options):
        return self.module.state_dict(*args, **options)

    def load_state_dict(self, *args, **options):
        return self.module.load_state_dict(*args, **options)

    def named_parameters(self, *args, **options):
        return self.module.named_parameters(*args, **options)

    def named_buffers(self, *args, **options):
        return self.module.named_buffers(*args, **options)

    def forward(self, x, eps=None):
        return {"output": self.module(x)}

    losses, embed, predict, some_labels = Custom.losses, Custom.embed, Custom.predict, Custom.some_labels
