"""What `trainer evaluate` prints beside what scikit-learn, SAELens, dictionary_learning and NumPy compute from the same arrays.

    python interop/check_metrics.py TRAINER WORK_FOLDER

Small models are trained; their embeddings and predictions, which trainer writes, are the arrays. Needs the libraries of
requirements-references.txt.
"""
import os
import pathlib
import sys

import numpy as np
import torch

import metrics_factors
import metrics_labels
import metrics_sae
import metrics_vae
from report import Report, Wrong, demand
from trainer import Trainer

MODELS = {
    "vae": {"data": {"path": "images.npy", "labels": "factors.npy"},
            "model": {"type": "vae", "variant": "vae", "latent_dim": 4, "likelihood": "bernoulli", "encoder": {"hidden_dims": [32]}}},
    "gaussian": {"data": {"path": "wide.npy"},
                 "model": {"type": "vae", "variant": "beta_vae", "beta": 0.5, "latent_dim": 3, "likelihood": "gaussian", "encoder": {"hidden_dims": [32]}}},
    "pictures": {"data": {"path": "pictures.npy"},
                 "model": {"type": "vae", "variant": "vae", "latent_dim": 2, "likelihood": "bernoulli", "encoder": {"hidden_dims": [4]}}},
    "sae": {"data": {"path": "vectors.npy", "labels": "classes.npy"}, "model": {"type": "sae", "variant": "topk", "d_sae": 40, "k": 4}},
    "relu": {"data": {"path": "vectors.npy"}, "model": {"type": "sae", "variant": "relu_l1", "d_sae": 40, "l1_coefficient": 0.05}},
    "classifier": {"data": {"path": "vectors.npy", "labels": "classes.npy"},
                   "model": {"type": "custom_model", "loss": "cross_entropy", "layers": ["{linear: 3}"]}},
    "binary": {"data": {"path": "vectors.npy", "labels": "halves.npy"},
               "model": {"type": "custom_model", "loss": "bce_with_logits", "layers": ["{linear: 1}"]}},
    "regressor": {"data": {"path": "vectors.npy", "labels": "targets.npy"},
                  "model": {"type": "custom_model", "loss": "mse", "layers": ["{linear: 2}"]}},
}

ATOMS = {"source": "synthetic_sparse", "count": 2000, "dim": 12, "atoms": 20, "active": 1}  # each sample is an atom, scaled
MODELS["atoms"] = {"data": ATOMS, "model": {"type": "sae", "variant": "topk", "d_sae": 30, "k": 1}}
MODELS["identity"] = {"data": ATOMS, "model": {"type": "custom_model", "loss": "mse", "target": "input", "layers": ["flatten", "{linear: 12}"]}}


def write_data(n=900):
    """Images of a square at a place, and vectors near one of three directions."""
    draw = np.random.default_rng(5)
    kind, row, light = draw.integers(0, 3, n), draw.integers(0, 5, n), draw.random(n)
    images = np.zeros((n, 1, 12, 12), np.float32)
    for i in range(n):
        images[i, 0, row[i]:row[i] + 6, 2 * kind[i]:2 * kind[i] + 6] = 0.3 + 0.7 * light[i]
    np.save("images.npy", images)
    np.save("wide.npy", 5 * images - 1)  # the same, but not in [0, 1]
    ramp = np.linspace(0, 1, 176, dtype=np.float32)
    waves = [np.sin(9 * (k + 1) * ramp[:, None] + 7 * ramp[None] + p) for k in range(3) for p in draw.random(30)]
    np.save("pictures.npy", np.stack(waves).reshape(3, 30, 176, 176).swapaxes(0, 1).astype(np.float32) / 2 + 0.5)
    np.save("factors.npy", np.stack([kind, row, light], 1).astype(np.float32))
    classes = draw.integers(0, 3, n)
    vectors = 1.5 * draw.standard_normal((3, 8))[classes] + draw.standard_normal((n, 8)) + 0.5
    np.save("vectors.npy", vectors.astype(np.float32))
    np.save("classes.npy", classes)
    np.save("halves.npy", (classes > 0).astype(np.int64))
    np.save("targets.npy", (vectors @ draw.standard_normal((8, 2)) + draw.standard_normal((n, 2))).astype(np.float32))


def flow(value):
    """A config's value in YAML's flow form."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {flow(v)}" for k, v in value.items()) + "}"
    return "[" + ", ".join(map(flow, value)) + "]" if isinstance(value, list) else str(value)


class Run:
    """A trained model with what trainer says of its test split, and the arrays it is judged by."""

    def __init__(self, trainer, name):
        c = MODELS[name]
        text = f"""experiment: {{name: {name}, output_dir: runs, seed: 11}}
data: {flow({'source': 'npy', 'batch_size': 64, 'split': {'train': 0.6, 'val': 0.1, 'test': 0.3}} | c['data'])}
model: {flow(c['model'])}
training: {{epochs: 12, threads: 1, device: cpu, optimizer: {{name: adam, lr: 5.0e-3}}}}
"""
        config = pathlib.Path(f"{name}.yaml")
        config.write_text(text)
        trainer("train", config)
        self.name, self.directory, self.trainer = name, pathlib.Path("runs") / name, trainer
        self.said = trainer("evaluate", self.directory, "device=cpu", "splits=[test]")["splits"]["test"]
        self.metrics = self.said["metrics"]

    def embeddings(self, split="test", what=None):
        """The rows of a split with their places in the data."""
        self.trainer.infer("extract-embeddings", self.directory, f"splits=[{split}]", "output.extras=[indices]", *([f"output.what={what}"] if what else []))
        folder = self.directory / "embeddings"
        return np.load(folder / f"{split}_embeddings.npy"), np.load(folder / f"{split}_indices.npy")

    def predictions(self):
        self.trainer.infer("predict", self.directory, "splits=[test]", "output.extras=[indices]")
        folder = self.directory / "predictions"
        return np.load(folder / "test_predictions.npy"), np.load(folder / "test_indices.npy")

    def samples(self, rows):
        """Rows of the run's data."""
        return np.load(MODELS[self.name]["data"]["path"])[rows]

    def checkpoint(self):
        return torch.load(self.directory / "checkpoints" / "best_model.pt")

    def equal(self, expected, tolerance=1e-5):
        """Every name has the expected value, to a part of 1 + its size."""
        worst = 0.0
        for name, want in expected.items():
            demand(name in self.metrics, f"{name} is not among the metrics")
            off = abs(float(self.metrics[name]) - want) / (1 + abs(want))
            worst = max(worst, off)
            if not off <= tolerance:
                raise Wrong(f"{name} is {self.metrics[name]}, expected {want}")
        return f"{len(expected)} numbers, differ by {worst:.0e} at most"


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    program, work = (pathlib.Path(a).resolve() for a in sys.argv[1:])
    torch.set_num_threads(1)
    work.mkdir(parents=True, exist_ok=True)
    os.chdir(work)
    write_data()
    report, trainer = Report(), Trainer(program)
    for part in (metrics_labels, metrics_sae, metrics_vae, metrics_factors):
        with report.part(part.__name__):
            part.check(report, lambda name: Run(trainer, name))
    return report.close("metrics")


if __name__ == "__main__":
    sys.exit(main())
