"""Proves with real PyTorch and NumPy that a finished experiment directory is what it says it is.

    python interop/check_run.py [--checkpoint best] DIR...

For every .pt: torch.load opens it, with its safe default and with mmap=True; it has exactly the
promised keys and types; the plain torch.nn twin of its config takes the weights strictly and in order;
torch.optim takes the optimizer state and steps; torch.set_rng_state takes the random state.
For predictions and embeddings: the twin, fed the same inputs, computes the same numbers (largest
difference 1e-5 of the range of the values). The inputs are read from the files that the run's config
names, relative to the working directory; of generated data only shapes are checked.
"""
import argparse
import pathlib
import sys

import ckpt
from check_checkpoint import check_checkpoint
from check_outputs import check_output, outputs
from report import Report, demand


def chosen(folder, which):
    """The checkpoint that outputs were made with: best or last where the other is missing, or a path."""
    for name in {"best": ("best", "last"), "last": ("last", "best")}.get(which, ()):
        if (folder / f"{name}_model.pt").is_file():
            return folder / f"{name}_model.pt"
    return folder / f"{which}.pt" if (folder / f"{which}.pt").is_file() else pathlib.Path(which)


def check_files(directory):
    """What every run leaves."""
    for name in ("config.yaml", "checkpoints", "logs/training.log"):
        demand((directory / name).exists(), f"{name} is missing")
    demand(any((directory / "checkpoints").glob("*.pt")), "checkpoints/ has no .pt file")


def check(report, directory, which="best"):
    """A line for the directory, for each checkpoint and for each file of results; whether all checkpoints are right."""
    if not report.check(f"{directory}: files", check_files, directory):
        return False
    paths = sorted((directory / "checkpoints").glob("*.pt"))
    if not all([report.check(str(path), check_checkpoint, path) for path in paths]):
        return False
    used = ckpt.load(chosen(directory / "checkpoints", which))
    for path, split, method in outputs(directory):
        report.check(str(path), check_output, path, split, method, used)
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", default="best", metavar="NAME", help="what the outputs were made with: best, last, epoch_007 or a path")
    parser.add_argument("dirs", nargs="+", type=pathlib.Path, metavar="DIR")
    args = parser.parse_args()
    report = Report()
    for directory in args.dirs:
        with report.part(str(directory)):
            check(report, directory, args.checkpoint)
    return report.close("run")


if __name__ == "__main__":
    sys.exit(main())
