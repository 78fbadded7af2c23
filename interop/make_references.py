"""Makes, or checks, the golden losses that the Go tests of `compat` meet: those of real libraries.

    PY=$(interop/venv.sh interop/requirements-references.txt)
    "$PY" interop/make_references.py interop/references            writes the folder
    "$PY" interop/make_references.py --check interop/references    trains again and compares

Each case trains a library's own model with its own trainer for 100 steps, and the same is told to trainer by the config
of the case. The check holds data and initial weights bit for bit, and losses to 1e-4 relative, since products are
rounded otherwise on other processors. What the files hold: references/README.md.
"""
import argparse
import contextlib
import io
import json
import logging
import os
import pathlib
import sys
import warnings

os.environ |= {"HF_HUB_OFFLINE": "1", "WANDB_MODE": "disabled"}
warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)

import torch  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402

import references_dictionary_learning  # noqa: E402
import references_pythae  # noqa: E402
import references_saelens  # noqa: E402
import references_sparsify  # noqa: E402
from reference_case import BATCH, BATCHES, NOISES, inputs  # noqa: E402

LIBRARIES = (references_saelens, references_dictionary_learning, references_sparsify, references_pythae)
TOLERANCE = 1e-4


def describe(case, t):
    """What the Go test must know of a case beside its tensors."""
    keys = ("name", "type", "variant", "params", "input_shape", "optimizer", "clip", "first_step", "samples")
    return {**{k: case[k] for k in keys}, "label_shape": list(t["y"].shape[1:]) if "y" in t else None,
            "batch_size": BATCH, "batches": BATCHES, "noises": NOISES}


def generate():
    """All cases as (description, tensors)."""
    for library in LIBRARIES:
        for case in library.cases():
            t = inputs(case)
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                torch.manual_seed(0)
                losses, rates, *last = case["run"](case, t)
            t |= {"losses": torch.tensor(losses, dtype=torch.float32), "learning_rates": torch.tensor(rates, dtype=torch.float64)}
            t |= {"last." + k: torch.as_tensor(v, dtype=torch.float32) for k, v in (last[0] if last else {}).items()}
            assert torch.isfinite(t["losses"]).all() and t["losses"].std() > 0, case["name"]
            yield describe(case, t), t


def write(folder):
    folder.mkdir(parents=True, exist_ok=True)
    table = []
    for description, t in generate():
        table.append(description)
        file = folder / (description["name"] + ".safetensors")
        save_file({k: v.contiguous() for k, v in t.items()}, file)
        file.chmod(0o644)
    (folder / "cases.json").write_text(json.dumps(table, indent=1) + "\n")
    print(f"{len(table)} cases in {folder}")


def differences(name, old, new):
    """A sentence for each tensor that differs by more than it may."""
    for key in sorted(old.keys() | new.keys()):
        if key not in old or key not in new:
            yield f"{name}: {key}: only in the " + ("committed file" if key in old else "new data")
            continue
        want, got = old[key].double(), new[key].double()
        allowed = TOLERANCE if key == "losses" or key.startswith("last.") else 0.0
        if want.shape != got.shape or ((got - want).abs() > allowed * want.abs()).any():
            yield f"{name}: {key}: differs"


def check(folder):
    table, wrong = [], []
    for description, t in generate():
        table.append(description)
        file = folder / (description["name"] + ".safetensors")
        wrong += differences(description["name"], load_file(file), t) if file.is_file() else [f"{file.name}: missing"]
    if json.loads((folder / "cases.json").read_text()) != json.loads(json.dumps(table)):
        wrong.append("cases.json: differs")
    files = {d["name"] + ".safetensors" for d in table}
    return wrong + [f"{f.name}: no case makes this file" for f in sorted(folder.glob("*.safetensors")) if f.name not in files], len(table)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    parser.add_argument("dir", type=pathlib.Path)
    args = parser.parse_args()
    torch.set_num_threads(1)
    if not args.check:
        return write(args.dir)
    wrong, cases = check(args.dir)
    if wrong:
        sys.exit("golden losses differ from what the libraries compute here\n  " + "\n  ".join(wrong))
    print(f"references: {cases} cases agree")


if __name__ == "__main__":
    main()
