"""What every peer has in common: a process that trains when it is asked to, so that its rounds can
take turns with trainer's.

    python bench/peers/NAME.py JOB.json

A job is a JSON file: the data (`data`, `order`: the rows in the order of the batches, `weights`: the
initial state dict), `model`, `batch`, `lr`, `seed`, `device`, `threads` and `peer`, which of a file's
peers to be. It says "ready"; then requests are lines on stdin, answers lines on stdout, all JSON:

    {"losses": N}            {"losses": [...]}: of the first N steps
    {"warmup": W, "steps": N}  {"seconds": a step of the N after W, "first": when the first step was done,
                              "memory": the process's peak so far in bytes}
"""
import json
import os
import sys
import time

import numpy as np
import torch


class Clock:
    """Takes the time when a step is done: of the first, and of those after the warm-up."""

    def __init__(self, device, warmup, steps):
        self.device, self.warmup, self.last = device, warmup, warmup + steps
        self.count, self.at = 0, {}

    def __call__(self, loss):
        self.count += 1
        if self.count in (1, self.warmup, self.last):
            if torch.device(self.device).type == "cuda":
                torch.cuda.synchronize()
            self.at[self.count] = (time.perf_counter(), time.time())
        elif self.count % 50 == 0:
            loss.item()  # a script prints its loss now and then; trainer logs it as often

    def seconds(self):
        return (self.at[self.last][0] - self.at[self.warmup][0]) / (self.last - self.warmup)


def peak_memory():
    """Of this process, in bytes."""
    with open("/proc/self/status") as f:
        return next(int(line.split()[1]) << 10 for line in f if line.startswith("VmHWM"))


def rows(job):
    """The samples in host memory, as a script that fits its data in memory reads them."""
    return torch.from_numpy(np.load(job["data"]))


def order(job):
    """The rows of the data in the order of the batches."""
    return np.fromfile(job["order"], dtype=np.int64).tolist()


def weights(job):
    """The initial state dict, with the names of trainer's checkpoints."""
    return torch.load(job["weights"], map_location=job["device"])


def answer(job, train, request):
    if "losses" in request:
        losses = []
        train(request["losses"], lambda loss: losses.append(loss.item()))
        return {"losses": losses}
    clock = Clock(job["device"], request["warmup"], request["steps"])
    train(clock.last, clock)
    return {"seconds": clock.seconds(), "first": clock.at[1][1], "memory": peak_memory()}


def serve(make):
    """Answers requests until stdin ends. make(job) gives train(steps, after): a training run of so
    many steps from the initial weights with noise from the job's seed, which calls after(loss) when a
    step is done. What the libraries print goes to stderr."""
    out, sys.stdout = sys.stdout, sys.stderr
    with open(sys.argv[1]) as f:
        job = json.load(f)
    os.environ["OMP_NUM_THREADS"] = str(job["threads"])
    torch.set_num_threads(job["threads"])
    torch.backends.cudnn.allow_tf32 = False  # as products are by default: float32 on both sides
    train = make(job)
    print(json.dumps("ready"), file=out, flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(job, train, json.loads(line))), file=out, flush=True)
