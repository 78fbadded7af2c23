"""Writes a checkpoint as a trainer written in Python would, to be read by `trainer predict`.

    python interop/save_foreign.py IN.pt OUT.pt [--shape C,H,W]

Loads trainer's IN.pt, builds the torch.nn twin, changes every weight a little, makes an optimizer
step and saves with torch.save: the six keys of the specification, state dicts as torch.nn and
torch.optim give them (OrderedDict with _metadata), Python's own random state, no trainer_state.
`check_run.py --checkpoint OUT.pt DIR` then compares what trainer predicts from it.
"""
import argparse
import random

import torch

import ckpt
from reference import optimizer


@torch.no_grad()
def perturb(twin):
    """Adds a fixed pattern of about a thousandth; every weight changes."""
    for p in twin.parameters():
        p += 1e-3 * torch.sin(torch.arange(1, p.numel() + 1, dtype=torch.float32)).reshape(p.shape)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", metavar="IN.pt")
    parser.add_argument("out", metavar="OUT.pt")
    parser.add_argument("--shape", type=ckpt.parse_shape, help="one sample's shape, where weights do not tell it")
    args = parser.parse_args()
    c = ckpt.load(args.source)
    twin = ckpt.twin_of(c, args.shape)
    opt = optimizer(ckpt.optimizer_config(c), twin.parameters())
    for p in twin.parameters():
        p.grad = torch.zeros_like(p)
    opt.step()
    perturb(twin)
    torch.save({
        "epoch": c["epoch"] + 1,
        "model_state_dict": twin.state_dict(),
        "optimizer_state_dict": opt.state_dict(),
        "metric_value": c["metric_value"],
        "config": c["config"],
        "random_state": {"seed": 1, "torch": torch.get_rng_state(), "python": random.getstate()},
    }, args.out)


if __name__ == "__main__":
    main()
