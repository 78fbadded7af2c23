"""Makes the next optimizer step of a checkpoint in PyTorch, to compare with trainer's own next step.

    python interop/next_step.py CKPT GRADIENTS OUT.safetensors [--lr LR]

GRADIENTS (.safetensors or .npz) has a gradient for every parameter, by its state-dict name. OUT gets
the new weights by the same names. torch.optim runs its fused CPU kernels, the ones that trainer
calls, at the learning rate in the checkpoint unless --lr gives another. The renormalisation that
some models do after the step is not part of it.
"""
import argparse
import pathlib
import sys

import numpy as np
import torch
from safetensors.torch import load_file, save_file

import ckpt
from reference import optimizer

BUFFERS = ("running_mean", "running_var", "num_batches_tracked")


def gradients(path):
    if path.suffix == ".npz":
        return {k: torch.from_numpy(v) for k, v in np.load(path).items()}
    return load_file(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=pathlib.Path)
    parser.add_argument("gradients", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--lr", type=float)
    args = parser.parse_args()
    torch.set_num_threads(1)
    c, grads = ckpt.load(args.checkpoint), gradients(args.gradients)
    params = {k: torch.nn.Parameter(v.clone()) for k, v in c["model_state_dict"].items() if not k.endswith(BUFFERS)}
    if params.keys() != grads.keys():
        sys.exit(f"gradients and parameters differ: {sorted(params.keys() ^ grads.keys())}")
    opt = optimizer(ckpt.optimizer_config(c), params.values())
    opt.load_state_dict(c["optimizer_state_dict"])
    opt.param_groups[0] |= {"fused": True, "foreach": False} | ({"lr": args.lr} if args.lr is not None else {})
    for name, p in params.items():
        p.grad = grads[name].to(p.dtype).reshape(p.shape)
    opt.step()
    save_file({k: p.detach() for k, p in params.items()}, args.out)


if __name__ == "__main__":
    main()
