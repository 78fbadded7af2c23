"""Makes what both sides of a workload are given: data, the order of the rows, initial weights."""
import importlib
import pathlib
import subprocess
import sys

import numpy as np
import torch

import workloads
from ours import SEED

sys.path.insert(0, str(pathlib.Path(__file__).parent / "peers"))
import sae
import vae


def samples(work):
    """Numbers in [0, 1) for a VAE; for an SAE sums of a few directions of a hidden dictionary."""
    random = np.random.default_rng(SEED)
    if work.model["type"] == "vae":
        return random.random((work.rows(), *work.shape), dtype=np.float32)
    dim, atoms, active = work.shape[0], 4 * work.shape[0], 16
    dictionary = random.standard_normal((atoms, dim), dtype=np.float32) * dim**-0.5
    which = random.integers(atoms, size=(work.rows(), active))
    x = 0.1 * dim**-0.5 * random.standard_normal((work.rows(), dim), dtype=np.float32)
    for column in which.T:
        x += random.random((len(x), 1), dtype=np.float32) * dictionary[column]
    return x


def initial(work):
    """The initial state dict that both sides get: PyTorch's for a VAE; for an SAE that of SAELens or,
    where it is not installed, one by the same rule."""
    torch.manual_seed(SEED)
    if work.model["type"] == "vae":
        model = vae.VAE(**work.peer_model)
    elif workloads.installed("saelens"):
        model = importlib.import_module("saelens").build(work.peer_model, "cpu")
    else:
        model = sae.SAE(**work.peer_model)
        model.reset()
    return {name: value.detach().clone() for name, value in model.state_dict().items()}


def job(work, folder, order_program, device):
    """Writes the files of a workload and gives the job that its peers get."""
    files = {name: str(folder / f"{work.key}.{suffix}") for name, suffix in (("data", "npy"), ("order", "order"), ("weights", "pt"))}
    np.save(files["data"], samples(work))
    torch.save(initial(work), files["weights"])
    with open(files["order"], "wb") as f:
        subprocess.run([order_program, str(work.rows()), str(SEED)], stdout=f, check=True)
    return files | {"model": work.peer_model, "batch": work.batch, "lr": work.lr, "clip": work.clip, "seed": SEED, "device": device}
