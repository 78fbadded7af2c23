"""What PyTorch does next from a checkpoint of trainer: an optimizer step, and random numbers.

The same is done by interop/nextstep on trainer's own libtorch; `compare` holds the two against
each other. The renormalisation that some models do after the step is no part of it.
"""
import copy
import os
import subprocess
import tempfile

import torch

import ckpt
from reference import optimizer
from report import demand

# Of the largest weight of a tensor. trainer calls the fused kernels; PyTorch's default ones round otherwise.
TOLERANCE = {"fused": 1e-7, "default": 1e-6}


def gradients(checkpoint):
    """A gradient for every parameter, by its state-dict name: about as large as in training."""
    draw = torch.Generator().manual_seed(1)
    return {name: 0.1 * torch.randn(p.shape, generator=draw) for name, p in ckpt.twin_of(checkpoint).named_parameters()}


def step(checkpoint, grads, kernels):
    """The twin's weights after one step of torch.optim from the checkpoint's optimizer state."""
    twin = ckpt.twin_of(checkpoint)
    opt = optimizer(ckpt.optimizer_config(checkpoint), twin.parameters())
    opt.load_state_dict(copy.deepcopy(checkpoint["optimizer_state_dict"]))  # torch.optim steps in the tensors it is given
    if kernels == "fused":
        opt.param_groups[0] |= {"fused": True, "foreach": False}
    for name, p in twin.named_parameters():
        p.grad = grads[name].clone()
    opt.step()
    return {name: p.detach() for name, p in twin.named_parameters()}


def ours(program, path, grads):
    """What interop/nextstep answers: {weights: {name: tensor}, randn: tensor}."""
    with tempfile.TemporaryDirectory() as folder:
        given, out = os.path.join(folder, "gradients.pt"), os.path.join(folder, "next.pt")
        torch.save(grads, given)
        done = subprocess.run([program, path, given, out], capture_output=True, text=True, timeout=120)
        demand(done.returncode == 0, done.stderr)
        return torch.load(out)


def check_step(checkpoint, grads, weights):
    """trainer's weights after the step are PyTorch's, with its fused kernels and with its default ones."""
    before, facts = checkpoint["model_state_dict"], []
    for kernels, tolerance in TOLERANCE.items():
        want, worst = step(checkpoint, grads, kernels), 0.0
        demand(list(weights) == list(want), f"weights are {list(weights)}, torch.nn has {list(want)}")
        for name, w in want.items():
            demand(not torch.equal(w, before[name]), f"{name} did not move")
            worst = max(worst, ((weights[name] - w).abs().max() / w.abs().max()).item())
        demand(worst <= tolerance, f"differs from torch.optim ({kernels} kernels) by {worst:.2g} of the largest weight")
        facts.append(f"{kernels}: {'bit-equal' if worst == 0 else f'{worst:.0e}'}")
    return ", ".join(facts)


def check_random(checkpoint, randn):
    """torch.randn after torch.set_rng_state draws what trainer's engine draws."""
    torch.set_rng_state(checkpoint["random_state"]["torch"])
    demand(torch.equal(torch.randn(randn.shape), randn), "torch.randn draws other numbers from random_state['torch']")
    return f"{randn.numel()} numbers"
