"""Writes the TorchScript files that tests read: python make_script_testdata.py FOLDER

What torch.jit.save adds for error messages (*.debug_pkl) holds paths of the machine and is left out.
Constants are in the order of a Python set, so that the bytes differ from time to time; the modules are
the same.
"""
import io
import pathlib
import sys
import warnings
import zipfile

import torch
from torch import nn


class Net(nn.Module):
    """Convolution, batch statistics, a buffer, and a branch that training takes."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 3, 3, padding=1)
        self.norm = nn.BatchNorm2d(3)
        self.head = nn.Linear(12, 5)
        self.register_buffer("scale", torch.tensor(1.5))

    def forward(self, x):
        x = torch.relu(self.norm(self.conv(x)))
        x = nn.functional.max_pool2d(x, 4).flatten(1)
        if self.training:
            x = x + 0.25
        return self.head(x) * self.scale


class Tied(nn.Module):
    """A layer under two names, one that is not trained, and a child in a list."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 4, bias=False)
        self.again = self.first
        self.frozen = nn.Linear(4, 4, bias=False).requires_grad_(False)
        self.rest = nn.ModuleList([nn.Linear(4, 2)])

    def forward(self, x):
        x = self.frozen(self.again(torch.tanh(self.first(x))))
        for layer in self.rest:
            x = layer(x)
        return x


class Pair(nn.Module):
    """Gives no tensor."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x):
        return self.layer(x), x


class Double(nn.Module):
    """Has nothing to train."""

    def forward(self, x):
        return 2 * x


def save(module, path):
    """torch.jit.script(module).save(path)."""
    buffer = io.BytesIO()
    quietly(lambda: torch.jit.save(torch.jit.script(module), buffer))
    with zipfile.ZipFile(buffer) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as new:
        for entry in old.infolist():
            if not entry.filename.endswith((".debug_pkl", "/.data/serialization_id")):
                name = path.stem + "/" + entry.filename.partition("/")[2]
                new.writestr(zipfile.ZipInfo(name), old.read(entry))


def load(path):
    return quietly(lambda: torch.jit.load(path))


def quietly(do):
    """Without PyTorch's advice to use torch.export."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return do()


def auto():
    """An autoencoder of 8×8 images that draws random numbers in training."""
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Dropout(0.2), nn.Linear(6, 64))


def write(folder):
    for name, make in (("net", Net), ("tied", Tied), ("pair", Pair), ("double", Double), ("auto", auto)):
        torch.manual_seed(11)
        save(make(), folder / f"{name}.pt")
    torch.save(Net().state_dict(), folder / "weights.pt")


if __name__ == "__main__":
    write(pathlib.Path(sys.argv[1]))
