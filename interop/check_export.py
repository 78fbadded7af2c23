"""`trainer export` and `trainer import` beside the real SAELens, sparsify and dictionary_learning.

    python interop/check_export.py TRAINER WORK_FOLDER [RUN…]

Each variant is trained briefly, exported to every layout and loaded with the library of that layout; its
features and reconstructions are those of `trainer extract-embeddings` and `trainer predict`, and the import
of the folder gives them again. Then files that the libraries saved are imported.
"""
import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import torch

import export_libraries as libraries
import run_data
from report import Report, demand
from trainer import Trainer

N, M, K = 16, 48, 4
TOLERANCE = 1e-5  # of the largest number
SETTINGS = {
    "topk": {"k": K},
    "batch_topk": {"k": K},
    "matryoshka": {"k": K, "prefixes": [8, 16, M]},
    "jump_relu": {"threshold_init": 0.3, "bandwidth": 0.1},
    "p_anneal": {"anneal_start_step": 5, "anneal_end_step": 30, "l1_coefficient": 0.02},
    "transcoder": {"k": K},
    "skip_transcoder": {"k": K},
}
RELU = {"activation": "relu", "k": None, "l1_coefficient": 0.02}
# Name of the run: variant, settings of the model beside those above, data.normalize.
RUNS = {
    **{name: (name, {}, "none") for name in ("relu_l1", "topk", "batch_topk", "matryoshka", "gated", "jump_relu", "p_anneal", "crosscoder",
                                             "transcoder", "skip_transcoder")},
    **{f"{name}_standard": (name, {}, "standard") for name in ("relu_l1", "topk", "batch_topk", "gated", "jump_relu")},
    "topk_minmax": ("topk", {}, "minmax"),
    "matryoshka_mean_center": ("matryoshka", {}, "mean_center"),
    **{f"{name}_saelens": (name, {"compat": "saelens-6"}, "standard") for name in ("topk", "batch_topk", "matryoshka")},
    "jump_relu_dictionary_learning": ("jump_relu", {"compat": "dictionary_learning"}, "none"),
    "batch_topk_fraction": ("batch_topk", {"k": 3.5}, "none"),
    **{f"{name}_free": (name, {"decoder_constraint": "none", "normalize_activations": "expected_average_only_in"}, "none")
       for name in ("relu_l1", "topk", "batch_topk", "gated", "jump_relu")},
    "relu_l1_off_center": ("relu_l1", {"apply_b_dec_to_input": False, "b_dec_init": "mean"}, "standard"),
    "gated_off_center": ("gated", {"apply_b_dec_to_input": False, "b_dec_init": "mean", "normalize_activations": "expected_average_only_in"}, "none"),
    **{f"{name}_{end}": (name, RELU, normalize) for name in ("transcoder", "skip_transcoder") for end, normalize in (("relu", "none"), ("relu_standard", "standard"))},
    "transcoder_standard": ("transcoder", {}, "standard"),
    "skip_transcoder_narrow": ("skip_transcoder", RELU, "none"),
    "crosscoder_scaled": ("crosscoder", {"normalize_activations": "expected_average_only_in"}, "none"),
    "topk_as_saelens": ("topk", {"compat": "saelens-6"}, "none"),
    "batch_topk_as_saelens": ("batch_topk", {"compat": "saelens-6", "normalize_activations": "expected_average_only_in"}, "none"),
    "jump_relu_as_dictionary_learning": ("jump_relu", {"compat": "dictionary_learning"}, "standard"),
    "topk_constant_norm": ("topk", {"normalize_activations": "constant_norm_rescale"}, "none"),
    "jump_relu_layer_norm": ("jump_relu", {"normalize_activations": "layer_norm"}, "none"),
}


def near(name, got, want):
    """Raises where two arrays differ; the difference."""
    got, want = np.asarray(got, np.float64), np.asarray(want, np.float64)
    demand(got.shape == want.shape, f"{name} has the shape {got.shape}, expected {want.shape}")
    gap = float(np.abs(got - want).max() / max(1.0, np.abs(want).max()))
    demand(gap <= TOLERANCE, f"{name} differs by {gap:.3g}")
    return gap


def data(folder):
    """Three files of samples away from 0, as they are and as two layers, and labels; the test samples."""
    folder.mkdir(parents=True)
    draw = np.random.default_rng(3)
    weights = draw.standard_normal((N, N)) / 4
    for split, count in (("train", 1200), ("val", 200), ("test", 200)):
        x = 0.5 + run_data.sparse(draw, count, N) * np.linspace(0.5, 2, N)
        y = np.maximum(x @ weights, 0) + 0.1
        for name, a in ((split, x), (f"{split}_layers", x.reshape(-1, 2, N // 2)), (f"{split}_y", y), (f"{split}_y_narrow", y[:, :N // 2])):
            np.save(folder / f"{name}.npy", a.astype(np.float32))
    return np.load(folder / "test.npy")


def source(name):
    """The keys of the data section: crosscoders take layers, transcoders labels."""
    files = lambda end: {split: f"data/{split}{end}.npy" for split in ("train", "val", "test")}
    keys = {"source": "npy", **files("_layers" if name.startswith("crosscoder") else "")}
    if "transcoder" in name:
        keys["labels"] = files("_y_narrow" if "narrow" in name else "_y")
    return keys


def config(name, variant, settings, normalize):
    """The config of a run, as YAML that is also JSON."""
    model = {"type": "sae", "variant": variant, "d_sae": M, **SETTINGS.get(variant, {}), **settings}
    return json.dumps({
        "experiment": {"name": name, "output_dir": "runs"},
        "data": {**source(name), "batch_size": 100, "normalize": normalize},
        "model": {key: v for key, v in model.items() if v is not None},
        "training": {"epochs": 3},
    })


def outputs(trainer, run):
    """Features and reconstructions of the test samples."""
    trainer.infer("extract-embeddings", run, "splits=[test]")
    trainer.infer("predict", run)
    flat = lambda a: a.reshape(len(a), -1)
    return flat(np.load(run / "embeddings/test_embeddings.npy")), flat(np.load(run / "predictions/test_predictions.npy"))


def holds(layout, name, variant, settings):
    """Whether the layout can say what the run computes."""
    relu = settings.get("activation") == "relu"
    if layout == "saelens":
        return relu or variant != "skip_transcoder"
    if settings.get("normalize_activations") in ("layer_norm", "constant_norm_rescale"):
        return False
    if layout == "sparsify":
        return variant == "topk" or "transcoder" in variant and not relu
    return "transcoder" not in variant


class Check:
    """The checks, with what they share."""

    def __init__(self, report, trainer, x):
        self.report, self.trainer, self.x = report, trainer, x

    def command(self, *words):
        """A command that reads no config; its result, or what it says."""
        done = subprocess.run([self.trainer.program, *map(str, words), "--json", "--quiet"], capture_output=True, text=True, timeout=300)
        return (json.loads(done.stdout) if done.returncode == 0 else None), done.stderr.strip(), done.returncode

    def variant(self, name, variant, settings, normalize):
        """One run, to every layout and back."""
        (pathlib.Path("configs") / f"{name}.yaml").write_text(config(name, variant, settings, normalize))
        self.trainer("train", f"configs/{name}.yaml")
        run = pathlib.Path("runs") / name
        want = outputs(self.trainer, run)
        demand((want[0] > 0).mean() > 0.01, f"{name} has hardly any feature: nothing is compared")
        for layout in ("saelens", "sparsify", "dictionary_learning"):
            if not holds(layout, name, variant, settings):
                self.report.check(f"{name} to {layout}: refused", self.refused, run, layout)
                continue
            if self.report.check(f"{name} to {layout}", self.exported, run, layout, want):
                self.report.check(f"{name} from {layout}", self.imported, run / "export" / layout, f"{name}_{layout}", want, name == variant)
        if name == variant:
            self.report.check(f"{name}: weights", self.weights, run, want)

    def refused(self, run, layout):
        _, said, code = self.command("export", run, "--to", layout)
        demand(code == 2 and said.count("\n") == 0, f"exit code {code}: {said}")
        demand(not (run / "export" / layout).exists(), "a folder was made all the same")
        return said.split(": ")[-1]

    def exported(self, run, layout, want):
        """The library computes what trainer wrote."""
        done, said, code = self.command("export", run, "--to", layout)
        demand(code == 0, said)
        model, features, reconstructions = libraries.LOAD[layout](run / "export" / layout, torch.from_numpy(self.x))
        gaps = near("features", features, want[0] * libraries.row_norms(layout, run / "export" / layout)), near("reconstructions", reconstructions, want[1])
        return f"{model}, features {gaps[0]:.1e}, reconstructions {gaps[1]:.1e}"

    def imported(self, path, name, want, commands=False):
        """What was imported computes what is wanted, and the other commands work on it."""
        sets = [word for key, v in source(name).items() for word in ("--set", f"data.{key}={json.dumps(v)}")]
        done, said, code = self.command("import", path, "--as", name, "--output-dir", "imported", *sets)
        demand(code == 0, said)
        run = pathlib.Path(done["dir"])
        features, reconstructions = outputs(self.trainer, run)
        gaps = near("features", features, want[0]), near("reconstructions", reconstructions, want[1])
        if commands:
            self.trainer("evaluate", run)
            for words in (("inspect", run / "checkpoints/best_model.pt"), ("show", run), ("list", "imported"), ("export", run, "--to", "safetensors", "--no-progress")):
                done = subprocess.run([self.trainer.program, *words], capture_output=True, text=True, timeout=60)
                demand(done.returncode == 0, f"{words[0]}: {done.stderr.strip()}")
        return f"features {gaps[0]:.1e}, reconstructions {gaps[1]:.1e}"

    def weights(self, run, want):
        """torch and safetensors have the state dict as it is, and come back as the same run."""
        from safetensors import safe_open
        state = torch.load(run / "checkpoints/best_model.pt")["model_state_dict"]
        for layout in ("torch", "safetensors"):
            done, said, code = self.command("export", run, "--to", layout)
            demand(code == 0, said)
        plain = torch.load(run / "export/model.pt")
        with safe_open(run / "export/model.safetensors", "pt") as f:
            named = {key: f.get_tensor(key) for key in f.keys()}
            demand(json.loads(f.metadata()["trainer.config"])["model"]["d_sae"] == M, "the config is not in the metadata")
        for other in (plain, named):
            demand(sorted(other) == sorted(state) and all(torch.equal(other[key], t) for key, t in state.items()), "the state dict differs")
        done, said, code = self.command("import", run / "export/model.safetensors", "--as", run.name, "--output-dir", "copies")
        demand(code == 0, said)
        features, reconstructions = outputs(self.trainer, pathlib.Path(done["dir"]))
        demand(np.array_equal(features, want[0]) and np.array_equal(reconstructions, want[1]), "the copy computes something else")

    def saved(self, name, save):
        """A file that a library saved, imported."""
        folder = pathlib.Path("saved") / name
        features, reconstructions = save(folder, torch.from_numpy(self.x))
        demand((features > 0).any(), "no feature is active: nothing is compared")
        return self.imported(folder, name, (features, reconstructions), True)


def main(program, work, *names):
    os.makedirs(work)
    os.chdir(work)
    for folder in ("configs", "saved"):
        os.mkdir(folder)
    report = Report()
    check = Check(report, Trainer(program), data(pathlib.Path("data")))
    for name, (variant, settings, normalize) in RUNS.items():
        if names and name not in names:
            continue
        with report.part(name):
            check.variant(name, variant, settings, normalize)
    for name, save in () if names else libraries.SAVE.items():
        report.check(f"saved by {name}", check.saved, name.replace(",", "").replace(" ", "_"), save)
    return report.close("references")


if __name__ == "__main__":
    sys.exit(main(os.path.abspath(sys.argv[1]), *sys.argv[2:]))
