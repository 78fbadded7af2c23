"""Writes the .npz files that pkg/dataset is tested with: python interop/make_npz_testdata.py

The archives come from numpy itself; its zip entries have a longer extra field than most.
"""

from pathlib import Path

import numpy as np

folder = Path(__file__).parents[1] / "pkg/dataset/testdata"
folder.mkdir(exist_ok=True)
x = np.arange(12, dtype=np.float16).reshape(4, 3) / 8
np.savez(folder / "stored.npz", x=x, y=np.array([1, 0, 2, 1]))
np.savez_compressed(folder / "compressed.npz", x=x)
