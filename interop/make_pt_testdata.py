"""Writes the .pt files that the tests of pkg/checkpoint read: python make_pt_testdata.py FOLDER

Each file holds what a kind of user would save with torch. The values are ramps and
small constants, so that the Go tests can state them. The same torch writes the same
bytes again, but for old_format.pt, which holds memory addresses. Needs torch.
"""

import collections
import pathlib
import sys

import torch
from torch import nn


def checkpoint():
    """What a Python training script saves: the six keys, nothing of ours."""
    model = nn.Sequential(nn.Linear(3, 2))
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(torch.arange(p.numel(), dtype=torch.float32).reshape(p.shape))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
    for p in model.parameters():
        p.grad = torch.ones_like(p)
    optimizer.step()
    return {
        "epoch": 5,
        "model_state_dict": model.state_dict(),
        "optimizer_state_dict": optimizer.state_dict(),
        "metric_value": 0.125,
        "config": {"model": {"type": "vae", "hidden_dims": [512, 256]}, "lr": 1e-3, "run_name": None},
        "random_state": {"seed": 42, "cuda": [torch.zeros(16, dtype=torch.uint8)]},
    }


def views():
    """Tensors that do not own a storage of their own, or not in C order."""
    base = torch.arange(12, dtype=torch.float32).reshape(3, 4)
    return {
        "base": base,
        "transposed": base.t(),
        "row": base[1],
        "column": base[:, 2],
        "block": base[1:, 1:3],
        "every_second": base[:, ::2],
        "expanded": torch.tensor([7.0, 8.0]).expand(3, 2),
        "permuted": torch.arange(24, dtype=torch.float32).reshape(2, 3, 4).permute(2, 0, 1),
        "scalar_view": base[2, 3],
        "empty_view": base[3:],
    }


def dtypes():
    """1, 2, 3 in every type, and the shapes at the edges."""
    names = "float32 float64 float16 bfloat16 int64 int32 int16 int8 uint8".split()
    out = {n: torch.tensor([1, 2, 3], dtype=getattr(torch, n)) for n in names}
    out["bool"] = torch.tensor([True, False, True])
    out["zero_d"] = torch.tensor(2.5)
    out["empty"] = torch.empty(0, 3)
    return out


def parameters():
    """Parameters, tied weights, and torch's own plain types."""
    w = nn.Parameter(torch.arange(4, dtype=torch.float32).reshape(2, 2))
    named = nn.Parameter(torch.ones(1), requires_grad=False)
    named.note = "kept by torch as state"
    return collections.OrderedDict(
        weight=w,
        tied=w,
        alias=w.detach()[0],
        frozen=named,
        size=w.shape,
        dtype=torch.bfloat16,
        device=torch.device("cuda", 1),
        cpu=torch.device("cpu"),
        counter=collections.Counter({30: 1, 80: 2}),
    )


def plain():
    """Every plain value, at the edges of its encodings."""
    return {
        "ints": [0, 255, 256, 65535, 65536, -1, 2**31 - 1, 2**31, -(2**31) - 1, 2**63 - 1, -(2**63)],
        "big": [2**63, 2**127 + 1, -(2**64)],
        "floats": [0.1, -0.0, float("inf"), float("-inf"), 5e-324],
        "nan": float("nan"),
        "text": ["", "größe", "\U0001f600", "a" * 300],
        "flags": [True, False, None],
        "tuples": [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)],
        "long": [None] * 1001,
        "keys": {0: "a", -1: "b", "0": "c"},
        "shared": [[1, 2]] * 3,
    }


def write(folder):
    """Saves all files into folder."""
    for value in (checkpoint, views, dtypes, parameters, plain):
        torch.save(value(), folder / f"{value.__name__}.pt")
    torch.save({"w": torch.ones(2)}, folder / "old_format.pt", _use_new_zipfile_serialization=False)
    torch.serialization.set_crc32_options(False)
    torch.save({"w": torch.ones(2), "t": (1, 2), "text": "größe"}, folder / "protocol4_no_crc.pt", pickle_protocol=4)
    torch.serialization.set_crc32_options(True)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python make_pt_testdata.py FOLDER")
    target = pathlib.Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    write(target)
