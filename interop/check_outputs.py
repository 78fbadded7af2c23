"""The part of check_run.py that compares predictions and embeddings with the twin's."""
import pathlib

import numpy as np
import torch

import ckpt
from normalization import Normalization
from reference_sae_topk import TopK
from report import Wrong, demand

TOLERANCE = {np.dtype("float32"): 1e-5, np.dtype("float16"): 1e-3}  # of the range of the values
TIE = 1e-5  # top-k choices closer than this part of the largest latent may fall either way
SPLITS = ("train", "val", "test")
FOLDERS = {"predictions": "predict", "embeddings": "embed"}  # and the twin's method


def outputs(directory):
    """The files of results that are there, with split and twin's method."""
    for folder, method in FOLDERS.items():
        for split in SPLITS:
            for suffix in (".npy", ".npz"):
                path = directory / folder / f"{split}_{folder}{suffix}"
                if path.is_file():
                    yield path, split, method


def check_output(path, split, method, checkpoint):
    """The file has the numbers that the twin computes from the split's samples."""
    ours = read(path)
    if ours.dtype not in TOLERANCE or ours.ndim < 2 or not np.isfinite(ours).all():
        raise Wrong(f"{ours.dtype} {ours.shape}, expected finite float32 or float16, a row a sample")
    x = inputs(path, split, checkpoint)
    if x is None:
        return f"{ours.dtype} {ours.shape}; not compared: source {checkpoint['config']['data']['source']} has no file"
    demand(len(x) == len(ours), f"{len(ours)} rows, but {len(x)} samples in the split")
    worst, ties = compare(ours, x, method, checkpoint)
    return f"{ours.dtype} {ours.shape}, differs from torch.nn by {worst:.0e} of the range" + (f", {ties} rows near a tie" if ties else "")


def read(path):
    """A C-order array; a sparse matrix as the dense one."""
    if path.suffix == ".npz":
        return read_csr(path)
    a = np.load(path, mmap_mode="r", allow_pickle=False)
    demand(a.flags.c_contiguous, "not in C order")
    return a


def read_csr(path):
    """The dense matrix of a file in the layout of scipy.sparse.save_npz."""
    f = np.load(path, allow_pickle=False)
    demand(set(f) == {"format", "shape", "data", "indices", "indptr"}, f"the archive holds {sorted(f)}")
    demand(f["format"].item() == b"csr", f"format is {f['format'].item()!r}")
    demand(f["data"].dtype == np.float32 and (f["data"] != 0).all(), "data holds zeros or no float32")
    dense, lengths = np.zeros(f["shape"], np.float32), np.diff(f["indptr"])
    demand(len(lengths) == len(dense) and (lengths >= 0).all() and lengths.sum() == len(f["data"]) == len(f["indices"]),
           "indptr does not divide data and indices into rows")
    dense[np.repeat(np.arange(len(dense)), lengths), f["indices"]] = f["data"]
    demand(np.count_nonzero(dense) == len(f["data"]), "a column is there twice in a row")
    return dense


def inputs(path, split, checkpoint):
    """The split's samples as float32 in the data's own units; None where no file has them.

    Of one file that trainer divided, the rows are those of {split}_indices.npy, beside the results.
    """
    file = source_file(split, checkpoint["config"]["data"])
    if file is None:
        return None
    x, rows = samples(str(file), checkpoint["config"]["data"]), path.with_name(f"{split}_indices.npy")
    if rows.is_file():
        index = np.load(rows)
        demand(index.dtype == np.int64 and len(np.unique(index)) == len(index), f"{rows.name} is {index.dtype}, or repeats a row")
        x = x[index]
    elif checkpoint["trainer_state"]["data"]["split"]["divided"]:
        raise Wrong(f"{rows.name} is missing: extract with --set output.extras=[indices]")
    return x


def samples(file, data):
    """All rows as float32, uint8 scaled; of named arrays theirs side by side, those of data.raw as they are."""
    scaled = lambda a: np.asarray(a, np.float32) / (255 if a.dtype == np.uint8 else 1)
    if not data.get("arrays"):
        return scaled(np.load(file))
    each = {name: np.load(file.replace("{array}", name)) for name in data["arrays"]}
    return np.concatenate([(a.astype(np.float32) if name in data["raw"] else scaled(a)).reshape(len(a), -1) for name, a in each.items()], axis=1)


def source_file(split, data):
    """The .npy file that holds a split; paths are relative to the working directory, as in the config."""
    if data["source"] == "npy":
        return data.get("path") or data.get(split) or data["train"]
    if data["source"] == "embeddings":
        return pathlib.Path(data["experiment"]) / "embeddings" / f"{split}_embeddings.npy"
    return None


def compare(ours, x, method, checkpoint):
    """The largest difference from the twin's numbers for the same inputs, and the rows that are near a tie."""
    twin = ckpt.twin_of(checkpoint).eval()
    norm = Normalization(checkpoint, x.shape[1:])
    reconstructs = method == "predict" and getattr(twin, "target", "input") == "input"
    got, clear = [], []
    with torch.no_grad():
        for part in torch.from_numpy(x).split(256):
            z = norm.apply(part)
            y = getattr(twin, method)(z)
            got.append(norm.undo(y) if reconstructs else y)
            clear.append(unambiguous(twin, z))
    got, clear = torch.cat(got).numpy(), torch.cat(clear).numpy()
    demand(got.shape == ours.shape, f"shape {ours.shape}, the twin computes {got.shape}")
    difference = np.abs(got - ours)[clear]
    span = max(np.ptp(got), np.ptp(x) if reconstructs else 0)
    worst = difference.max(initial=0) / (span or 1)
    demand(clear.mean() >= 0.99, f"{(~clear).sum()} rows are near a top-k tie: the comparison says too little")
    demand(worst <= TOLERANCE[ours.dtype], f"differs from the torch.nn twin by {worst:.2g} of the range")
    return worst, (~clear).sum()


def unambiguous(twin, x):
    """Rows whose top-k choice does not hang on rounding; all rows for other models."""
    if not isinstance(twin, TopK) or twin.k >= twin.b_enc.numel():
        return torch.ones(len(x), dtype=torch.bool)
    top = twin(x)["hidden"].relu().topk(twin.k + 1, dim=1).values
    return (top[:, -2] - top[:, -1] > TIE * top[:, 0]) | (top[:, -2] == 0)
