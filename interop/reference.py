"""Plain PyTorch twins of trainer's models: what our numbers and files are compared with.

Each twin has the state-dict names, shapes and module order that trainer's files promise, so that
`load_state_dict(strict=True)` takes a checkpoint's weights. Losses are pure: noise is an argument.
A training step is (make_parity.py, `train`):
    out = model(x, eps); terms = model.losses(out, x, y, step); terms["loss"].backward()
    model.before_step(); clip; optimizer.step(); model.after_step(out)
The families are in reference_vae.py and reference_sae.py; layers.py reads layer lists.
"""
import torch
import torch.nn.functional as F
from torch import nn

import layers
import reference_sae
from reference_vae import VAE
from twin import Twin


class Custom(nn.Sequential, Twin):
    """The nn.Sequential of a layer list; torch's own losses with their default reduction (mean)."""

    LOSSES = {"mse": F.mse_loss, "mae": F.l1_loss, "cross_entropy": F.cross_entropy,
              "bce_with_logits": F.binary_cross_entropy_with_logits}

    def __init__(self, shape, items, loss, target="labels"):
        super().__init__(*layers.build(items, shape))
        self.shape, self.loss, self.target = tuple(shape), loss, target

    def forward(self, x, eps=None):
        return {"output": super().forward(x)}

    def losses(self, out, x, y=None, step=0):
        """With target input the model is an autoencoder; else y is [B] of classes or has the output's size."""
        m = out["output"]
        y = x if self.target == "input" else y
        y = y if self.loss == "cross_entropy" else y.reshape(m.shape)
        terms = {"loss": self.LOSSES[self.loss](m, y)}
        if self.loss == "cross_entropy":
            terms["accuracy"] = (m.argmax(1) == y).to(x.dtype).mean()
        elif self.loss == "bce_with_logits" and self.target == "labels":
            terms["accuracy"] = ((m > 0) == (y > 0.5)).to(x.dtype).mean()
        return terms

    def embed(self, x):
        return self(x)["output"].flatten(1)

    def predict(self, x):
        m = self(x)["output"]
        return m.reshape(-1, *self.shape) if self.target == "input" else m


def build(model, shape):
    """The twin of a config's `model:` section for samples of this shape."""
    params = {k: v for k, v in model.items() if k not in ("type", "variant") and v is not None}
    kind, variant = model["type"], model.get("variant")
    if kind == "vae":
        params["beta"] = params.get("beta", 4.0) if variant == "beta_vae" else 1.0
        return VAE(shape, **params)
    if kind == "sae":
        return reference_sae.TWINS[variant](shape, **params)
    return Custom(shape, params["layers"], params["loss"], params.get("target", "labels"))


OPTIMIZERS = {
    "adam": (torch.optim.Adam, ("lr", "betas", "eps", "weight_decay")),
    "adamw": (torch.optim.AdamW, ("lr", "betas", "eps", "weight_decay")),
    "sgd": (torch.optim.SGD, ("lr", "momentum", "dampening", "weight_decay", "nesterov")),
}


def optimizer(config, params, **more):
    """PyTorch's optimizer of a config's `training.optimizer:` section, a name or a mapping."""
    config = {"name": config} if isinstance(config, str) else config
    cls, keys = OPTIMIZERS[config["name"]]
    return cls(params, **{k: config[k] for k in keys if config.get(k) is not None}, **more)
