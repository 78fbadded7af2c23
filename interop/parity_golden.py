"""Golden data of PyTorch itself: default initialisation, fused optimizers, gradient clipping.

`uniform_`, which default initialisation draws with, gives the same bits with AVX2 and AVX-512 but
rounds differently on a CPU without them (ATEN_CPU_CAPABILITY=default); the fused optimizers too.
"""
import torch
from torch import nn

from parity_cases import CONV, MLP
from parity_inputs import Draw
from reference import build, optimizer

LAYERS = [
    ("linear", 0, {"in_features": 7, "out_features": 5}),
    ("linear", 42, {"in_features": 40, "out_features": 33}),
    ("linear", 42, {"in_features": 40, "out_features": 33, "bias": False}),
    ("linear", 123456789012, {"in_features": 1, "out_features": 1}),
    ("conv2d", 1, {"in_channels": 3, "out_channels": 6, "kernel_size": 4, "stride": 2, "padding": 1}),
    ("conv2d", 2, {"in_channels": 4, "out_channels": 5, "kernel_size": 3, "bias": False}),
    ("conv2d", 3, {"in_channels": 1, "out_channels": 8, "kernel_size": 1}),
    ("conv_transpose2d", 4, {"in_channels": 6, "out_channels": 3, "kernel_size": 4, "stride": 2, "padding": 1}),
    ("conv_transpose2d", 5, {"in_channels": 5, "out_channels": 4, "kernel_size": 3, "bias": False}),
    ("conv_transpose2d", 6, {"in_channels": 2, "out_channels": 1, "kernel_size": 2}),
]
CLASSES = {"linear": nn.Linear, "conv2d": nn.Conv2d, "conv_transpose2d": nn.ConvTranspose2d}
RESNET = {"kind": "resnet", "channels": [8, 8], "blocks": 1, "hidden_dims": [6]}
VQ_CONV = {"kind": "vq_conv", "channels": [4], "blocks": 1, "hidden_dims": [6]}
MODELS = [
    ("vae_mlp", 7, {"type": "vae", "variant": "vae", "latent_dim": 3, "encoder": MLP}, [1, 6, 6]),
    ("vae_conv", 8, {"type": "vae", "variant": "vae", "latent_dim": 4, "encoder": CONV}, [1, 16, 16]),
    ("vae_resnet", 10, {"type": "vae", "variant": "vae", "latent_dim": 3, "encoder": RESNET}, [1, 8, 8]),
    ("vae_vq_conv", 11, {"type": "vae", "variant": "vae", "latent_dim": 3, "encoder": VQ_CONV}, [2, 8, 8]),
    ("custom", 9, {"type": "custom_model", "variant": "custom", "loss": "mse",
                   "layers": [{"linear": 6}, "layer_norm", "relu", {"linear": 2}]}, [4]),
    ("custom_blocks", 12, {"type": "custom_model", "variant": "custom", "loss": "mse", "layers": [
        {"embedding": {"num": 5, "dim": 8}}, {"residual": [{"attention": 2}, {"linear": 6}]}, "flatten", {"linear": 2}]}, [4]),
]
OPTIMIZERS = [
    ("adam", {"name": "adam", "lr": 1e-3}),
    ("adam_l2", {"name": "adam", "lr": 0.01, "betas": [0.8, 0.99], "eps": 1e-6, "weight_decay": 0.1}),
    ("adamw", {"name": "adamw", "lr": 1e-3, "weight_decay": 0.01}),
    ("sgd", {"name": "sgd", "lr": 0.1}),
    ("sgd_momentum", {"name": "sgd", "lr": 0.1, "momentum": 0.9}),
    ("sgd_nesterov", {"name": "sgd", "lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
    ("sgd_dampening", {"name": "sgd", "lr": 0.1, "momentum": 0.9, "dampening": 0.5}),
]
SHAPES, STEPS, KEPT = [(37,), (5, 7), (1,)], 20, (1, 2, 20)


def init():
    """Parameters as PyTorch draws them after torch.manual_seed(seed), and what they belong to."""
    tensors, table = {}, []
    for i, (kind, seed, args) in enumerate(LAYERS):
        torch.manual_seed(seed)
        name = f"{i}_{kind}"
        tensors |= {f"{name}.{k}": v for k, v in CLASSES[kind](**args).state_dict().items()}
        table.append({"name": name, "layer": kind, "seed": seed, "args": args})
    for name, seed, config, shape in MODELS:
        torch.manual_seed(seed)
        tensors |= {f"{name}.{k}": v for k, v in build(config, shape).state_dict().items()}
        table.append({"name": name, "model": config, "seed": seed, "input_shape": shape})
    return tensors, table


def optim():
    """Parameters and state after 1, 2 and 20 steps of each optimizer on the same gradients."""
    draw = Draw(20)
    start = [torch.from_numpy(draw.uniform(s, -1, 1)) for s in SHAPES]
    grads = [[torch.from_numpy(draw.normal(s)) for s in SHAPES] for _ in range(STEPS)]
    tensors = {f"param.{i}": p for i, p in enumerate(start)}
    tensors |= {f"grad.{i}": torch.stack([g[i] for g in grads]) for i in range(len(SHAPES))}
    for name, config in OPTIMIZERS:
        params = [nn.Parameter(p.clone()) for p in start]
        opt = optimizer(config, params, fused=True)
        for step, grad in enumerate(grads, 1):
            for p, g in zip(params, grad):
                p.grad = g.clone()
            opt.step()
            if step in KEPT:
                tensors |= {f"{name}.step{step}.param.{i}": p.detach().clone() for i, p in enumerate(params)}
        for i, p in enumerate(params):
            tensors |= {f"{name}.state.{i}.{k}": v for k, v in opt.state[p].items() if v is not None}
    tensors |= clip(start, grads[0])
    table = [{"name": n, "optimizer": c} for n, c in OPTIMIZERS]
    return tensors, {"optimizers": table, "steps": STEPS, "kept_steps": list(KEPT), "shapes": SHAPES,
                     "clip": [{"name": n, "max_norm": m} for n, m in CLIPS]}


CLIPS = [("clip.active", 1.0), ("clip.idle", 1000.0)]


def clip(start, grads):
    """clip_grad_norm_: the norm before, and the gradients after, for a bound that acts and one that does not."""
    tensors = {}
    for name, bound in CLIPS:
        params = [nn.Parameter(p.clone()) for p in start]
        for p, g in zip(params, grads):
            p.grad = g.clone()
        tensors[name + ".norm"] = torch.nn.utils.clip_grad_norm_(params, bound)
        tensors |= {f"{name}.grad.{i}": p.grad for i, p in enumerate(params)}
    return tensors
