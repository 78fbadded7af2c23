"""Checks with a real MLflow server, its Python client and real TensorBoard that what they read back is
what was trained.

    python interop/check_mlflow.py TRAINER WORK_FOLDER
"""
import csv
import json
import math
import os
import pathlib
import re
import shutil
import signal
import statistics
import subprocess
import sys
import time

import mlflow
import numpy as np
from mlflow import MlflowClient
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from mlflow_server import Proxy, Server
from report import Report, demand

CONFIG = """
experiment: {name: NAME, output_dir: runs}
data: {source: shapes, count: 256, image_size: 16, batch_size: 32}
model: {type: vae, latent_dim: 4, encoder: {kind: mlp, hidden_dims: [HIDDEN], activation: relu}, likelihood: bernoulli}
training: {epochs: EPOCHS, log_every_steps: 3, threads: 1}
checkpoint: {resume_every: 5 steps}
mlflow: {tracking_uri: "URI", experiment_name: interop, tags: {fold: "3"}}
"""


class Runs:
    def __init__(self, trainer):
        self.trainer = trainer

    def config(self, name, uri, epochs=4, more="", hidden=32):
        text = CONFIG.replace("NAME", name).replace("URI", uri).replace("EPOCHS", str(epochs)).replace("HIDDEN", str(hidden))
        pathlib.Path(f"{name}.yaml").write_text(text + more)
        return f"{name}.yaml"

    def command(self, *args):
        return [self.trainer, *args, "--no-progress"]

    def __call__(self, *args, fails=False):
        done = subprocess.run(self.command(*args), capture_output=True, text=True, timeout=300)
        demand((done.returncode != 0) == fails, f"trainer {' '.join(map(str, args))} ended with {done.returncode}:\n{done.stderr}")
        return done.stdout + done.stderr

    def begin(self, *args):
        return subprocess.Popen(self.command(*args), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def journal(name):
    lines = pathlib.Path("runs", name, "logs", "metrics.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def number(x):
    return {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}.get(x, x)


def points(name):
    """What the journal says, as {metric: {step: value}}."""
    out = {}
    for record in journal(name):
        for key, value in {**record, "epoch": record["epoch"]}.items():
            if key in ("time", "kind", "step"):
                continue
            if record["kind"] == "step" and key not in ("lr", "epoch"):
                key += "_step"
            out.setdefault(key, {}).setdefault(record["step"], number(value))
    return out


def state(name):
    return json.loads(pathlib.Path("runs", name, ".trainer", "state.json").read_text())


def equals(name, uri, status="FINISHED"):
    """The client reads back the run as it was trained; each value once."""
    client, run_id = MlflowClient(uri), state(name)["mlflow_run_id"]
    run = client.get_run(run_id)
    demand(run.info.status == status, f"the run is {run.info.status}, expected {status}")
    demand(run.info.run_name == name and run.data.tags["fold"] == "3" and run.data.tags["model.type"] == "vae", f"name or tags: {run.data.tags}")
    demand(run.data.params["training.log_every_steps"] == "3" and run.data.params["model.encoder.kind"] == "mlp", f"params: {run.data.params}")
    there = [k for k in run.data.metrics if not k.startswith(("system/", "evaluation/"))]
    want = points(name)
    demand(sorted(there) == sorted(want), f"metrics {sorted(there)}, expected {sorted(want)}")
    n = 0
    for key, values in want.items():
        history = [(m.step, m.value) for m in client.get_metric_history(run_id, key)]
        demand(sorted(history) == sorted(values.items()), f"{key}: {sorted(history)}, expected {sorted(values.items())}")
        n += len(history)
    demand("system/cpu_utilization_percentage" in run.data.metrics, "no system metrics")
    return f"{n} values"


def artifacts(name, uri, *names):
    mlflow.set_tracking_uri(uri)  # MLflow 2 downloads from there
    client, run_id = MlflowClient(uri), state(name)["mlflow_run_id"]
    folder = pathlib.Path("downloads", name)
    folder.mkdir(parents=True, exist_ok=True)
    for path in names:
        got = pathlib.Path(client.download_artifacts(run_id, path, str(folder))).read_bytes()
        demand(got == pathlib.Path("runs", name, path).read_bytes(), f"{path} differs")
    return f"{len(names)} files"


TENSORBOARD = "tracking: {tensorboard: true, csv: true}\n"


def tensorboard(name):
    accumulator = EventAccumulator(str(pathlib.Path("runs", name, "logs")), size_guidance={"scalars": 0})
    accumulator.Reload()
    want, n = points(name), 0
    demand(sorted(accumulator.Tags()["scalars"]) == sorted(want), f"tags {accumulator.Tags()['scalars']}")
    for key, values in want.items():
        got = {s.step: s.value for s in accumulator.Scalars(key)}
        demand(got == {step: float(np.float32(v)) for step, v in values.items()}, f"{key}: {got}, expected {values}")
        n += len(got)
    return f"{n} values"


def table(name):
    with open(pathlib.Path("runs", name, "logs", "metrics.csv")) as f:
        rows = list(csv.DictReader(f))
    want, got = points(name), {}
    for row in rows:
        for key, text in row.items():
            if key not in ("time", "kind", "step") and text:
                got.setdefault(key, {}).setdefault(int(row["step"]), float(text))
    demand(got == want, "metrics.csv differs from the journal")
    return f"{len(rows)} rows"


def wait_for(process, name, step):
    for _ in range(3000):
        path = pathlib.Path("runs", name, "logs", "metrics.jsonl")
        lines = path.read_bytes()[-2000:].split(b"\n")[1:-1] if path.exists() else []
        if lines and json.loads(lines[-1])["step"] >= step:
            return
        if process.poll() is not None:
            raise RuntimeError(f"training ended before step {step}: {process.stderr.read()}")
        time.sleep(0.02)
    raise RuntimeError("training does not come on")


def begin_known(runs, config, name):
    """A training that the server knows."""
    process = runs.begin("train", config)
    wait_for(process, name, 30)
    while "mlflow_run_id" not in state(name):
        demand(process.poll() is None, "training ended before the server knew the run")
        time.sleep(0.01)
    return process


def restart(runs, server):
    """The server is killed in the middle of training and comes back, on a slow machine after its end."""
    process = begin_known(runs, runs.config("restart", server.uri, epochs=400, hidden=512), "restart")
    server.kill()
    wait_for(process, "restart", int(journal("restart")[-1]["step"]) + 300)
    server.start()
    _, messages = process.communicate(timeout=300)
    demand(process.returncode == 0, messages)
    runs("sync", "runs/restart")
    return equals("restart", server.uri)


def bad_proxy(runs, server, name, **faults):
    with Proxy(server.port, **faults) as proxy:
        runs("train", runs.config(name, proxy.uri, epochs=60, hidden=128))
        for _ in range(10):
            if subprocess.run(runs.command("sync", f"runs/{name}"), capture_output=True).returncode == 0:
                break
        said = equals(name, server.uri) + f", {proxy.faults} faults"
        proxy.shutdown()
    return said


def kill_in_training(runs, config, name):
    """kill -9, once the server knows the run."""
    process = begin_known(runs, config, name)
    process.send_signal(signal.SIGKILL)
    process.wait()


def killed(runs, server):
    """kill -9 of the trainer: the next command ends the run, and resume goes on with it."""
    kill_in_training(runs, runs.config("killed", server.uri, epochs=600, hidden=512), "killed")
    client, run_id = MlflowClient(server.uri), state("killed")["mlflow_run_id"]
    demand(client.get_run(run_id).info.status == "RUNNING", "the run is not RUNNING before")
    runs("sync", "runs/killed")
    demand(client.get_run(run_id).info.status == "KILLED", "the run is not KILLED after sync")
    runs("resume", "runs/killed")
    demand(state("killed")["mlflow_run_id"] == run_id, "the resumed run has another id")
    return equals("killed", server.uri)


def replaced(runs, server):
    """A killed run that is trained anew does not stay RUNNING."""
    kill_in_training(runs, runs.config("replaced", server.uri, epochs=600, hidden=512), "replaced")
    first = state("replaced")["mlflow_run_id"]
    runs("train", runs.config("replaced", server.uri))
    status = MlflowClient(server.uri).get_run(first).info.status
    demand(status == "KILLED" and state("replaced")["mlflow_run_id"] != first, f"the killed run is {status}")
    return equals("replaced", server.uri)


def later(runs, server):
    """The server is down all the time; sync sends everything."""
    server.kill()
    said = runs("train", runs.config("later", server.uri))
    demand("check that the server runs there" in said and "trainer sync" in said, said)
    demand("required" in runs("train", runs.config("required", server.uri), "--set", "mlflow.required=true", fails=True), "required is not told")
    demand(not pathlib.Path("runs/required").exists(), "a refused run left a directory")
    server.start()
    runs("sync", "runs/later")
    return equals("later", server.uri)


def file_store(runs):
    """The client opens what was written as ./mlruns."""
    os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
    runs("train", runs.config("files", "./mlruns"))
    runs("predict", "runs/files")
    uri = pathlib.Path("mlruns").absolute().as_uri()
    artifacts("files", uri, "config.yaml", "logs/training.log", "checkpoints/best_model.pt", "predictions/test_predictions.npy")
    return equals("files", uri)


def trains(runs, server):
    said = runs("train", runs.config("plain", server.uri, more=TENSORBOARD))
    demand("mlflow: run " + state("plain")["mlflow_run_id"] in said, f"the run's id is not told:\n{said}")


def inference(runs, server):
    runs("extract-embeddings", "runs/plain")
    runs("predict", "runs/plain")
    runs("report", "runs/plain")
    artifacts("plain", server.uri, "report/loss.png", "report/index.html", "embeddings/test_embeddings.npy", "predictions/test_predictions.npy")
    client = MlflowClient(server.uri)
    experiment = client.get_experiment_by_name("interop").experiment_id
    demand(len(client.search_runs([experiment], filter_string="attributes.run_name = 'plain'")) == 1, "they made a run of their own")
    return equals("plain", server.uri)


def evaluation(runs, server):
    """The metrics of each split are in the run, at the checkpoint's step; what a second evaluation changes takes their place."""
    runs("evaluate", "runs/plain")
    artifacts("plain", server.uri, "evaluation/test_evaluation.json")
    client, run_id, n = MlflowClient(server.uri), state("plain")["mlflow_run_id"], 0
    for split in ("val", "test"):
        saved = json.loads(pathlib.Path("runs", "plain", "evaluation", f"{split}_evaluation.json").read_text())["metrics"]
        for name, value in saved.items():
            history = client.get_metric_history(run_id, f"evaluation/{split}/{name}")
            demand(len(history) == 1 and np.isclose(history[0].value, float(value), equal_nan=True), f"{split}/{name} is {history}, expected {value}")
            n += 1
    runs("evaluate", "runs/plain", "--importance-samples", "7")
    saved = json.loads(pathlib.Path("runs", "plain", "evaluation", "test_evaluation.json").read_text())["metrics"]
    shown = client.get_run(run_id).data.metrics
    again, same = (client.get_metric_history(run_id, f"evaluation/test/{name}") for name in ("nll", "psnr"))
    demand(len(again) == 2 and shown["evaluation/test/nll"] == saved["nll"], f"after a second evaluation nll is {shown['evaluation/test/nll']} of {again}")
    demand(len(same) == 1, f"psnr, which did not change, is {same}")
    return f"{n} metrics"


def speed(runs, server):
    """Steps a second with a server that answers in 5 s and without one, in turns: told, not judged."""
    rates = {"without": [], "5 s": []}
    with Proxy(server.port, delay=5) as proxy:
        for _ in range(3):
            for kind in rates:
                config = runs.config("speed", proxy.uri, epochs=300, hidden=512)
                more = ["--set", "mlflow=null"] if kind == "without" else []
                shutil.rmtree("runs/speed", ignore_errors=True)
                runs("train", config, *more)
                at = [(time_of(r["time"]), r["step"]) for r in journal("speed")]
                rates[kind].append((at[-1][1] - at[0][1]) / (at[-1][0] - at[0][0]))
        proxy.shutdown()
    return ", ".join(f"{kind}: {statistics.median(r):.0f} steps/s ({min(r):.0f} to {max(r):.0f})" for kind, r in rates.items())


def time_of(text):
    h, m, s = re.search(r"T(\d+):(\d+):([\d.]+)Z", text).groups()
    return 3600 * int(h) + 60 * int(m) + float(s)


def main():
    trainer, work = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]).absolute()
    work.mkdir(exist_ok=True)
    os.chdir(work)
    report, runs, server = Report(), Runs(trainer), Server(work / "server")
    print(f"mlflow {mlflow.__version__}")
    try:
        server.start()
        if report.check("train", trains, runs, server):
            report.check("the client reads what was trained", equals, "plain", server.uri)
            report.check("artifacts", artifacts, "plain", server.uri, "config.yaml", "logs/training.log", "checkpoints/best_model.pt")
            report.check("TensorBoard", tensorboard, "plain")
            report.check("CSV", table, "plain")
            report.check("extract-embeddings, predict and report", inference, runs, server)
            report.check("evaluate", evaluation, runs, server)
        report.check("server killed and restarted", restart, runs, server)
        report.check("proxy that drops and cuts", bad_proxy, runs, server, "drops", drop=0.3)
        report.check("proxy that garbles and delays", bad_proxy, runs, server, "garbles", garble=0.3, delay=0.1)
        report.check("trainer killed, synced, resumed", killed, runs, server)
        report.check("killed run replaced", replaced, runs, server)
        report.check("server down", later, runs, server)
        report.check("file store", file_store, runs)
        if os.environ.get("TRAINER_SOAK"):
            report.check("speed beside a slow server", speed, runs, server)
    finally:
        server.kill()
    return report.close("mlflow")


if __name__ == "__main__":
    sys.exit(main())
