"""Makes what both sides of a workload are given: data, the order of the rows, initial weights."""
import importlib
import pathlib
import subprocess
import sys

import numpy as np
import torch

from ours import SEED

sys.path.insert(0, str(pathlib.Path(__file__).parent / "peers"))


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
    """The initial state dict, drawn by the peer whose weights both get."""
    peer = importlib.import_module(work.initial)
    torch.manual_seed(SEED)
    model = peer.build(work.peer_model, "cpu") if work.initial == "saelens" else peer.VAE(**work.peer_model)
    return {name: value.detach().clone() for name, value in model.state_dict().items()}


def job(work, folder, order_program, device):
    """Writes the files of a workload and gives the job that its peers get."""
    files = {name: str(folder / f"{work.key}.{suffix}") for name, suffix in (("data", "npy"), ("order", "order"), ("weights", "pt"))}
    np.save(files["data"], samples(work))
    torch.save(initial(work), files["weights"])
    with open(files["order"], "wb") as f:
        subprocess.run([order_program, str(work.rows()), str(SEED)], stdout=f, check=True)
    return files | {"model": work.peer_model, "batch": work.batch, "lr": work.lr, "clip": work.clip, "seed": SEED, "device": device}
