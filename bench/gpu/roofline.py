#!/usr/bin/env python3
"""Measures what the device can do at most, as the bench compares with: roofline.json.

    roofline.py DEVICE RESULTS

The peak of matrix products (float32, TF32, bfloat16; the largest of some sizes, in FLOP/s) and the
bandwidth of its memory (copying 1 GiB, in B/s, read and written counted). Each is the median of
several timings between events, after a warm-up.
"""
import json
import statistics
import sys
import time
from pathlib import Path

import torch


def seconds(run, device, rounds=7, calls=5):
    """The median time of one call."""
    run()
    times = []
    for _ in range(rounds):
        if device.type == "cuda":
            begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
            torch.cuda.synchronize()
            begin.record()
            for _ in range(calls):
                run()
            end.record()
            end.synchronize()
            times.append(begin.elapsed_time(end) / 1e3 / calls)
        else:
            begin = time.perf_counter()
            for _ in range(calls):
                run()
            times.append((time.perf_counter() - begin) / calls)
    return statistics.median(times)


def product_peak(device, dtype, sizes):
    """The most FLOP/s of square products of the given sizes."""
    best = 0.0
    for n in sizes:
        a, b = (torch.randn(n, n, device=device).to(dtype) for _ in range(2))
        best = max(best, 2 * n**3 / seconds(lambda: torch.mm(a, b), device))
    return best


def bandwidth(device, count):
    """B/s of a copy of count float32, reading and writing counted."""
    a = torch.zeros(count, device=device)
    b = torch.empty_like(a)
    return 8 * count / seconds(lambda: b.copy_(a), device)


def main():
    device, out = torch.device(sys.argv[1]), Path(sys.argv[2])
    gpu = device.type == "cuda"
    sizes, count = ((4096, 8192), 1 << 28) if gpu else ((512, 1024), 1 << 24)
    torch.backends.cuda.matmul.allow_tf32 = False
    report = {"device": torch.cuda.get_device_name(device) if gpu else "cpu", "torch": torch.__version__,
              "float32_flops": product_peak(device, torch.float32, sizes), "bytes": bandwidth(device, count)}
    if gpu:
        torch.backends.cuda.matmul.allow_tf32 = True
        report["tf32_flops"] = product_peak(device, torch.float32, sizes)
        report["bfloat16_flops"] = product_peak(device, torch.bfloat16, sizes)
    (out / "roofline.json").write_text(json.dumps(report, indent=1) + "\n")
    print(", ".join(f"{k} {v:.3g}" if isinstance(v, float) else f"{k} {v}" for k, v in report.items()))


if __name__ == "__main__":
    main()
