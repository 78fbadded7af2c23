"""Makes, or checks, the parity data that the Go tests compare with: plain PyTorch's numbers.

    python interop/make_parity.py OUT_DIR         writes every file of parity/
    python interop/make_parity.py --check DIR     makes them again in memory and compares

It proves that the committed data are what PyTorch computes here: inputs and initial weights
bit for bit, float64 to 1e-9, float32 losses to 1e-5, optimizer steps to 1e-6, all relative.
The check exits with 1 and names every tensor that differs. What the files hold: parity/README.md.
"""
import argparse
import json
import pathlib
import sys

import torch
from safetensors.torch import load_file, save_file

import parity_golden
from parity_cases import BATCH, BATCHES, NOISES, cases
from parity_models import tensors, total_variance

TOLERANCE = {"float64": 1e-9, "losses": 1e-5}


def describe(case, t):
    """What a test must know of a case beside its tensors."""
    keys = ("name", "type", "variant", "params", "input_shape", "optimizer", "grad_clip", "steps", "step")
    names = lambda prefix: [k[len(prefix):] for k in t if k.startswith(prefix)]
    return {
        "file": case["name"] + ".safetensors", **{k: case[k] for k in keys},
        **({"starts": True} if case["starts"] else {}), **{k: case[k] for k in ("parts", "label_parts") if case[k]}, **labels(t.get("y")), "batch_size": BATCH, "batches": BATCHES,
        "noises": NOISES if "noise" in t else 0,
        "total_variance": total_variance(t["x"][:BATCH]) if "aux_k" in case["params"] else None,
        "parameters": names("f64.grad."), "state_dict": names("init."),
        "metrics": names("f64.metric."), "outputs": names("f64.out."), "tolerance": TOLERANCE,
    }


def labels(y):
    """The shape of one label, and one more than the largest where all are whole numbers from 0."""
    if y is None:
        return {"label_shape": None, "classes": 0}
    whole = bool((y == y.round()).all() and (y >= 0).all()) if y.is_floating_point() else True
    return {"label_shape": list(y.shape[1:]), "classes": int(y.max()) + 1 if whole else 0}


def generate():
    """All files as {name: tensors or plain JSON}."""
    files, table = {}, []
    for case in cases():
        t = tensors(case)
        files[case["name"] + ".safetensors"] = t
        table.append(describe(case, t))
    files["cases.json"] = table
    files["init.safetensors"], files["init.json"] = parity_golden.init()
    files["optim.safetensors"], files["optim.json"] = parity_golden.optim()
    return files


def write(files, out):
    out.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        if name.endswith(".json"):
            (out / name).write_text(json.dumps(content, indent=1) + "\n")
        else:
            save_file({k: v.contiguous() for k, v in content.items()}, out / name)
            (out / name).chmod(0o644)
    size = sum(f.stat().st_size for f in out.iterdir())
    print(f"{len(files)} files, {size / 1e6:.2f} MB in {out}")


def allowed(file, name):
    """The relative tolerance of a tensor, and whether it holds for each element (else for the largest)."""
    if name == "f32.losses":
        return TOLERANCE["losses"], True
    if name.startswith("f64."):
        return TOLERANCE["float64"], False
    if file == "optim.safetensors" and not name.startswith(("param.", "grad.")):
        return 1e-6, False
    if file == "init.safetensors" and torch.backends.cpu.get_cpu_capability() == "DEFAULT":
        return 1e-6, False
    return 0.0, False


def difference(file, name, want, got):
    """A sentence on how a tensor differs, or None."""
    if got is None or want is None:
        return f"{file}: {name}: only in the " + ("committed file" if got is None else "new data")
    if want.dtype != got.dtype or want.shape != got.shape:
        return f"{file}: {name}: {want.dtype} {list(want.shape)}, now {got.dtype} {list(got.shape)}"
    tolerance, each = allowed(file, name)
    want, got = want.double(), got.double()
    scale = want.abs() if each or not want.numel() else want.abs().max()
    if torch.isfinite(got).all() and ((got - want).abs() <= tolerance * scale).all():
        return None
    return f"{file}: {name}: differs by {(got - want).abs().max():.3g} where {want.abs().max():.3g} is the largest value"


def check(files, folder):
    """Every difference between the new data and the folder's."""
    wrong = [f"{f.name}: no case makes this file" for f in sorted(folder.iterdir())
             if f.suffix in (".json", ".safetensors") and f.name not in files]
    for name, content in files.items():
        if not (folder / name).is_file():
            wrong.append(f"{name}: missing in {folder}")
        elif name.endswith(".json"):
            if json.loads((folder / name).read_text()) != json.loads(json.dumps(content)):
                wrong.append(f"{name}: differs; run make_parity.py {folder}")
        else:
            old = load_file(folder / name)
            found = (difference(name, k, old.get(k), content.get(k)) for k in sorted(old.keys() | content.keys()))
            wrong += [d for d in found if d]
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    parser.add_argument("dir", type=pathlib.Path)
    args = parser.parse_args()
    torch.set_num_threads(1)
    files = generate()
    if not args.check:
        return write(files, args.dir)
    wrong = check(files, args.dir)
    if wrong:
        sys.exit("parity data differ from what PyTorch computes here\n  " + "\n  ".join(wrong))
    print(f"parity: {len(files)} files agree with torch {torch.__version__}")


if __name__ == "__main__":
    main()
