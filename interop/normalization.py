"""data.normalize with the statistics of the train split, as the checkpoint keeps them."""
import torch

from report import demand

NEEDS = {"minmax": {"min", "max"}, "standard": {"mean", "std"}, "mean_center": {"mean"}}


class Normalization:
    """Applies the run's normalisation to samples in the data's own units, and undoes it."""

    def __init__(self, checkpoint, shape):
        self.kind = checkpoint["config"]["data"]["normalize"]
        stats = checkpoint["trainer_state"]["data"]["normalization"]
        demand(stats["kind"] == self.kind, f"trainer_state has the normalisation {stats['kind']}, the config {self.kind}")
        each = self.kind == "minmax" and bool(checkpoint["config"]["data"].get("raw"))  # raw features have a shift and scale of their own
        demand(set(stats) - {"kind"} == NEEDS.get(self.kind, set()) | ({"mean", "std"} if each else set()), f"normalisation {self.kind} has the keys {sorted(stats)}")
        value = lambda key, default: spread(stats.get(key, default), shape)
        if self.kind == "minmax" and not each:
            self.shift = value("min", 0.0)
            self.scale = value("max", 1.0) - self.shift
        else:
            self.shift, self.scale = value("mean", 0.0), value("std", 1.0)

    def apply(self, x):
        if self.kind == "unit_norm":
            return x / x.flatten(1).norm(dim=1).clamp_min(1e-12).reshape(-1, *[1] * (x.dim() - 1))
        return (x - self.shift) / self.scale

    def undo(self, y):
        """In the data's units again; lengths that unit_norm took away are gone."""
        return y * self.scale + self.shift


def spread(v, shape):
    """A number, or one number a feature, as a tensor that broadcasts over samples."""
    t = torch.as_tensor(v, dtype=torch.float32)
    return t.reshape(shape) if t.dim() else t
