"""Writes a checkpoint as a trainer written in Python would, to be read by `trainer predict`.

    python interop/save_foreign.py IN.pt OUT.pt

Fine-tunes in PyTorch what trainer trained: loads IN.pt, builds the torch.nn twin, goes on from the
weights and the optimizer's state for some steps on random samples, and saves with torch.save the six
keys of the specification, state dicts as torch.nn and torch.optim give them (OrderedDict with
_metadata), Python's own random state, no trainer_state.
"""
import random
import sys

import torch

import ckpt
from reference import optimizer


def fine_tune(twin, opt, shape, steps=10):
    """Trains on random samples in [0, 1]; labels, where the model wants some, are classes or zeros."""
    generator = torch.Generator().manual_seed(1)
    x = torch.rand(16, *shape, generator=generator)
    for step in range(steps):
        eps = torch.randn(16, twin.mu.out_features, generator=generator) if hasattr(twin, "mu") else None
        out = twin(x, eps)
        y = twin.some_labels(out) if hasattr(twin, "some_labels") else None
        opt.zero_grad()
        twin.losses(out, x, y, step)["loss"].backward()
        twin.before_step()
        opt.step()
        twin.after_step(out)
    twin.eval()


def save(source, out):
    """Reads source, writes out and returns what it holds."""
    c = ckpt.load(source)
    twin = ckpt.twin_of(c)
    opt = optimizer(ckpt.optimizer_config(c), twin.parameters())
    opt.load_state_dict(c["optimizer_state_dict"])
    before = [p.detach().clone() for p in twin.parameters()]
    fine_tune(twin, opt, c["trainer_state"]["data"]["inputs"]["shape"])
    assert all((p != q).any() for p, q in zip(twin.parameters(), before)), "a weight was not trained"
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
