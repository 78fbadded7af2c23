"""Fetches a libtorch for CPU use with pip, once, into the cache. Used by libtorch.py.

The wheel `torch` is a CUDA build, yet its libtorch_cpu.so runs without CUDA when two small
libraries (the CUDA runtime and CUPTI) lie where it looks. Its RPATH ends in $ORIGIN, so everything
goes into one lib/. Kept are the headers, libtorch_cpu.so and what the ELF headers say it needs.

A fetched tree takes its name when it is whole and was loaded once; one process fetches at a time.
"""
import contextlib
import email
import fcntl
import importlib.util
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

NEEDED_BYTES = 1_500_000_000  # at the peak: pip's download, its copy, then the tree
CUDA_PARTS = ("cudart", "cupti")
CUDA_WHEELS = ("nvidia-cuda-runtime", "nvidia-cuda-cupti")


class FetchError(Exception):
    """Why there is no libtorch now, as one sentence."""


def fetch(version, root, whole, say):
    """Makes root, the libtorch of this version, unless whole() says that another process has meanwhile."""
    if platform.system() != "Linux" or platform.machine() not in ("x86_64", "aarch64"):
        raise FetchError(f"libtorch can be fetched for Linux on x86_64 and aarch64 only, not for "
                         f"{platform.system()} on {platform.machine()}")
    cache = root.parent
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with locked(cache / "libtorch.lock", say):
            if whole():
                return
            for stale in cache.glob("libtorch-*.tmp-*"):  # of a fetch that was killed: we hold the lock
                shutil.rmtree(stale, ignore_errors=True)
            fetch_locked(version, root, say)
    except OSError as e:
        raise FetchError(f"cannot keep libtorch in {cache}: {e}") from e


def fetch_locked(version, root, say):
    free = shutil.disk_usage(root.parent).free
    if free < NEEDED_BYTES:
        raise FetchError(f"{root.parent} has {free // 1_000_000} MB free, fetching libtorch takes "
                         f"{NEEDED_BYTES // 1_000_000} MB; free some, or set XDG_CACHE_HOME to another disk")
    if importlib.util.find_spec("pip") is None:
        raise FetchError(f"{sys.executable} has no pip, which fetches libtorch; install it "
                         "(Debian, Ubuntu: apt-get install python3-pip)")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the folder goes on TERM, too
    with tempfile.TemporaryDirectory(prefix=f"{root.name}.tmp-", dir=root.parent) as tmp:
        tmp, tree = Path(tmp), Path(tmp, "tree")
        say(f"fetching version {version} with pip, once, into {root} (about 540 MB)")
        wheel = only(pip_download([f"torch=={version}"], tmp, deps=False))
        unpack(wheel, tree, tmp, say)
        check_loads(tree / "lib" / "libtorch_cpu.so")
        os.sync()
        if root.exists():  # somebody took files out of it
            shutil.rmtree(root)
        tree.rename(root)
    say(f"version {version} is ready")


@contextlib.contextmanager
def locked(path, say):
    with open(path, "w") as f:
        try:
            fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another process is fetching libtorch; waiting for it")
            fcntl.flock(f, fcntl.LOCK_EX)
        yield


def pip_download(requirements, tmp, deps):
    """The wheels that pip fetched. Always those for CPython 3.11: the C++ part is the same in each,
    and so any Python will do that has a pip."""
    dest = Path(tempfile.mkdtemp(dir=tmp))
    machine = platform.machine()
    tags = [f"manylinux_2_{n}_{machine}" for n in range(28, 16, -1)]
    tags += [f"manylinux2014_{machine}"]
    if machine == "x86_64":
        tags += [f"manylinux_2_{n}_x86_64" for n in (12, 5)] + ["manylinux2010_x86_64", "manylinux1_x86_64"]
    command = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--no-cache-dir",
               "--retries", "2", "--only-binary=:all:", "--implementation", "cp", "--python-version", "3.11"]
    command += [f"--platform={tag}" for tag in tags] + ([] if deps else ["--no-deps"])
    command += ["--dest", str(dest), *requirements]
    env = {**os.environ, "TMPDIR": str(tmp)}  # pip's own copy: beside ours, not on a small /tmp
    progress = sys.stderr.fileno() if sys.stderr.isatty() else subprocess.DEVNULL
    pip = subprocess.Popen(command, stdout=progress, stderr=subprocess.PIPE, text=True, env=env)
    try:
        _, errors = pip.communicate()
    except BaseException:
        pip.kill()
        pip.wait()
        raise
    if pip.returncode != 0:
        said = [line[len("ERROR: "):] for line in errors.splitlines() if line.startswith("ERROR: ")]
        raise FetchError(f"pip could not get {' '.join(requirements)} ({said[0] if said else errors.strip()[-300:]}); "
                         "is this machine online? Once fetched, libtorch works offline")
    return sorted(dest.glob("*.whl"))


def unpack(wheel, tree, tmp, say):
    """Headers and needed libraries of the wheel, and of the CUDA wheels that it requires, into tree."""
    (tree / "lib").mkdir(parents=True)
    with zipfile.ZipFile(wheel) as z:
        say("unpacking")
        extract(z, tree, lambda name: name.startswith("torch/include/"), "torch/")
        requires = read_requires(z)
        left = take_needed(z, tree / "lib", ["libtorch_cpu.so", "libc10.so"])
        (tree / "build-version").write_text(z.read("torch/version.py").decode()
                                            .partition("__version__ = '")[2].partition("'")[0] + "\n")
    wheel.unlink()
    wanted = cuda_requirements(requires)
    if wanted and any(name.startswith("libcu") for name in left):
        for small in pip_download(wanted, tmp, deps=True):
            with zipfile.ZipFile(small) as z:
                left = take_needed(z, tree / "lib", left)


def extract(z, tree, wanted, strip):
    for info in z.infolist():
        if wanted(info.filename) and not info.is_dir():
            to = tree / info.filename[len(strip):]
            to.parent.mkdir(parents=True, exist_ok=True)
            with z.open(info) as src, open(to, "wb") as dst:
                shutil.copyfileobj(src, dst, 1 << 20)


def take_needed(z, lib, names):
    """Takes the libraries called names out of the wheel, and what they need in turn; returns the
    names that the wheel does not have (the system's own are among them)."""
    members = {Path(n).name: n for n in z.namelist() if Path(n).parent.name == "lib"}
    queue, left = list(names), []
    while queue:
        name = queue.pop()
        if (lib / name).exists() or name in left:
            continue
        if name not in members:
            left.append(name)
            continue
        with z.open(members[name]) as src, open(lib / name, "wb") as dst:
            shutil.copyfileobj(src, dst, 1 << 20)
        queue += needed(lib / name)
    return left


def needed(library):
    """The names of the libraries that this one is linked with."""
    try:
        out = subprocess.run(["readelf", "-dW", str(library)], capture_output=True, text=True, check=True).stdout
    except FileNotFoundError:
        raise FetchError("readelf is missing; install the C++ compiler first "
                         "(Debian, Ubuntu: apt-get install g++ make)") from None
    return re.findall(r"\(NEEDED\)[^\[]*\[([^\]]+)\]", out)


def read_requires(z):
    """The lines Requires-Dist of a wheel."""
    name = only([n for n in z.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", n)])
    return email.message_from_bytes(z.read(name)).get_all("Requires-Dist") or []


def cuda_requirements(requires):
    """What pip is asked for so that it brings the CUDA runtime and CUPTI in torch's own version.
    torch names them directly, or as extras of the meta package cuda-toolkit."""
    wanted = []
    for line in requires:
        spec = line.partition(";")[0].strip()
        m = re.match(r"cuda-toolkit\[([^\]]*)\](.*)", spec)
        if m:
            extras = [e for e in CUDA_PARTS if e in m[1].split(",")]
            wanted += [f"cuda-toolkit[{','.join(extras)}]{m[2].strip()}"] if extras else []
        elif spec.startswith(CUDA_WHEELS):
            wanted.append(spec)
    return wanted


def check_loads(library):
    """Loads the library in a process of its own, without the user's library path."""
    env = {k: v for k, v in os.environ.items() if k not in ("LD_LIBRARY_PATH", "LD_PRELOAD")}
    run = subprocess.run([sys.executable, "-c", "import ctypes, sys; ctypes.CDLL(sys.argv[1])", str(library)],
                         env=env, capture_output=True, text=True)
    if run.returncode != 0:
        why = (run.stderr.strip().splitlines() or [f"exit status {run.returncode}"])[-1]
        raise FetchError(f"the libtorch that was fetched does not load on this machine ({why})")


def only(found):
    if len(found) != 1:
        raise FetchError(f"expected one file from pip, found {len(found)}")
    return found[0]
