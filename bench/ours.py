"""Runs bin/trainer and takes its times: what is timed is the program that users run."""
import dataclasses
import datetime
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import torch

SEED = 42
CHILD = pathlib.Path(__file__).parent / "child.py"


@dataclasses.dataclass
class Ended:
    """A process: when it began (seconds since 1970), how long it took, its peak memory in bytes, and what it
    printed."""
    began: float
    seconds: float
    memory: int
    said: str


def run(*command, env=None):
    with tempfile.NamedTemporaryFile() as report:
        done = subprocess.run([sys.executable, "-I", "-S", CHILD, report.name, *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env)
        text = pathlib.Path(report.name).read_text()
    ended = json.loads(text) if text else {"code": done.returncode}
    if ended.pop("code"):
        raise SystemExit(f"bench: {' '.join(map(str, command))}: {done.stdout.strip()}")
    return Ended(**ended, said=done.stdout)


class Trainer:
    """The program, working in a folder of its own."""

    def __init__(self, program, folder, device):
        self.program, self.folder, self.device = pathlib.Path(program).resolve(), pathlib.Path(folder), device

    def config(self, work, data, name, threads, steps, every, in_memory="auto"):
        """A config of the workload; JSON is YAML."""
        training = dict(steps=steps, log_every_steps=every, device=self.device, threads=threads, optimizer=dict(name="adam", lr=work.lr))
        if work.clip:
            training["grad_clip"] = dict(max_norm=work.clip)
        config = dict(
            experiment=dict(name=name, output_dir=str(self.folder), seed=SEED),
            data=dict(source="npy", path=str(data), split=dict(train=1.0), batch_size=work.batch, in_memory=in_memory),
            model=work.model, training=training, checkpoint=dict(save_strategy="last", monitor="train/loss"))
        path = self.folder / f"{name}.yaml"
        path.write_text(json.dumps(config))
        return path

    def journal(self, name):
        """The step records of a run."""
        lines = (self.folder / name / "logs" / "metrics.jsonl").read_text().splitlines()
        return [record for record in map(json.loads, lines) if record["kind"] == "step"]

    def train(self, work, data, threads, steps, every, in_memory="auto"):
        """Trains afresh: when each logged step was done (seconds since 1970), and how the process ended."""
        config = self.config(work, data, "timed", threads, steps, every, in_memory)
        ended = run(self.program, "train", config, "--quiet", "--no-progress")
        return {record["step"]: when(record["time"]) for record in self.journal("timed")}, ended

    def losses(self, work, data, weights, threads, steps):
        """The records of the first steps from the given initial weights, with noise from SEED."""
        config = self.config(work, data, "check", threads, steps, 1)
        run(self.program, "train", config, "--quiet", "--no-progress")
        place = self.folder / "check" / "checkpoints" / "last_model.pt"
        torch.save(rewound(torch.load(place), torch.load(weights), self.device), place)
        run(self.program, "resume", self.folder / "check", "--quiet", "--no-progress")
        records = self.journal("check")
        shutil.rmtree(self.folder / "check")
        return records


    def extract(self, name, data):
        """Writes the embeddings of all rows of a mapped file with the model of a finished run: the file, and
        how the process ended."""
        config = dict(
            experiment=dict(name=name, output_dir=str(self.folder)), device=self.device, checkpoint="last", splits=["train"],
            data=dict(source="npy", path=str(data), split=dict(train=1.0), in_memory=False))
        path = self.folder / "extract.yaml"
        path.write_text(json.dumps(config))
        ended = run(self.program, "extract-embeddings", path, "--quiet", "--no-progress")
        return self.folder / name / "embeddings" / "train_embeddings.npy", ended


def when(text):
    return datetime.datetime.fromisoformat(text).timestamp()


def rewound(checkpoint, weights, device):
    """The checkpoint of a run as if it stood before its first step, with other weights."""
    checkpoint["epoch"] = 0
    checkpoint["model_state_dict"] = weights
    checkpoint["optimizer_state_dict"]["state"] = {}
    random = checkpoint["random_state"]
    random["torch"] = torch.Generator().manual_seed(SEED).get_state()
    if device != "cpu":
        random["cuda"] = [torch.Generator(device).manual_seed(SEED).get_state()]
    random["sampler"] |= {"epoch": 0, "position": 0}
    state = checkpoint["trainer_state"]
    state["global_step"] = 0
    state["score"] |= {"last": float("nan"), "best": float("nan"), "reference": float("nan"), "best_epoch": 0, "bad_epochs": 0}
    for tensor in [*state["running"].values(), *state["model"].values()]:
        tensor.zero_()
    return checkpoint
