"""Writes the archives that pkg/dataset is tested with: python interop/make_npz_testdata.py

The .npz files come from numpy itself, whose zip entries have a longer extra field than most, the .safetensors
file with bfloat16 from PyTorch.
"""

from pathlib import Path

import numpy as np
import safetensors.torch
import torch

folder = Path(__file__).parents[1] / "pkg/dataset/testdata"
folder.mkdir(exist_ok=True)
x = np.arange(12, dtype=np.float16).reshape(4, 3) / 8
np.savez(folder / "stored.npz", x=x, y=np.array([1, 0, 2, 1]))
np.savez_compressed(folder / "compressed.npz", x=x)
values = torch.arange(12) / 10
values[9:] = torch.tensor([-1e30, 1.004, 3.39])
safetensors.torch.save_file({"x": values.reshape(4, 3).bfloat16(), "y": torch.tensor([1, 0, 2, 1])}, folder / "bf16.safetensors")
