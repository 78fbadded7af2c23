#!/usr/bin/env python3
"""Finds libtorch, or fetches it once, and prints its folder (include/ and lib/) on stdout.

    cgo/libtorch.py               the folder; what happens meanwhile goes to stderr
    cgo/libtorch.py version DIR   the version of the libtorch in DIR, like 2.15.0+cu132

Looked for in this order:
  1. $LIBTORCH, an unpacked libtorch;
  2. the PyTorch that is installed for this python3 (found without importing it);
  3. ${XDG_CACHE_HOME:-~/.cache}/trainer/libtorch-VERSION-cpu, fetched with pip where it is not there yet.

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


def missing_part(root):
    """The first file that a libtorch must have and root has not, or ''."""
    for part in ("include/ATen/ATen.h", "lib/libtorch_cpu.so", "lib/libc10.so"):
        if not (root / part).is_file():
            return part
    return ""


def same_version(found, wanted):
    return found.split("+")[0] == wanted.split("+")[0]


def from_environment(wanted):
    """$LIBTORCH, or None. It was asked for by name, so a wrong one is an error, not a skip."""
    value = os.environ.get("LIBTORCH")
    if not value:
        return None
    root = Path(value).expanduser().resolve()
    part = missing_part(root)
    if part:
        raise Problem(f"LIBTORCH={value} has no {part}; set it to an unpacked libtorch, or unset it")
    version = version_of(root)
    if not supported(version):
        raise Problem(f"LIBTORCH={value} is version {version or 'unknown'}, trainer supports {SUPPORTED}")
    if wanted and not same_version(version, wanted):
        raise Problem(f"LIBTORCH={value} is version {version}, but TORCH_VERSION={wanted}; unset one of them")
    return root


def from_python(wanted):
    """The folder of the installed package torch, or None; says why when one is passed over."""
    spec = importlib.util.find_spec("torch")
    for place in (spec.submodule_search_locations or []) if spec else []:
        root = Path(place).resolve()
        version, part = version_of(root), missing_part(root)
        if part:
            say(f"skipping {root}: it has no {part}")
        elif not supported(version):
            say(f"skipping PyTorch {version} in {root}: trainer supports {SUPPORTED}")
        elif wanted and not same_version(version, wanted):
            say(f"skipping PyTorch {version} in {root}: TORCH_VERSION={wanted}")
        else:
            return root
    return None


def cache_folder():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(base).resolve() / "trainer"


def from_cache(version):
    """The fetched libtorch of this version; fetches it first where it is not there."""
    root = cache_folder() / f"libtorch-{version}-cpu"
    if missing_part(root):
        import libtorch_fetch  # only here: most runs need none of it
        try:
            libtorch_fetch.fetch(version, root, lambda: not missing_part(root), say)
        except libtorch_fetch.FetchError as e:
            raise Problem(f"{e}; or set LIBTORCH to an unpacked libtorch ({SUPPORTED})") from e
    return root


def find():
    wanted = os.environ.get("TORCH_VERSION", "").strip().split("+")[0]
    if wanted and not supported(wanted):
        raise Problem(f"TORCH_VERSION={wanted} is not supported; set it to one of {SUPPORTED}, like 2.15.0, or unset it")
    pinned = Path(__file__).with_name("libtorch.version").read_text().strip()
    return from_environment(wanted) or from_python(wanted) or from_cache(wanted or pinned)


def main(args):
    if len(args) == 2 and args[0] == "version":
        print(version_of(Path(args[1])))
        return 0
    if args:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        print(find())
        return 0
    except Problem as e:
        say(e)
        return 1
    except KeyboardInterrupt:
        say("interrupted; nothing was kept")
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
