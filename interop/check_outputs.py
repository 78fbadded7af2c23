"""The part of check_run.py that compares predictions and embeddings with the twin's."""
import numpy as np
import torch

import ckpt
from reference_sae import TopK

TOLERANCE = {np.dtype("float32"): 1e-5, np.dtype("float16"): 1e-3}  # of the range of the values
TIE = 1e-5  # top-k choices closer than this part of the largest latent may fall either way
SPLITS = ("train", "val", "test")


def check_outputs(directory, checkpoint, args):
    """Yields a sentence for every output file that is wrong; prints what agreed."""
    outputs = [("predict", s, directory / "predictions" / f"{s}_predictions.npy") for s in SPLITS]
    outputs += [("embed", s, directory / "embeddings" / f"{s}_embeddings.npy") for s in SPLITS]
    for what, split, path in outputs:
        if not path.is_file():
            continue
        ours, name = np.load(path, mmap_mode="r"), path.relative_to(directory)
        if not ours.flags.c_contiguous or ours.dtype not in TOLERANCE or ours.ndim < 2 or not np.isfinite(ours).all():
            yield f"{name}: {ours.dtype} {ours.shape}, expected finite C-order float32 or float16, a row a sample"
            continue
        x = inputs(directory, path, split, args)
        if x is None:
            print(f"{name}: {ours.dtype} {ours.shape}, not compared: no inputs given")
        elif len(x) != len(ours):
            yield f"{name}: {len(ours)} rows, but {len(x)} inputs"
        else:
            yield from compare(name, ours, x, what, checkpoint)


def inputs(directory, path, split, args):
    """The split's inputs as float32 in the data's own units, or None."""
    if args.inputs:
        file = directory / "predictions" / f"{split}_inputs.npy"
        x = np.load(file) if file.is_file() else None
    elif args.data:
        rows = path.with_name(f"{split}_indices.npy")
        x = np.load(args.data, mmap_mode="r")
        x = x[np.load(rows)] if rows.is_file() else x
    else:
        return None
    if x is None:
        return None
    return np.asarray(x, np.float32) / (255 if x.dtype == np.uint8 else 1)


def compare(name, ours, x, what, checkpoint):
    """The twin's numbers for the same inputs, in the units of our file."""
    twin = ckpt.twin_of(checkpoint, x.shape[1:]).eval()
    norm = Normalization(checkpoint, x.shape[1:])
    reconstructs = what == "predict" and getattr(twin, "target", "input") == "input"
    got, clear = [], []
    with torch.no_grad():
        for part in torch.from_numpy(x).split(256):
            z = norm.apply(part)
            y = getattr(twin, what)(z)
            got.append(norm.undo(y) if reconstructs else y)
            clear.append(unambiguous(twin, z))
    got, clear = torch.cat(got).numpy(), torch.cat(clear).numpy()
    if got.size != ours.size:
        yield f"{name}: shape {ours.shape}, the twin computes {got.shape}"
        return
    difference = np.abs(got.reshape(ours.shape) - ours)[clear]
    span = max(np.ptp(got), np.ptp(x) if reconstructs else 0)
    worst = difference.max(initial=0) / (span or 1)
    if worst > TOLERANCE[ours.dtype] or clear.mean() < 0.99:
        yield f"{name}: differs from the torch.nn twin by {worst:.2g} of the range, {(~clear).sum()} rows near a top-k tie"
    else:
        print(f"{name}: {ours.dtype} {ours.shape} agrees with the torch.nn twin to {worst:.1g} of the range")


def unambiguous(twin, x):
    """Rows whose top-k choice does not hang on rounding; all rows for other models."""
    if not isinstance(twin, TopK) or twin.k >= twin.b_enc.numel():
        return torch.ones(len(x), dtype=torch.bool)
    top = twin(x)["hidden"].relu().topk(twin.k + 1, dim=1).values
    return (top[:, -2] - top[:, -1] > TIE * top[:, 0]) | (top[:, -2] == 0)


class Normalization:
    """data.normalize with the statistics of the train split, as the checkpoint keeps them."""

    def __init__(self, checkpoint, shape):
        self.kind = checkpoint["config"].get("data", {}).get("normalize") or "none"
        stats = {} if self.kind in ("none", "unit_norm") else statistics(checkpoint.get("trainer_state"))
        if stats is None:
            raise SystemExit(f"data.normalize is {self.kind}, but trainer_state holds no statistics")
        value = lambda key, default: spread(stats.get(key, default), shape)
        if self.kind == "minmax":
            self.shift = value("min", 0.0)
            self.scale = value("max", 1.0) - self.shift
        else:
            self.shift = value("mean", 0.0)
            self.scale = value("std", 1.0) if self.kind == "standard" else torch.ones(())

    def apply(self, x):
        if self.kind == "unit_norm":
            return x / x.flatten(1).norm(dim=1).clamp_min(1e-12).reshape(-1, *[1] * (x.dim() - 1))
        return (x - self.shift) / self.scale

    def undo(self, y):
        return y * self.scale + self.shift


def statistics(state):
    """The first mapping in trainer_state that has a `kind` and numbers: {kind, mean, std, min, max}."""
    if not isinstance(state, dict):
        return None
    if "kind" in state and {"mean", "min"} & state.keys():
        return state
    return next((s for s in map(statistics, state.values()) if s), None)


def spread(v, shape):
    """A number, or one number a feature, as a tensor that broadcasts over samples."""
    t = torch.as_tensor(v, dtype=torch.float32)
    return t.reshape(shape) if t.numel() > 1 else t.reshape(())
