"""How each kind of row is measured. A row gives its comparisons, with the sides taking turns."""
import json
import sys

import numpy as np

import ours
import prepare
from measure import PEERS, Comparison, PeerEnded, Process, environment
from workloads import Peer, installed

TOLERANCE = 1e-4  # relative, between losses in float32 whose sums have another order


def training(bench, work):
    """Seconds a training step; first the losses have to agree."""
    job = prepare.job(work, bench.folder, bench.order, bench.device)
    differences, specs = {}, work.peers
    for threads in bench.threads:
        peers = [Process(p, job | {"threads": threads}, bench.folder) for p in specs]
        for peer in peers:
            peer.ready()
        if not differences:
            differences = agree(bench, work, job, threads, peers)
            peers = [peer for peer in peers if peer.name in differences]
            specs = [spec for spec in specs if spec.name in differences]
        lines = [Comparison(work.title, threads, p.name, p.aim, difference=differences[p.name]) for p in specs]
        for _ in bench.turns(f"{work.title}, {threads} threads"):
            a, ended = bench.trainer.train(work, job["data"], threads, work.warmup + work.steps, work.warmup)
            step = (a[work.warmup + work.steps] - a[work.warmup]) / work.steps
            for line, spec, peer in zip(lines, specs, peers):
                b = peer.ask(warmup=work.warmup, steps=work.steps)
                line.ours.append(step)
                line.theirs.append(b["seconds"])
                if spec.memory:
                    before = line.memory or [0, 0]
                    line.memory = [max(before[0], ended.memory), max(before[1], b["memory"])]
        for peer in peers:
            peer.close()
        yield from lines


def agree(bench, work, job, threads, peers):
    """Refuses to compare programs whose losses differ; the largest relative difference of each peer. One
    that ends at its first steps (torch.compile without a C compiler) is left out, and the table says so."""
    records = bench.trainer.losses(work, job["data"], job["weights"], threads, work.check)
    differences = {}
    for spec, peer in zip(work.peers, peers):
        n = work.check if spec.compare is None else spec.compare
        if n == 0:
            differences[spec.name] = None
            continue
        try:
            b = np.array(peer.ask(losses=n)["losses"])
        except PeerEnded as ended:
            bench.leave_out(f"{work.title}, {ended}")
            continue
        a = np.array([r[spec.metric] for r in records[:n]])
        differences[spec.name] = float(np.max(np.abs(a - b) / np.abs(b)))
        if not differences[spec.name] <= TOLERANCE:
            raise SystemExit(f"bench: {work.title}: the losses differ, so the times are not compared: trainer {a}, {spec.name} {b}")
    return differences


def start(bench, work):
    """Seconds from the start of the process to the end of its first training step."""
    job = prepare.job(work, bench.folder, bench.order, bench.device) | {"threads": bench.threads[-1]}
    peers = [p for p in (Peer("PyTorch script", "vae", "adam", 5), Peer("Lightning", "lightning_vae", "", 10)) if installed(p.file)]
    lines = [Comparison("process start to first step", job["threads"], p.name, p.aim) for p in peers]
    for _ in bench.turns("process start to first step"):
        at, ended = bench.trainer.train(work, job["data"], job["threads"], 1, 1)
        for line, spec in zip(lines, peers):
            peer = Process(spec, job, bench.folder)
            peer.ready()
            first = peer.ask(warmup=1, steps=1)["first"]
            peer.close()
            line.ours.append(at[1] - ended.began)
            line.theirs.append(first - peer.began)
    yield from lines


def extract(bench, work, rows):
    """Seconds of embedding a mapped file, beside a script that does the same: without the start of either
    (for trainer, what the same command takes for hardly any rows), and of both as a whole."""
    small = prepare.job(work, bench.folder, bench.order, bench.device)
    big, out = bench.folder / "big.npy", bench.folder / "peer.npy"
    write_rows(big, rows, work.shape[0])
    for threads in bench.threads:
        bench.trainer.train(work, small["data"], threads, 1, 1)
        job = {"data": str(big), "checkpoint": str(bench.folder / "timed" / "checkpoints" / "last_model.pt"), "out": str(out),
               "model": work.peer_model, "batch": 1024, "device": bench.device, "threads": threads}
        title = f"extract {rows:,} rows of {work.shape[0]} from a mapped file"
        lines = [Comparison(title, threads, "PyTorch loop + np.save, without the start of either", 1.3),
                 Comparison(title, threads, "the whole script, against the whole command", None)]
        for _ in bench.turns(f"{title}, {threads} threads"):
            _, begun = bench.trainer.extract("timed", small["data"])
            path, mine = bench.trainer.extract("timed", big)
            loop, theirs = script("extract.py", job, bench.folder)
            same_rows(path, out)
            for line, a, b in zip(lines, (mine.seconds - begun.seconds, mine.seconds), (loop, theirs.seconds)):
                line.ours.append(a)
                line.theirs.append(b)
            lines[0].memory = [mine.memory, theirs.memory]
        yield from lines


def script(name, job, folder):
    """Runs a peer that does one thing and prints its seconds."""
    path = folder / "job.json"
    path.write_text(json.dumps(job))
    ended = ours.run(sys.executable, PEERS / name, path, env=environment(job["threads"]))
    return float(ended.said), ended


def write_rows(path, rows, dim):
    """A file of random rows, made piece by piece."""
    random = np.random.default_rng(1)
    file = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(rows, dim))
    for piece in np.array_split(file, max(1, rows // 65536)):
        piece[:] = random.random(piece.shape, dtype=np.float32)
    file.flush()


def same_rows(a, b):
    a, b = np.load(a, mmap_mode="r"), np.load(b, mmap_mode="r")
    if a.shape != b.shape or not np.allclose(a, b, rtol=1e-4, atol=1e-5):
        raise SystemExit("bench: extraction: the embeddings differ, so the times are not compared")


def streaming(bench, work):
    """Seconds a training step with the data in memory, and streamed from their file."""
    job = prepare.job(work, bench.folder, bench.order, bench.device)
    for threads in bench.threads:
        line = Comparison(f"streaming from a file ({work.title})", threads, "trainer, in memory", 0.9)
        for _ in bench.turns(f"streaming, {threads} threads"):
            for in_memory, side in ((False, line.ours), (True, line.theirs)):
                at, _ = bench.trainer.train(work, job["data"], threads, work.warmup + work.steps, work.warmup, in_memory)
                side.append((at[work.warmup + work.steps] - at[work.warmup]) / work.steps)
        yield line
