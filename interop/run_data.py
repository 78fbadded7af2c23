"""The data of the runs in runs/: small arrays, written by NumPy in the types that users have."""
import numpy as np
import torch
from torch import nn

from make_script_testdata import quietly


def images(draw, n):
    """uint8 [n, 1, 8, 8]: a bright square on a dark ground."""
    a = draw.integers(0, 40, (n, 1, 8, 8))
    for image, (row, column) in zip(a[:, 0], draw.integers(0, 5, (n, 2))):
        image[row:row + 4, column:column + 4] += 180
    return a.astype(np.uint8)


def fields(draw, n, side=16):
    """[n, 2, side, side]: waves about means that differ from place to place."""
    i, j = np.mgrid[:side, :side] / side * 2 * np.pi
    phase, strength = draw.uniform(0, 2 * np.pi, (2, n, 1, 1)), draw.uniform(1, 3, (n, 1, 1))
    waves = np.stack([strength * np.sin(i + phase[0]), np.cos(j + phase[1])], axis=1)
    return 20 + 5 * np.sin(2 * i) + waves + 0.1 * draw.standard_normal(waves.shape)


def sparse(draw, n, dim=16, atoms=32, active=3):
    """[n, dim]: each row a sum of a few of the same directions."""
    directions = np.random.default_rng(9).standard_normal((atoms, dim))
    codes = draw.uniform(0.5, 2, (n, atoms)) * (draw.random((n, atoms)).argsort(1) < active)
    return codes @ directions


def points(draw, n):
    """Three clouds [n, 6], and which one each point is of."""
    labels = draw.integers(0, 3, n)
    return 4 * np.eye(6)[labels] + draw.standard_normal((n, 6)), labels


def scripted(path):
    """A TorchScript module for points, with batch statistics and dropout."""
    torch.manual_seed(4)
    module = nn.Sequential(nn.Linear(6, 16), nn.BatchNorm1d(16), nn.Tanh(), nn.Dropout(0.1), nn.Linear(16, 3))
    quietly(lambda: torch.jit.script(module).save(path))


def write(folder):
    """All files of data/."""
    folder.mkdir(parents=True)
    draw = np.random.default_rng(1)
    save = lambda name, a, dtype: np.save(folder / f"{name}.npy", a.astype(dtype))
    save("images", images(draw, 320), np.uint8)
    save("fields", fields(draw, 240), np.float32)
    save("halves", fields(draw, 240), np.float16)
    for split, n in (("train", 320), ("val", 64), ("test", 80)):
        save(f"sparse_{split}", sparse(draw, n), np.float32)
    x, y = points(draw, 300)
    save("points", np.asfortranarray(x), np.float64)
    save("classes", y, np.int64)
    save("words", draw.integers(0, 9, (300, 2)), np.uint8)
    scripted(folder / "points.pt")
