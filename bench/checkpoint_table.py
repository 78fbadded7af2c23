"""Prints the table of bench/checkpoint.sh from its figures: `VALUE NAME` lines."""

import collections
import statistics
import sys

figures = collections.defaultdict(list)
with open(sys.argv[1]) as lines:
    for line in lines:
        value, name = line.split()
        figures[name].append(float(value))
mid = {name: statistics.median(values) for name, values in figures.items()}
size = mid["file-MB"]


def row(what, stall, ms, extra, mb=size):
    rate = mb / ms * 1e3
    cells = [stall, f"{ms:.0f}", f"{rate:.0f}", f"{ms / mid['cp-ms'] * size / mb:.2f}", extra]
    print(f"| {what:<36} | " + " | ".join(f"{c:>10}" for c in cells) + " |")


def copies(mb):
    return f"{mb:.0f} ({mb / size:.2f})"


print(f"file {size:.0f} MB; medians of {sys.argv[2]} rounds\n")
print(f"| {'':<36} | {'stall ms':>10} | {'save ms':>10} | {'MB/s':>10} | {'time/cp':>10} | {'extra MB':>10} |")
print(f"|{'-' * 38}|" + f"{'-' * 11}:|" * 5)
stall, extra = f"{mid['stall-ms']:.0f}", copies(mid["extra-MB"])
row("trainer, waiting for the disk", "-", mid["save-alone-ms"], extra)
row("trainer, steps going on behind", stall, mid["save-behind-ms"], extra)
row("cp + fsync of the same bytes", "-", mid["cp-ms"], "-")
row("torch.save + fsync", f"{mid['torch-ms']:.0f}", mid["torch-ms"], copies(mid["torch-extra-MB"]), mid["torch-MB"])
print()
print(f"stall of a run's first save: {mid['stall-first-ms']:.0f} ms; of torch.save / of trainer: {mid['torch-ms'] / mid['stall-ms']:.0f}")
print(f"a training step: {mid['step-quiet-ms']:.0f} ms, {mid['step-behind-ms']:.0f} ms while a checkpoint is being written")
print("range of the rounds: " + "; ".join(f"{n} {min(v):.0f}-{max(v):.0f}" for n, v in figures.items() if n.endswith("-ms")))
