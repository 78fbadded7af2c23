"""What a device can do at most, measured, and how much of that a training step needs at the least.

The least time of a step is that of its matrix products at the peak of products, or that of its bytes at
the bandwidth of memory, whichever is longer; a step's share of the roofline is that time over its own.
"""
import math
import statistics
import time

import torch
from torch.utils.flop_counter import FlopCounterMode

from prepare import sae, vae


def seconds(run, device, rounds=7, calls=5):
    """The median time of one call, after a warm-up; on a GPU between events."""
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


def peaks(device, threads):
    """FLOP/s of products and B/s of memory; on a GPU also TF32's and bfloat16's FLOP/s."""
    device = torch.device(device)
    gpu = device.type == "cuda"
    sizes, count = ((4096, 8192), 1 << 28) if gpu else ((512, 1024), 1 << 24)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    torch.backends.cuda.matmul.allow_tf32 = False
    out = {"threads": threads, "float32_flops": product_peak(device, torch.float32, sizes), "bytes": bandwidth(device, count)}
    if gpu:
        torch.backends.cuda.matmul.allow_tf32 = True
        out["tf32_flops"] = product_peak(device, torch.float32, sizes)
        torch.backends.cuda.matmul.allow_tf32 = False
        out["bfloat16_flops"] = product_peak(device, torch.bfloat16, sizes)
    torch.set_num_threads(before)
    return out


def need(work):
    """FLOP and bytes of one step. The products are counted by torch on the peer's model, except for
    TopK: there only the encoder's is dense. The bytes are those of the parameters (the gradient written;
    Adam reads four arrays and writes three), of the batch, and of TopK's hidden values, written and read;
    what fits a cache between two of its uses counts for nothing."""
    x = torch.zeros(work.batch, *work.shape)
    model = vae.VAE(**work.peer_model) if work.model["type"] == "vae" else sae.SAE(**work.peer_model)
    parameters = sum(p.numel() for p in model.parameters())
    numbers = 8 * parameters + x.numel()
    counter = FlopCounterMode(display=False)
    if work.model.get("variant") == "topk":
        numbers += 2 * work.batch * work.peer_model["latents"]
        with counter, torch.no_grad():
            model.hidden(x)
        return {"flops": counter.get_total_flops(), "bytes": 4 * numbers}
    noise = [torch.zeros(work.batch, work.peer_model["latent"])] if work.model["type"] == "vae" else []
    with counter:
        model.loss(x, *noise).backward()
    return {"flops": counter.get_total_flops(), "bytes": 4 * numbers}


def least(need, peak):
    """Seconds of the products and of the bytes."""
    return need["flops"] / peak["float32_flops"], need["bytes"] / peak["bytes"]


def share(need, peak, step):
    """The share of the roofline of a step that takes so many seconds."""
    at_least = max(least(need, peak))
    return at_least / step if step > 0 else math.nan
