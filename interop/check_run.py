"""Proves with real PyTorch and NumPy that a finished experiment directory is what it says it is.

    python interop/check_run.py [--inputs | --data FILE] [--checkpoint best] DIR...

For every .pt: torch.load opens it, with its safe default and with mmap=True; it has exactly the
promised keys; the plain torch.nn twin of its config takes the weights strictly and in order;
torch.optim takes the optimizer state and steps; torch.set_rng_state takes the random state.
For predictions and embeddings: the twin, fed the same inputs, computes the same numbers (largest
difference 1e-5 of the range of the values). The inputs are predictions/test_inputs.npy with --inputs,
or the rows {split}_indices.npy (all rows without that file) of a data FILE; in the data's own units.
Without either only shapes are checked. Exit status 1 names everything that is wrong.
"""
import argparse
import pathlib
import sys

import torch

import ckpt
from check_checkpoint import check_checkpoint
from check_outputs import check_outputs


def chosen(folder, which):
    """The checkpoint that predictions were made with: best or last where the other is missing, or a path."""
    for name in {"best": ("best", "last"), "last": ("last", "best")}.get(which, ()):
        if (folder / f"{name}_model.pt").is_file():
            return folder / f"{name}_model.pt"
    return folder / f"{which}.pt" if (folder / f"{which}.pt").is_file() else pathlib.Path(which)


def check(directory, args):
    """All problems of one experiment directory; prints what was proven."""
    for name in ("config.yaml", "checkpoints", "logs/training.log"):
        if not (directory / name).exists():
            yield f"{name}: missing"
    files = sorted((directory / "checkpoints").glob("*.pt"))
    if not files:
        yield "checkpoints: no .pt file"
        return
    wrong = [f"checkpoints/{f.name}: {problem}" for f in files for problem in check_checkpoint(f, args.shape)]
    if wrong:
        yield from wrong
        return
    print(f"{directory}: {len(files)} checkpoints checked with torch {torch.__version__}")
    path = chosen(directory / "checkpoints", args.checkpoint)
    if not path.is_file():
        yield f"--checkpoint {args.checkpoint}: neither in checkpoints/ nor a file"
        return
    used = ckpt.load(path)
    if "trainer_state" not in used:  # saved by Python: the data's statistics are the run's
        used["trainer_state"] = ckpt.load(files[0]).get("trainer_state")
    yield from check_outputs(directory, used, args)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--inputs", action="store_true", help="compare with predictions/test_inputs.npy")
    source.add_argument("--data", type=pathlib.Path, metavar="FILE", help="the .npy file that the run's rows come from")
    parser.add_argument("--checkpoint", default="best", metavar="NAME", help="best, last, epoch_007 or a path")
    parser.add_argument("--shape", type=ckpt.parse_shape, help="one sample's shape, where weights do not tell it")
    parser.add_argument("dirs", nargs="+", type=pathlib.Path, metavar="DIR")
    args = parser.parse_args()
    wrong = [f"{d}: {problem}" for d in args.dirs for problem in check(d, args)]
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
