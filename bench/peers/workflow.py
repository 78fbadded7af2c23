"""What a user waits for beside the training step, trainer and plain PyTorch in turns.

  workflow.py [extract|startup|memory|streaming …] [--rounds N] [--threads N] [--trainer PROGRAM]

One JSON line a run: {"workload", "what", "round", "seconds", "peak_mb"}; then one line a
workload with the medians, their ratio (above 1: trainer is ahead) and what was aimed at.
Seconds are of whole processes; those of extract and streaming are without those of the
same command on hardly any work, so that starting does not count.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

here = pathlib.Path(__file__).resolve().parent


def run(command):
    """Seconds and peak megabytes of a process."""
    begin = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    message = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        sys.exit(f"{' '.join(map(str, command))}:\n{message.decode()}")
    return time.perf_counter() - begin, usage.ru_maxrss / 1024


class Bench:
    def __init__(self, args, folder):
        self.args, self.folder = args, pathlib.Path(folder)

    def train(self, name, data, model, *sets):
        """The command that trains on data; sets are further keys."""
        config = {
            "experiment": {"name": name, "output_dir": str(self.folder / "runs")},
            "data": {"source": "npy", "path": str(data), "split": {"train": 1.0}},
            "model": {"type": "vae", "likelihood": "bernoulli", **model},
            "training": {"device": "cpu", "threads": self.args.threads, "log_every_steps": 1000},
            "checkpoint": {"save_strategy": "last"},
        }
        path = self.folder / f"{name}.yaml"
        path.write_text(json.dumps(config))
        return [self.args.trainer, "train", path, "--no-progress", *(x for s in sets for x in ("--set", s))]

    def rows(self, name, n, dim):
        """A .npy file of n rows, written in pieces: a child's peak begins at its parent's size."""
        path = self.folder / f"{name}.npy"
        random, piece = np.random.default_rng(0), 10_000
        with open(path, "wb") as f:
            np.lib.format.write_array_header_1_0(f, {"descr": "<f4", "fortran_order": False, "shape": (n, dim)})
            for i in range(0, n, piece):
                random.random((min(piece, n - i), dim), dtype=np.float32).tofile(f)
        return path

    def pytorch(self, script, *args):
        return [sys.executable, here / script, *map(str, args), str(self.args.threads)]

    def compare(self, workload, sides, aim, baselines=None, memory=False):
        """Runs the sides in turns; the first is trainer's."""
        taken = {what: [] for what in sides}
        for i in range(self.args.rounds):
            for what, command in sides.items():
                seconds, peak = run(command)
                if baselines:
                    seconds -= run(baselines[what])[0]
                taken[what].append(peak if memory else seconds)
                print(json.dumps({"workload": workload, "what": what, "round": i, "seconds": round(seconds, 4), "peak_mb": round(peak, 1)}), flush=True)
        medians = {what: statistics.median(values) for what, values in taken.items()}
        ours, theirs = list(medians.values())[:2]
        ratio = ours / theirs if memory else theirs / ours
        print(json.dumps({"workload": workload, "medians": medians, "ratio": round(ratio, 3), "aim": aim}), flush=True)

    def extract(self):
        sides, baselines = {}, {}
        for kind, n in ((sides, 1_000_000), (baselines, 1000)):
            data = self.rows(f"rows{n}", n, 64)
            name = f"extract{n}"
            run(self.train(name, data, {"latent_dim": 16, "encoder": {"hidden_dims": [128]}}, "training.steps=1", "data.in_memory=false"))
            dir = self.folder / "runs" / name
            kind["trainer"] = [self.args.trainer, "extract-embeddings", dir, "--no-progress", "--set", "splits=[train]", "--set", "device=cpu"]
            kind["pytorch"] = self.pytorch("pytorch_extract.py", dir / "checkpoints" / "last_model.pt", data, self.folder / "codes.npy")
        self.compare("extract", sides, ">= 1.3", baselines)
        self.compare("extract, the whole command", sides, ">= 1.3")
        ours = np.load(self.folder / "runs" / "extract1000000" / "embeddings" / "train_embeddings.npy", mmap_mode="r")
        theirs = np.load(self.folder / "codes.npy", mmap_mode="r")
        if not np.allclose(ours, theirs, atol=1e-5):
            sys.exit("extract: the embeddings differ")

    def digits(self, steps, name):
        data = self.rows("digits", 10_000, 784)
        model = {"latent_dim": 20, "encoder": {"hidden_dims": [400]}}
        return {
            "trainer": self.train(name, data, model, f"training.steps={steps}"),
            "pytorch": self.pytorch("pytorch_train.py", data, steps),
        }

    def startup(self):
        self.compare("process start to first finished step", self.digits(1, "startup"), ">= 5")

    def memory(self):
        self.compare("peak resident memory", self.digits(100, "memory"), "<= 0.6", memory=True)

    def streaming(self):
        data = self.rows("stream", 400_000, 64)
        model = {"latent_dim": 16, "encoder": {"hidden_dims": [128]}}

        def sides(steps):
            return {what: self.train(f"stream_{value}_{steps}", data, model, f"data.in_memory={value}", f"training.steps={steps}")
                    for what, value in (("from a file", "false"), ("in memory", "true"))}

        self.compare("streaming", sides(3000), ">= 0.9", sides(2))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workloads", nargs="*", default=["extract", "startup", "memory", "streaming"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--trainer", default=str(here.parent.parent / "bin" / "trainer"))
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for workload in args.workloads:
            getattr(Bench(args, folder), workload)()


if __name__ == "__main__":
    main()
