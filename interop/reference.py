"""Plain PyTorch twins of trainer's models: what our numbers and files are compared with.

Each twin has the state-dict names, shapes and module order that trainer's files promise, so that
`load_state_dict(strict=True)` takes a checkpoint's weights. Losses are pure: noise is an argument.
A training step is (make_parity.py, `train`):
    out = model(x, eps); terms = model.losses(out, x, y, step); terms["loss"].backward()
    model.before_step(); clip; optimizer.step(); model.after_step(out)
The families are in reference_vae.py, reference_sae.py and reference_custom.py.
"""
from functools import partial

import torch

import reference_sae
import reference_vae_coder
from reference_custom import Custom, MultiHead, Scripted
from reference_cvae import CVAE
from reference_factor import FactorVAE
from reference_msssim import MSSSIMVAE
from reference_objectives import DIP, IWAE, BetaTC, Capacity, SigmaVAE
from reference_vae import VAE
from reference_vamp import Vamp
from reference_vq import VQVAE


def build(model, shape, samples=None, parts=(), label_parts=()):
    """The twin of a config's `model:` section for samples of this shape, and that many of them to train on; the
    named parts of samples and labels are dicts of name, from, to and shape."""
    params = {k: v for k, v in model.items() if k not in ("type", "variant") and v is not None}
    kind, variant = model["type"], model.get("variant")
    if kind == "vae":
        families = reference_vae_coder.TWINS | {"vq_vae": VQVAE, "vamp": Vamp, "factor_vae": FactorVAE, "cvae": CVAE, "msssim_vae": MSSSIMVAE}
        if variant in families:
            return families[variant](shape, **params)
        return VAES[variant](shape, samples)(**params)
    if kind == "sae":
        return reference_sae.build(variant, shape, **params)
    if variant == "multi_head":
        return MultiHead(shape, parts, label_parts, **params)
    return (Scripted if "torchscript" in params else Custom)(shape, **params)


# Each variant's twin for a shape and a number of training samples, to be called with the section's keys.
VAES = {
    "vae": lambda shape, n: partial(VAE, shape),
    "beta_vae": lambda shape, n: lambda beta=4.0, **more: VAE(shape, beta=beta, **more),
    "capacity": lambda shape, n: partial(Capacity, shape),
    "sigma_vae": lambda shape, n: partial(SigmaVAE, shape),
    "iwae": lambda shape, n: partial(IWAE, shape),
    "beta_tc_vae": lambda shape, n: partial(BetaTC, shape, samples=n),
    "dip_vae_i": lambda shape, n: partial(DIP, shape, noise=False),
    "dip_vae_ii": lambda shape, n: partial(DIP, shape, noise=True),
}

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
