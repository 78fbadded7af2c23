"""Calls the trainer program in the folder that the runs lie in."""
import json
import pathlib
import subprocess

from report import demand

RUNS = pathlib.Path(__file__).parent / "runs"


class Trainer:
    """bin/trainer; its paths are relative to the working directory."""

    def __init__(self, program):
        self.program = program

    def __call__(self, command, target, *settings, flags=()):
        """Runs a command to its end; the result that it prints as JSON."""
        sets = [word for s in settings for word in ("--set", s)]
        done = subprocess.run([self.program, command, target, "--json", "--quiet", *sets, *flags], capture_output=True, text=True, timeout=300)
        demand(done.returncode == 0, f"trainer {command} {target}: exit code {done.returncode}: {done.stderr.strip()}")
        return json.loads(done.stdout)

    def train(self, name):
        """Trains runs/NAME.yaml into runs/NAME."""
        result = self("train", RUNS / f"{name}.yaml")
        return f"{result['epochs']} epochs, {result['steps']} steps, best {result['monitor']} {result['best']:.4g}"

    def infer(self, command, target, *settings):
        """extract-embeddings or predict, with the rows' places in the data."""
        result = self(command, target, "device=cpu", *settings)
        return ", ".join(pathlib.Path(f["path"]).name for f in result["files"])
