#!/usr/bin/env python3
"""Finds libtorch, or fetches it once, and prints its folder (include/ and lib/) on stdout.

    cgo/libtorch.py [cpu|cuda]    the folder; what happens meanwhile goes to stderr
    cgo/libtorch.py version DIR   the version of the libtorch in DIR, like 2.15.0+cu132
    cgo/libtorch.py headers DIR   the folders with the CUDA headers that go with it, one a line

Looked for in this order:
  1. $LIBTORCH, an unpacked libtorch;
  2. the PyTorch that is installed for this python3 (found without importing it);
  3. ${XDG_CACHE_HOME:-~/.cache}/trainer/libtorch-VERSION-cpu or -cuda, fetched with pip where it is
     not there yet.

cuda asks for one that has CUDA 13; one with CUDA serves the CPU as well. CUDA's headers are looked
for in the libtorch, beside an installed PyTorch and in $CUDA_HOME, and else fetched.

VERSION is $TORCH_VERSION, else what cgo/libtorch.version says. A TORCH_VERSION that is set is a
demand: then an installed PyTorch counts only when it has that version.
"""
import importlib.util
import os
import re
import sys
from pathlib import Path

sys.dont_write_bytecode = True

OLDEST, NEWEST = (2, 11), (2, 15)
SUPPORTED = "2.11.0 to 2.15.x"
CUDA_MAJOR = "13"
PARTS = {"cpu": ("include/ATen/ATen.h", "lib/libtorch_cpu.so", "lib/libc10.so")}
PARTS["cuda"] = PARTS["cpu"] + ("lib/libtorch_cuda.so", "lib/libc10_cuda.so")
# Headers of CUDA that the shim and ATen's headers include, and the part of cuda-toolkit they are in.
HEADERS = {"cuda_runtime_api.h": "cudart", "crt/host_defines.h": "crt", "nvrtc.h": "nvrtc",
           "cublas_v2.h": "cublas", "cusparse.h": "cusparse", "cusolverDn.h": "cusolver"}


class Problem(Exception):
    """Something that the user can put right; its text is the whole message."""


def say(text):
    print(f"libtorch: {text}", file=sys.stderr, flush=True)


def supported(version):
    """Whether a version like 2.15.0 or 2.15.0+cu132 is one that trainer is made for."""
    m = re.match(r"(\d+)\.(\d+)\.(\d+)", version)
    return bool(m) and OLDEST <= (int(m[1]), int(m[2])) <= NEWEST


def version_of(root):
    """The version of the libtorch in root, or '' where it does not tell."""
    sources = (
        ("build-version", r"^(\S+)"),
        ("version.py", r"__version__ = '([^']+)'"),
        ("include/torch/headeronly/version.h", r'"(\d+\.\d+\.\d+)"'),
        ("include/torch/csrc/api/include/torch/version.h", r'"(\d+\.\d+\.\d+)"'),
    )
    for name, pattern in sources:
        try:
            m = re.search(pattern, (root / name).read_text())
        except OSError:
            continue
        if m:
            return m[1]
    return ""


def missing_part(root, kind):
    """The first file that a libtorch of this kind must have and root has not, or ''."""
    return next((part for part in PARTS[kind] if not (root / part).is_file()), "")


def cuda_of(version):
    """The CUDA that a version like 2.15.0+cu132 was built with, like 13.2, or ''."""
    m = re.search(r"\+cu(\d+)(\d)$", version)
    return f"{m[1]}.{m[2]}" if m else ""


def unsuited(root, kind, version):
    """Why the libtorch in root does not serve, as the end of a sentence about it, or ''."""
    part = missing_part(root, kind)
    if part:
        return f"has no {part}"
    if not supported(version):
        return f"is version {version or 'unknown'}, trainer supports {SUPPORTED}"
    if kind == "cuda" and cuda_of(version).partition(".")[0] not in ("", CUDA_MAJOR):
        return f"is version {version}, trainer's CUDA build needs CUDA {CUDA_MAJOR}"
    return ""


def same_version(found, wanted):
    return found.split("+")[0] == wanted.split("+")[0]


def from_environment(wanted, kind):
    """$LIBTORCH, or None. It was asked for by name, so a wrong one is an error, not a skip."""
    value = os.environ.get("LIBTORCH")
    if not value:
        return None
    root = Path(value).expanduser().resolve()
    version = version_of(root)
    why = unsuited(root, kind, version)
    if why:
        other = ", or build with TAGS=cpu" if kind == "cuda" and not unsuited(root, "cpu", version) else ""
        raise Problem(f"LIBTORCH={value} {why}; set it to an unpacked libtorch, or unset it{other}")
    if wanted and not same_version(version, wanted):
        raise Problem(f"LIBTORCH={value} is version {version}, but TORCH_VERSION={wanted}; unset one of them")
    return root


def from_python(wanted, kind):
    """The folder of the installed package torch, or None; says why when one is passed over."""
    spec = importlib.util.find_spec("torch")
    for place in (spec.submodule_search_locations or []) if spec else []:
        root = Path(place).resolve()
        version = version_of(root)
        why = unsuited(root, kind, version)
        if not why and wanted and not same_version(version, wanted):
            why = f"is version {version}, but TORCH_VERSION={wanted}"
        if not why:
            return root
        say(f"skipping the PyTorch in {root}: it {why}")
    return None


def cache_folder():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(base).resolve() / "trainer"


def from_cache(version, kind):
    """The fetched libtorch of this version; fetches it first where it is not there."""
    root, other = (cache_folder() / f"libtorch-{version}-{k}" for k in (kind, "cuda"))
    if not missing_part(root, kind):
        return root
    if not missing_part(other, kind):
        return other
    import libtorch_fetch  # only here: most runs need none of it
    try:
        libtorch_fetch.fetch(version, kind, root, lambda: not missing_part(root, kind), say)
    except libtorch_fetch.FetchError as e:
        raise Problem(f"{e}; or set LIBTORCH to an unpacked libtorch ({SUPPORTED})") from e
    return root


def missing_headers(folders):
    return [h for h in HEADERS if not any((f / h).is_file() for f in folders)]


def headers(root):
    """The folders of CUDA's headers for the libtorch in root; fetches those that are nowhere."""
    places = [root / "cuda" / "include", root.parent / "nvidia" / f"cu{CUDA_MAJOR}" / "include"]
    if os.environ.get("CUDA_HOME"):
        places.append(Path(os.environ["CUDA_HOME"], "include"))
    found = [p for p in places if p.is_dir()]
    missing = missing_headers(found)
    if not missing:
        return found
    cuda = cuda_of(version_of(root))
    if not cuda:
        raise Problem(f"the CUDA headers for {root} are not found: {missing[0]} is missing; set CUDA_HOME to a CUDA toolkit")
    fetched = cache_folder() / f"cuda-headers-{cuda}"
    if missing_headers(found + [fetched]):
        import libtorch_fetch
        parts = ",".join(dict.fromkeys(HEADERS[h] for h in missing))
        try:
            libtorch_fetch.fetch_headers(cuda, parts, fetched, lambda: not missing_headers(found + [fetched]), say)
        except libtorch_fetch.FetchError as e:
            raise Problem(f"{e}; or set CUDA_HOME to a CUDA {cuda} toolkit") from e
    return found + [fetched]


def find(kind):
    wanted = os.environ.get("TORCH_VERSION", "").strip().split("+")[0]
    if wanted and not supported(wanted):
        raise Problem(f"TORCH_VERSION={wanted} is not supported; set it to one of {SUPPORTED}, like 2.15.0, or unset it")
    pinned = Path(__file__).with_name("libtorch.version").read_text().strip()
    return from_environment(wanted, kind) or from_python(wanted, kind) or from_cache(wanted or pinned, kind)


def answer(args):
    """The lines that the command prints, or None where it is no command."""
    match args:
        case [] | ["cpu"]:
            return [find("cpu")]
        case ["cuda"]:
            return [find("cuda")]
        case ["version", folder]:
            return [version_of(Path(folder))]
        case ["headers", folder]:
            return headers(Path(folder).resolve())
    return None


def main(args):
    try:
        lines = answer(args)
    except Problem as e:
        say(e)
        return 1
    except KeyboardInterrupt:
        say("interrupted; nothing was kept")
        return 130
    print(*([__doc__] if lines is None else lines), sep="\n", file=sys.stderr if lines is None else sys.stdout)
    return 2 if lines is None else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
