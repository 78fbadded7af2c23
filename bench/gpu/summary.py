#!/usr/bin/env python3
"""Turns the log of `gpu.test -test.v` into gpu-test.json and gpu-test.md, and prints the counts.

    summary.py LOG RESULTS VERSIONS      VERSIONS: what `trainer version --json` says

Counted are tests that have no subtests of their own, and those that failed beside their subtests.
"""
import json
import os
import re
import sys
from collections import Counter
from pathlib import Path

LINE = re.compile(r"^\s*--- (PASS|FAIL|SKIP): (\S+) \(([\d.]+)s\)")
NAMES = {"PASS": "passed", "FAIL": "failed", "SKIP": "skipped"}


def results(log):
    """The results of all tests, (name, result, seconds), without those that only hold others: one that
    failed by itself counts."""
    found = [(m[2], NAMES[m[1]], float(m[3])) for m in map(LINE.match, log.splitlines()) if m]
    above = lambda name: {name.rsplit("/", n)[0] for n in range(1, name.count("/") + 1)}
    parents = {parent for name, _, _ in found for parent in above(name)}
    told = {parent for name, result, _ in found if result == "failed" for parent in above(name)}
    return [one for one in found if one[0] not in parents or one[1] == "failed" and one[0] not in told]


def main():
    log, out, versions = Path(sys.argv[1]).read_text(), Path(sys.argv[2]), json.loads(sys.argv[3])
    tests = results(log)
    counts = Counter(result for _, result, _ in tests)
    line = ", ".join(f"{counts[name]} {name}" for name in NAMES.values())
    device = os.environ.get("DEVICE", "")
    report = {"device": device, "versions": versions, **{name: counts[name] for name in NAMES.values()},
              "tests": [{"name": n, "result": r, "seconds": s} for n, r, s in tests]}
    (out / "gpu-test.json").write_text(json.dumps(report, indent=1) + "\n")
    rows = [f"| {n} | {r} | {s:.1f} |" for n, r, s in sorted(tests, key=lambda one: (one[1] != "failed", one[0]))]
    (out / "gpu-test.md").write_text("\n".join(
        [f"# GPU suite on {device}", "", f"libtorch {versions.get('libtorch', '?')}: {line}", "",
         "| test | result | seconds |", "|---|---|---|", *rows]) + "\n")
    for name, result, _ in tests:
        if result == "failed":
            print(f"failed: {name}")
    print(f"gpu suite on {device}: {line}")
    if device != "cpu" and counts["skipped"]:
        print("a skipped test is a failure on a GPU")
    return 1 if not tests or counts["failed"] or device != "cpu" and counts["skipped"] else 0


if __name__ == "__main__":
    sys.exit(main())
