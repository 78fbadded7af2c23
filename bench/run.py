"""Times bin/trainer beside the programs that users would otherwise pick; `make bench` calls it.

    python bench/run.py --trainer bin/trainer --order bin/order [--device cpu] [--rounds 5] [--only vae128,start] [--quick]

The rows: vae128, vae16, conv, topk, relu, extract, start, stream. What is done is in
bin/bench/DEVICE.json and .md after each row, and a full run also writes bench/results/DEVICE.json and
.md. The table is printed at the end.
The environment variables BENCH_DEVICE, BENCH_ROUNDS, BENCH_ONLY and BENCH_QUICK=1 stand for the options.
"""
import argparse
import dataclasses
import importlib.metadata
import json
import os
import pathlib
import platform
import subprocess
import sys
import tempfile
import time

import torch

import roofline
import rows
import table
import workloads
from measure import PeerEnded
from ours import Trainer

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
MEMORY_AIM = 0.6  # of theirs


@dataclasses.dataclass
class Bench:
    """What the rows need to know of a run."""
    trainer: Trainer
    folder: pathlib.Path
    order: str
    device: str
    threads: list
    rounds: int
    left_out: list  # what was not measured, and why

    def leave_out(self, why):
        """Notes a comparison that cannot be made here."""
        print(f"bench: left out: {why}", file=sys.stderr, flush=True)
        self.left_out.append(why.strip().replace("\n", " ")[:300])

    def turns(self, title):
        """Counts the rounds of a row, and says so."""
        begin = time.time()
        for i in range(self.rounds):
            print(f"bench: {title}: round {i + 1}/{self.rounds} ({time.time() - begin:.0f} s)", file=sys.stderr, flush=True)
            yield i


def plan(device, quick):
    """The rows in their order, name and function of a Bench; and the peers that are not installed."""
    all_rows = {}
    works = [w.shortened() if quick else w for w in workloads.training(device)]
    missing = sorted({p.name for w in works for p in w.peers if not workloads.installed(p.file)})
    works = [dataclasses.replace(w, peers=[p for p in w.peers if workloads.installed(p.file)]) for w in works]
    for work in works:
        all_rows[work.key] = lambda bench, work=work: rows.training(bench, work)
    mlp = works[0]
    wide = dataclasses.replace(
        mlp, key="wide", title="VAE MLP 256-128-16", shape=[256], warmup=1, steps=1, peer_model=dict(shape=[256], hidden=[128], latent=16),
        model=dict(type="vae", latent_dim=16, encoder=dict(kind="mlp", hidden_dims=[128])))
    all_rows["extract"] = lambda bench: rows.extract(bench, wide, 100_000 if quick else 1_000_000)
    all_rows["start"] = lambda bench: rows.start(bench, mlp)
    all_rows["stream"] = lambda bench: rows.streaming(bench, mlp)
    return all_rows, missing


def machine(device, program):
    name = platform.processor() or platform.machine()
    if device == "cpu":
        with open("/proc/cpuinfo") as f:
            name = next((line.split(":")[1].strip() for line in f if line.startswith("model name")), name)
        name += f", {os.cpu_count()} CPUs"
    else:
        name = f"{torch.cuda.get_device_name(device)}, {torch.cuda.mem_get_info(device)[1] / 1e9:.0f} GB"
    versions = {d.name: d.version for d in importlib.metadata.distributions() if d.name in ("torch", "lightning", "pythae", "sae-lens")}
    said = subprocess.run([program, "version"], capture_output=True, text=True, check=True).stdout
    return {"device": device, "name": name, "versions": versions, "trainer": said.split("\n")[0].removeprefix("trainer "), "load": f"{os.getloadavg()[0]:.2f}"}


def options():
    env = os.environ.get
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--trainer", required=True)
    p.add_argument("--order", required=True)
    p.add_argument("--device", default=env("BENCH_DEVICE") or "cpu")
    p.add_argument("--only", default=env("BENCH_ONLY") or "")
    p.add_argument("--quick", action="store_true", default=env("BENCH_QUICK", "") not in ("", "0"))
    p.add_argument("--rounds", type=int, default=int(env("BENCH_ROUNDS") or 0))
    o = p.parse_args()
    o.rounds = o.rounds or (2 if o.quick else 5)
    return o


def main():
    o = options()
    all_rows, missing = plan(o.device, o.quick)
    chosen = [k for k in o.only.split(",") if k] or list(all_rows)
    if unknown := [k for k in chosen if k not in all_rows]:
        sys.exit(f"bench: --only: found {', '.join(unknown)}, expected some of {', '.join(all_rows)}")
    threads = sorted({1, torch.get_num_threads()}) if o.device == "cpu" else [torch.get_num_threads()]
    results = {"machine": machine(o.device, o.trainer), "rounds": o.rounds, "memory_aim": MEMORY_AIM,
               "peaks": [roofline.peaks(o.device, n) for n in threads],
               "needs": {w.title: roofline.need(w) for w in workloads.training(o.device) if w.key in chosen}, "lines": [],
               "left_out": [f"{name} is not installed" for name in missing]}
    for key in chosen:
        with tempfile.TemporaryDirectory(prefix="trainer-bench-") as folder:
            folder = pathlib.Path(folder)
            bench = Bench(Trainer(o.trainer, folder, o.device), folder, o.order, o.device, threads, o.rounds, results["left_out"])
            results["lines"] += [line.record() for line in all_rows[key](bench)]
        write(results, REPOSITORY / "bin" / "bench", o.device)  # what an interrupted run leaves
    if not o.quick and len(chosen) == len(all_rows):
        write(results, REPOSITORY / "bench" / "results", o.device)
    print(table.text(results))


def write(results, folder, device):
    name = device.partition(":")[0]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(results, indent=1) + "\n")
    (folder / f"{name}.md").write_text(table.text(results))
    print(f"bench: written to {folder}/{name}.json and .md", file=sys.stderr)


if __name__ == "__main__":
    try:
        main()
    except PeerEnded as ended:
        sys.exit(f"bench: {ended}")
