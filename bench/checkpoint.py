"""Saves the model of bench/checkpoint.sh with plain PyTorch, in place of the file before and
synced to disk as trainer does it, and prints the medians as `VALUE NAME` lines: `python checkpoint.py WIDTH FOLDER`.
Training stands while torch.save runs, so its stall is the whole save."""

import os
import statistics
import subprocess
import sys
import time

import torch
from torch import nn

PIXELS, LATENT, BATCH, SAVES = 32 * 32, 16, 16, 3


def mlp(*sizes):
    layers = []
    for a, b in zip(sizes, sizes[1:]):
        layers += [nn.Linear(a, b), nn.ReLU()]
    return nn.Sequential(*layers)


def peak_memory():
    with open("/proc/self/status") as f:
        return next(int(line.split()[1]) << 10 for line in f if line.startswith("VmHWM"))


def forget_peak():
    with open("/proc/self/clear_refs", "w") as f:
        f.write("5")


def save(state, path):
    torch.save(state, path + ".new")
    sync(path + ".new")
    os.replace(path + ".new", path)
    sync(os.path.dirname(path))


def sync(path):
    fd = os.open(path, os.O_RDONLY)
    os.fsync(fd)
    os.close(fd)


def main():
    width, folder = int(sys.argv[1]), sys.argv[2]
    torch.manual_seed(1)
    model = nn.ModuleDict(
        {
            "encoder": mlp(PIXELS, width, width),
            "mu": nn.Linear(width, LATENT),
            "logvar": nn.Linear(width, LATENT),
            "decoder": mlp(LATENT, width, width, PIXELS),
        }
    )
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    for _ in range(3):
        optimizer.zero_grad()
        h = model["encoder"](torch.rand(BATCH, PIXELS))
        model["decoder"](model["mu"](h) + model["logvar"](h)).square().mean().backward()
        optimizer.step()
    forget_peak()
    before = peak_memory()
    took = []
    path = os.path.join(folder, "torch.pt")
    for _ in range(SAVES):
        subprocess.run(os.environ["TRAINER_BENCH_WARM"], shell=True, check=True)
        start = time.perf_counter()
        state = {"epoch": 1, "model_state_dict": model.state_dict(), "optimizer_state_dict": optimizer.state_dict()}
        save(state, path)
        took.append((time.perf_counter() - start) * 1e3)
    print(f"{os.path.getsize(path) / 1e6:.1f} torch-MB")
    print(f"{statistics.median(took):.1f} torch-ms")
    print(f"{(peak_memory() - before) / 1e6:.1f} torch-extra-MB")


main()
