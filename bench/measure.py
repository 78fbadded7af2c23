"""Peers as processes, and what becomes of the times of both sides."""
import dataclasses
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

PEERS = pathlib.Path(__file__).parent / "peers"


class PeerEnded(Exception):
    """A peer's process has ended; the text is its last words."""


class Process:
    """A file of bench/peers that runs until it is closed; see peers/serve.py. It starts beside the
    others: ready waits for it."""

    def __init__(self, peer, job, folder):
        self.name = peer.name
        place = pathlib.Path(tempfile.mkdtemp(dir=folder))
        path, self.log = place / "job.json", place / "log"
        path.write_text(json.dumps(job | {"peer": peer.peer, "mode": peer.mode}))
        self.began = time.time()
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                [sys.executable, PEERS / f"{peer.file}.py", path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
                env=environment(job["threads"]), cwd=folder)

    def ask(self, **request):
        try:
            print(json.dumps(request), file=self.process.stdin, flush=True)
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        return self.heard(line)

    def ready(self):
        """Waits until the peer has imported what it needs and built its model."""
        self.heard(self.process.stdout.readline())

    def heard(self, line):
        if not line:
            raise PeerEnded(f"{self.name} ended with {self.process.wait()}: {self.log.read_text()[-2000:]}")
        return json.loads(line)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def environment(threads):
    return os.environ | {"OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads), "PYTHONDONTWRITEBYTECODE": "1"}


@dataclasses.dataclass
class Comparison:
    """One line of the table. Times are seconds, of a step or of the whole, by round; memory is in bytes."""
    workload: str
    threads: int
    against: str
    aim: float | None
    ours: list = dataclasses.field(default_factory=list)
    theirs: list = dataclasses.field(default_factory=list)
    memory: list | None = None  # ours, theirs
    difference: float | None = None  # largest relative one of the losses compared

    def ratios(self):
        """Their time over ours, round by round: what the load of the machine does to both cancels out."""
        return [b / a for a, b in zip(self.ours, self.theirs)]

    def record(self):
        """Everything as plain values."""
        ratios = self.ratios()
        middle = statistics.median(ratios)
        return dataclasses.asdict(self) | {
            "ours_median": statistics.median(self.ours), "theirs_median": statistics.median(self.theirs),
            "ratio": middle, "ratio_low": min(ratios), "ratio_high": max(ratios),
            "met": None if self.aim is None else middle >= self.aim}
