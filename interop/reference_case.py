"""What a case of make_references.py is: the config of trainer that says what a library is told to do, and the data of both.

`run(case, t)` of a library's file sets t["init.NAME"] as weights, trains STEPS steps on the batches x in turn, and
returns the losses and learning rates of the steps as the library has them, and of batch_topk what θ became.
"""
import zlib

import numpy as np
import torch

from parity_inputs import Draw, unit_rows

BATCH, BATCHES, NOISES, STEPS = 8, 4, 5, 100
ROWS, INPUTS, LATENTS, WINDOW = BATCH * BATCHES, 12, 24, 2  # WINDOW: batches after which a latent is dead


def case(library, name, variant, params, run, **more):
    """`params` are keys of the config's model section; `optimizer`, `clip` and `weights` are not in it."""
    kind = "vae" if library == "pythae" else "sae"
    base = {"name": f"{library}_{name}", "type": kind, "variant": variant, "params": {"compat": library} | params, "run": run,
            "input_shape": [INPUTS], "optimizer": {"lr": 1e-3, "betas": [0.9, 0.999]}, "clip": None, "norm": 1.0, "start": {}, "first_step": 0, "samples": 0}
    made = base | more
    return made | {"draw": Draw(zlib.crc32(made["name"].encode()))}


def inputs(case):
    """x, y, noise and init.* as tensors."""
    t = {"x": case["draw"].sparse(ROWS, INPUTS, LATENTS, 3)} if case["type"] == "sae" else {}
    t |= case["data"](case["draw"]) if "data" in case else {}
    weights = case["weights"](case["draw"]) if "weights" in case else dictionary(case["draw"], case["norm"])
    t |= {"init." + k: v for k, v in (weights | case["start"]).items() if v is not None}
    return {k: torch.from_numpy(np.array(v, order="C")) for k, v in t.items()}


def dictionary(draw, norm):
    """W_dec with rows of a norm, W_enc its transpose, and biases that are not zeros."""
    rows = unit_rows(draw.uniform((LATENTS, INPUTS), -1, 1)) * np.float32(norm)
    return {"W_enc": rows.T, "b_enc": draw.uniform((LATENTS,), -0.1, 0.1), "W_dec": rows, "b_dec": draw.uniform((INPUTS,), -0.1, 0.1)}


def batches(t):
    """(x, y, noise) of the steps."""
    for step in range(STEPS):
        rows = slice(step % BATCHES * BATCH, (step % BATCHES + 1) * BATCH)
        noise = {k[6:]: v[step % NOISES] for k, v in t.items() if k.startswith("noise.")}
        yield t["x"][rows].clone(), t["y"][rows].clone() if "y" in t else None, noise


@torch.no_grad()
def fill(parameters, t):
    """Writes init.NAME to each of {NAME: tensor}."""
    for name, p in parameters.items():
        value = t["init." + name]
        assert p.shape == value.shape, f"{name} is {list(p.shape)}, expected {list(value.shape)}"
        p.copy_(value)
