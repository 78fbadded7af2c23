"""Inputs of the parity cases: the same bits on every machine.

All numbers come from integers of NumPy's frozen MT19937 stream by exact operations (no logarithm,
no vectorised sum), because normal draws of torch and NumPy depend on the CPU and on versions.
"""
import math

import numpy as np


class Draw:
    """A seeded source of float32 arrays."""

    def __init__(self, seed):
        self.ints = np.random.RandomState(seed)

    def uniform(self, shape, low=0.0, high=1.0):
        u = self.ints.randint(0, 1 << 16, size=shape) / float(1 << 16)
        return (low + (high - low) * u).astype(np.float32)

    def normal(self, shape):
        """Sum of 12 uniforms: mean 0, variance 1, exact in float32."""
        u = self.ints.randint(0, 1 << 10, size=(12, *shape)).sum(0)
        return ((u - 6138) / 1024.0).astype(np.float32)

    def sparse(self, rows, dim, atoms, active):
        """Rows that are positive combinations of a few of `atoms` fixed directions."""
        directions = self.ints.randint(-64, 65, size=(atoms, dim)) / 64.0
        x = np.zeros((rows, dim))
        for row in x:
            for atom in self.ints.choice(atoms, active, replace=False):
                row += directions[atom] * (self.ints.randint(8, 32) / 16.0)
        return x.astype(np.float32)

    def labels(self, rows, classes):
        return self.ints.randint(0, classes, size=rows).astype(np.int64)


def unit_rows(w):
    """Rows of length one; the sums are exact (fsum)."""
    norms = [math.sqrt(math.fsum(float(v) ** 2 for v in row)) for row in w]
    return np.stack([row / n for row, n in zip(w.astype(np.float64), norms)]).astype(np.float32)


def initial_weights(draw, twin, spread=1.0):
    """Weights for every entry of the twin's state dict, of PyTorch's usual size times `spread`."""
    weights = {}
    for name, p in twin.state_dict().items():
        shape, leaf = tuple(p.shape), name.rsplit(".", 1)[-1]
        if leaf == "num_batches_tracked":
            weights[name] = np.zeros((), np.int64)
        elif leaf == "running_var" or (leaf == "weight" and len(shape) == 1):
            weights[name] = draw.uniform(shape, 0.75, 1.25)
        elif len(shape) > 1:
            bound = spread / math.sqrt(math.prod(shape[1:]))
            weights[name] = draw.uniform(shape, -bound, bound)
        else:
            weights[name] = draw.uniform(shape, -0.1, 0.1)
    if "W_dec" in weights:
        weights["W_dec"] = unit_rows(weights["W_dec"])
        if weights["W_enc"].shape == weights["W_dec"].T.shape:
            weights["W_enc"] = np.ascontiguousarray(weights["W_dec"].T)
    return weights
