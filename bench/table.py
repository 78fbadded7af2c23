"""The table as text: Markdown, which reads well on a terminal too."""
import roofline

NOTE = """\
Ratio: their time over ours, the median of the rounds with the least and the largest; above 1, trainer
is faster. The sides take turns in every round, with the same initial weights, batches and noise, and
their losses agreed before anything was timed (difference: the largest relative one). A training time
is that of a step, any other that of the whole unless the line says otherwise. Peak memory is that of
the process."""


def milliseconds(seconds):
    return f"{seconds * 1e3:.2f}" if seconds < 0.1 else f"{seconds * 1e3:.0f}"


def aim(line):
    """The aim of a line; one below 1 that is no round number says how much longer than theirs ours may take."""
    if line["aim"] is None:
        return "–"
    if line["aim"] == 1 / 1.4:
        return "≥ 0.71 (≤ 1.4× its time)"
    return f"≥ {line['aim']:g}"


def met(value):
    return {None: "–", True: "yes", False: "**no**"}[value]


def rows(header, lines):
    cells = [header, ["---"] * len(header), *lines]
    return "\n".join("| " + " | ".join(row) + " |" for row in cells)


def times(lines):
    return rows(["workload", "threads", "against", "ours ms", "theirs ms", "ratio", "spread", "aim", "met", "difference"], [[
        r["workload"], str(r["threads"]), r["against"], milliseconds(r["ours_median"]), milliseconds(r["theirs_median"]),
        f"{r['ratio']:.2f}", f"{r['ratio_low']:.2f}–{r['ratio_high']:.2f}", aim(r), met(r["met"]),
        "–" if r["difference"] is None else f"{r['difference']:.0e}"] for r in lines])


def memory(lines, limit):
    """Peak memory where it was taken; the limit is the aim for ours over theirs."""
    out = []
    for r in lines:
        if r["memory"]:
            a, b = r["memory"]
            out.append([r["workload"], str(r["threads"]), r["against"], f"{a / 1e6:.0f}", f"{b / 1e6:.0f}", f"{a / b:.2f}", f"≤ {limit:g}", met(a / b <= limit)])
    return rows(["workload", "threads", "against", "ours MB", "theirs MB", "ours / theirs", "aim", "met"], out)


ROOFLINE = """\
Share of the roofline: the least time of a step over ours. That is the time of its products at the peak
of float32 products, or that of its bytes (parameters, their gradients and Adam's moments, the batch) at
the bandwidth of memory, whichever is longer; both were measured at the start. The products are those of
dense layers, of TopK the encoder's alone: a share above 1 is work that a sparse product or a cache saved."""


def limits(results):
    peaks = {p["threads"]: p for p in results["peaks"]}
    steps = {(r["workload"], r["threads"]): r["ours_median"] for r in results["lines"] if r["workload"] in results["needs"]}
    lines = []
    for (work, threads), step in steps.items():
        products, moved = roofline.least(results["needs"][work], peaks[threads])
        lines.append([work, str(threads), milliseconds(step), milliseconds(products), milliseconds(moved),
                      f"{roofline.share(results['needs'][work], peaks[threads], step):.2f}"])
    return rows(["workload", "threads", "ours ms", "products ms", "bytes ms", "share"], lines)


def peak(p):
    others = "".join(f", {name} {p[key] / 1e9:.0f}" for name, key in (("tf32", "tf32_flops"), ("bfloat16", "bfloat16_flops")) if key in p)
    return f"{p['threads']} threads: {p['float32_flops'] / 1e9:.0f} GFLOP/s{others}, {p['bytes'] / 1e9:.1f} GB/s"


def text(results):
    where = results["machine"]
    facts = ", ".join(f"{k} {v}" for k, v in where["versions"].items())
    parts = [
        f"# trainer beside others, on {where['device']}",
        f"{where['name']}; {facts}; trainer {where['trainer']}; {results['rounds']} rounds; load average at the start {where['load']}.",
        NOTE, times(results["lines"]), "Peak resident memory:", memory(results["lines"], results["memory_aim"]),
        ROOFLINE, "; ".join(map(peak, results["peaks"])) + ".", limits(results),
    ]
    if results["left_out"]:
        parts.append("Left out: " + "; ".join(results["left_out"]) + ".")
    return "\n\n".join(parts) + "\n"
