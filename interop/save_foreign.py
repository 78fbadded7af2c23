"""Writes a checkpoint as a trainer written in Python would, to be read by `trainer predict`.

    python interop/save_foreign.py IN.pt OUT.pt

Loads trainer's IN.pt, builds the torch.nn twin, changes every weight a little, makes an optimizer
step and saves with torch.save: the six keys of the specification, state dicts as torch.nn and
torch.optim give them (OrderedDict with _metadata), Python's own random state, no trainer_state.
"""
import random
import sys

import torch

import ckpt
from reference import optimizer


@torch.no_grad()
def perturb(twin):
    """Adds a fixed pattern of about a hundredth; every weight changes, and every output with them."""
    for p in twin.parameters():
        p += 1e-2 * torch.sin(torch.arange(1, p.numel() + 1, dtype=torch.float32)).reshape(p.shape)


def save(source, out):
    """Reads source, writes out and returns what it holds."""
    c = ckpt.load(source)
    twin = ckpt.twin_of(c)
    opt = optimizer(ckpt.optimizer_config(c), twin.parameters())
    for p in twin.parameters():
        p.grad = torch.zeros_like(p)
    opt.step()
    perturb(twin)
    content = {
        "epoch": c["epoch"] + 1,
        "model_state_dict": twin.state_dict(),
        "optimizer_state_dict": opt.state_dict(),
        "metric_value": c["metric_value"],
        "config": c["config"],
        "random_state": {"seed": 1, "torch": torch.get_rng_state(), "python": random.getstate()},
    }
    torch.save(content, out)
    return content


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    save(*sys.argv[1:])
