"""All checks against real PyTorch; interop/run.sh says what they need and prints.

    python interop/run_checks.py TRAINER NEXTSTEP WORK_FOLDER
"""
import gzip
import json
import os
import pathlib
import sys

import numpy as np
import torch

import check_reference
import check_run
import ckpt
import make_npy_testdata
import make_parity
import make_pt_testdata
import make_script_testdata
import next_step
import run_data
import save_foreign
from check_checkpoint import same
from check_outputs import check_output, outputs, read_csr
from report import Report, Wrong, demand, none_of
from trainer import RUNS, Trainer

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
# In order: the second's data are the first's embeddings.
NAMES = ["vae_mlp_bernoulli", "sae_relu_l1", "beta_vae_conv_gaussian", "sae_topk", "sae_p_anneal", "custom_classifier", "custom_autoencoder",
         "custom_blocks", "custom_heads", "custom_arrays", "custom_torchscript"]
INDICES = "output.extras=[indices]"
EXTRACT = {"custom_classifier": ["output.extras=[indices, labels]"], "custom_autoencoder": [INDICES, "output.dtype=float16"]}


def committed_data(report, work):
    """The twins, and the generated files that the Go tests read."""
    report.check("reference twins equal published values", reference)
    report.check("parity data are reproduced", parity)
    report.check("pkg/checkpoint/testdata is reproduced", testdata, make_pt_testdata.write, "pkg/checkpoint/testdata", work / "pt")
    report.check("pkg/npy/testdata is reproduced", testdata, make_npy_testdata.main, "pkg/npy/testdata", work / "npy")
    report.check("pkg/model/custom/testdata is reproduced", scripts, work / "scripts")


def scripts(folder):
    """The TorchScript files that tests read are the modules of their generator."""
    folder.mkdir()
    make_script_testdata.write(folder)
    committed = REPOSITORY / "pkg/model/custom/testdata"
    names = sorted(f.name for f in folder.iterdir())
    demand(names == sorted(f.name for f in committed.iterdir()), f"the generator makes {names}")
    for name in names:
        if name != "weights.pt":
            new, old = (make_script_testdata.load(at / name) for at in (folder, committed))
            demand(same(dict(new.state_dict()), dict(old.state_dict())) and new.code == old.code, f"{name} is another module")
    return f"{len(names)} files"


def reference():
    none_of(check_reference.differences())


def parity():
    none_of(make_parity.check(make_parity.generate(), REPOSITORY / "interop" / "parity"))


def testdata(make, committed, folder):
    """The generator writes the committed files again."""
    folder.mkdir()
    make(folder)
    names = sorted(f.name for f in folder.iterdir())
    there = sorted(f.name for f in (REPOSITORY / committed).iterdir() if f.is_file())  # folders are of other makers
    demand(names == there, f"the generator makes {names}, committed are {there}")
    none_of(f"{name} differs" for name in names if not reproduced(folder / name, REPOSITORY / committed / name))
    return f"{len(names)} files"


def reproduced(new, old):
    """By bytes, but for what hangs on zlib or holds memory addresses."""
    if new.suffix == ".gz":
        return gzip.decompress(new.read_bytes()) == gzip.decompress(old.read_bytes())
    if new.name == "old_format.pt":
        return same(torch.load(new), torch.load(old))
    return new.read_bytes() == old.read_bytes()


def run(report, trainer, name, nextstep):
    """Trains, embeds and predicts; then everything about the files, the next step, and back from Python."""
    directory = pathlib.Path("runs") / name
    if not (report.check(f"{name}: train", trainer.train, name)
            and report.check(f"{name}: extract-embeddings", trainer.infer, "extract-embeddings", directory, *EXTRACT.get(name, [INDICES]))
            and report.check(f"{name}: predict", trainer.infer, "predict", directory, INDICES)
            and check_run.check(report, directory)):
        return
    report.check(f"{name}: npy files", arrays, directory)
    if name == "sae_topk":
        report.check(f"{name}: AuxK acted", auxk_acted, directory)
        report.check(f"{name}: csr_npz", sparse_codes, trainer, directory)
    if name == "custom_classifier":
        report.check(f"{name}: labels", labels, directory)
    path = check_run.chosen(directory / "checkpoints", "best")
    continues(report, name, path, nextstep)
    foreign(report, trainer, name, directory, path)


def arrays(directory):
    """numpy opens every .npy without pickle, mapped, in C order."""
    files = sorted(directory.rglob("*.npy"))
    for f in files:
        a = np.load(f, mmap_mode="r", allow_pickle=False)
        demand(a.flags.c_contiguous and a.dtype.isnative, f"{f}: {a.dtype}, not native or not C order")
    return f"{len(files)} files"


def labels(directory):
    """The extras of a split are the source's rows, and the splits have each row once."""
    source, rows = np.load("data/classes.npy"), []
    for split in ("train", "val", "test"):
        index, y = (np.load(directory / "embeddings" / f"{split}_{extra}.npy") for extra in ("indices", "labels"))
        demand(y.dtype == np.int64 and np.array_equal(y, source[index]), f"{split}_labels.npy differs from the source's rows")
        rows.append(index)
    demand(np.array_equal(np.sort(np.concatenate(rows)), np.arange(len(source))), "the splits do not have every row once")


def auxk_acted(directory):
    """The run is of use only if the auxiliary loss was not idle."""
    lines = [json.loads(line) for line in (directory / "logs" / "metrics.jsonl").read_text().splitlines()]
    last = [line["train/aux"] for line in lines if line["kind"] == "epoch"][-1]
    demand(last > 0, "train/aux is 0 in the last epoch")
    return f"train/aux {last:.3g}"


def sparse_codes(trainer, directory):
    """The sparse file has exactly the codes of the dense one."""
    trainer.infer("extract-embeddings", directory, "output.format=csr_npz", "splits=[val]")
    path = directory / "embeddings" / "val_embeddings.npz"
    dense, codes = np.load(path.with_suffix(".npy")), read_csr(path)
    demand(np.array_equal(dense, codes), "the sparse codes differ from the dense ones")
    return f"{codes.shape}, {np.count_nonzero(codes)} values"


def continues(report, name, path, nextstep):
    """What comes after the checkpoint is the same here and there."""
    c = ckpt.load(path)
    grads, answer = next_step.gradients(c), {}
    if report.check(f"{name}: nextstep", lambda: answer.update(next_step.ours(nextstep, path, grads))):
        report.check(f"{name}: next step of {ckpt.optimizer_config(c)['name']}", next_step.check_step, c, grads, answer["weights"])
        report.check(f"{name}: next random numbers", next_step.check_random, c, answer["randn"])


def foreign(report, trainer, name, directory, path):
    """A file that Python saved, given by its path, and alone in a directory that Python made."""
    made = pathlib.Path("foreign") / name
    (made / "checkpoints").mkdir(parents=True)
    saved = made / "checkpoints" / "best_model.pt"
    content = save_foreign.save(path, saved)
    (made / "config.yaml").write_bytes((directory / "config.yaml").read_bytes())
    content["trainer_state"] = ckpt.load(path)["trainer_state"]  # the data's statistics are the run's
    for target, settings in ((directory, [f"checkpoint={saved}"]), (made, [])):
        where = "by path" if settings else "as best_model.pt"
        report.check(f"{name}: predict from Python's file, {where}", predicts, trainer, target, settings, content)


def predicts(trainer, target, settings, content):
    """The predictions are those of the twin with Python's weights."""
    trainer.infer("predict", target, INDICES, *settings)
    for path, split, method in outputs(target):
        if method == "predict":
            return check_output(path, split, method, content)
    raise Wrong("no predictions were written")


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    program, nextstep, work = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
    torch.set_num_threads(1)
    report = Report()
    demand(sorted(NAMES) == sorted(f.stem for f in RUNS.glob("*.yaml")), f"run_checks.py runs {NAMES}")
    committed_data(report, work)
    run_data.write(work / "data")
    os.chdir(work)
    for name in NAMES:
        with report.part(name):
            run(report, Trainer(program), name, nextstep)
    return report.close("interop")


if __name__ == "__main__":
    sys.exit(main())
