"""Writes the small .pt and .ckpt files of one PyTorch version that the tests of pkg/checkpoint read.

    python make_torch_versions.py FOLDER    # makes FOLDER/torch-<version>/*.pt

Run it with PyTorch 1.13.1, 2.0.1, 2.6.0 and 2.15.0 in turn, each in an environment of its own. The
values are the same in every version, so that one Go test checks them all. Needs torch only; where
pytorch_lightning is there as well, lightning.ckpt is what its Trainer saved.
"""

import collections
import pathlib
import sys

import torch
from torch import nn


def ramp(n, **kind):
    return torch.arange(n, **kind)


def tensors():
    """Types, shapes and storages: strided, shared, not contiguous, 0-d, empty, Parameters."""
    base = ramp(12, dtype=torch.float32).reshape(3, 4)
    weight = nn.Parameter(ramp(4, dtype=torch.float32).reshape(2, 2))
    out = collections.OrderedDict(
        base=base, row=base[1], transposed=base.t(), strided=base[:, ::2], block=base[1:, 1:3],
        expanded=torch.tensor([7.0, 8.0]).expand(3, 2), weight=weight, tied=weight,
        frozen=nn.Parameter(torch.ones(1), requires_grad=False),
        zero_d=torch.tensor(2.5), empty=torch.empty(0, 3), half=torch.tensor([1.0, -2.0]).half(),
        bfloat16=torch.tensor([1.0, -2.0]).bfloat16(), float64=torch.tensor([0.1], dtype=torch.float64),
        bool=torch.tensor([True, False]),
    )
    for name in "int64 int32 int16 int8".split():
        out[name] = torch.tensor([-1, 2], dtype=getattr(torch, name))
    out["uint8"] = torch.tensor([255, 2], dtype=torch.uint8)
    return out


def protocol():
    """What the pickle protocols spell differently: text, bytes, sets, long tuples, big numbers."""
    return {
        "w": ramp(3, dtype=torch.float32), "text": "größe", "bytes": b"\x00\xff", "set": {3}, "frozen": frozenset([4]),
        "tuple": (1, 2, 3, 4), "big": 2**70, "ordered": collections.OrderedDict(a=1),
        "bytearray": bytearray(b"ab"), "size": torch.Size([2, 3]), "device": torch.device("cpu"), "dtype": torch.half,
    }


def network():
    net = nn.Sequential(nn.Linear(2, 1))
    with torch.no_grad():
        for p in net.parameters():
            p.copy_(ramp(p.numel(), dtype=torch.float32).reshape(p.shape))
    return net


def trained():
    """A network and its optimizer after one step, as a Python script saves them."""
    net = network()
    optimizer = torch.optim.AdamW(net.parameters(), lr=0.5)
    net(torch.ones(4, 2)).sum().backward()
    optimizer.step()
    return {"epoch": 1, "model": net.state_dict(), "optimizer": optimizer.state_dict()}


def by_lightning(path):
    """Lightning's own file of a module with hyperparameters after one batch."""
    import pytorch_lightning as pl

    class Module(pl.LightningModule):
        def __init__(self, width=3, betas=(0.9, 0.95)):
            super().__init__()
            self.save_hyperparameters()
            self.layer = nn.Linear(2, width)
            with torch.no_grad():
                self.layer.weight.copy_(ramp(6, dtype=torch.float32).reshape(3, 2))

        def training_step(self, batch, _):
            return self.layer(batch).sum()

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=0.0, momentum=0.9)

    loader = torch.utils.data.DataLoader(torch.ones(4, 2), batch_size=2)
    folder = path.parent / "lightning"
    callback = pl.callbacks.ModelCheckpoint(dirpath=folder, save_last=True)
    trainer = pl.Trainer(max_epochs=1, accelerator="cpu", logger=False, enable_progress_bar=False,
                         enable_model_summary=False, callbacks=[callback], default_root_dir=folder)
    trainer.fit(Module(), loader)
    trainer.save_checkpoint(path)
    for file in folder.glob("*"):
        file.unlink()
    folder.rmdir()


def write(folder):
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(tensors(), folder / "tensors.pt")
    torch.save(trained(), folder / "trained.pt")
    newest = torch.__version__.startswith("2.15")  # the others: the two ends are enough
    for number in (2, 3, 4, 5) if newest else (2, 5):
        torch.save(protocol(), folder / f"protocol{number}.pt", pickle_protocol=number)
    try:
        by_lightning(folder / "lightning.ckpt")
    except ImportError:
        print("no pytorch_lightning here: lightning.ckpt is not written")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python make_torch_versions.py FOLDER")
    write(pathlib.Path(sys.argv[1]) / f"torch-{torch.__version__.split('+')[0]}")
