"""Fetches libtorch with pip, once, into the cache. Used by libtorch.py.

The wheel `torch` is a CUDA build, yet its libtorch_cpu.so runs without CUDA when two small
libraries (the CUDA runtime and CUPTI) lie where it looks. For CUDA the wheels of NVIDIA's libraries
that it requires come, too (about 2 GB more), and CUDA's headers. The RPATH of all libraries ends in
$ORIGIN, so they go into one lib/. Kept are the headers, the libraries in ROOTS, what the ELF headers
say that they need, and what those open by name (PLUGINS).

A fetched tree takes its name when it is whole and was loaded once; one process fetches at a time.
"""
import contextlib
import email
import fcntl
import filecmp
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

# At the peak: pip's download, its copy, then the tree.
NEEDED_BYTES = {"cpu": 1_500_000_000, "cuda": 8_000_000_000}
DOWNLOAD = {"cpu": "540 MB", "cuda": "2.9 GB"}
ROOTS = {"cpu": ["libtorch_cpu.so", "libc10.so"]}
ROOTS["cuda"] = ROOTS["cpu"] + ["libtorch_cuda.so", "libc10_cuda.so", "libcaffe2_nvrtc.so"]
PLUGINS = re.compile(r"libcudnn_\w+\.so|libnvrtc-builtins\.so")
# What the CPU needs of CUDA: as extras of the meta package cuda-toolkit, or as wheels.
CPU_EXTRAS = ("cudart", "cupti")
CPU_WHEELS = ("nvidia-cuda-runtime", "nvidia-cuda-cupti")


class FetchError(Exception):
    """Why there is no libtorch now, as one sentence."""


def fetch(version, kind, root, whole, say):
    """Makes root, the libtorch of this version and kind (cpu or cuda), unless whole() says that
    another process has meanwhile."""
    def fill(tree, tmp):
        say(f"fetching version {version} for {kind} with pip, once, into {root} (about {DOWNLOAD[kind]})")
        unpack(kind, only(pip_download([f"torch=={version}"], tmp, False, say)), tree, tmp, say)
        check_loads(tree / "lib" / ("libtorch_cuda.so" if kind == "cuda" else "libtorch_cpu.so"))
        if kind == "cuda":
            share(tree, root.with_name(f"libtorch-{version}-cpu"))

    make(root, NEEDED_BYTES[kind], whole, fill, say)
    say(f"version {version} is ready")


def fetch_headers(cuda, parts, folder, whole, say):
    """Makes folder: the headers of these parts (cudart,crt) of CUDA, like 13.2, for a libtorch that
    came without them."""
    def fill(tree, tmp):
        say(f"fetching the headers {parts} of CUDA {cuda} with pip, once, into {folder}")
        with opened(pip_download([f"cuda-toolkit[{parts}]=={cuda}.*"], tmp, True, say)) as wheels:
            take_headers(wheels, tree)

    make(folder, NEEDED_BYTES["cpu"], whole, fill, say)


def make(root, size, whole, fill, say):
    """Makes the folder root by fill(tree, tmp), under the cache's lock and whole or not at all."""
    if platform.system() != "Linux" or platform.machine() not in ("x86_64", "aarch64"):
        raise FetchError(f"libtorch can be fetched for Linux on x86_64 and aarch64 only, not for "
                         f"{platform.system()} on {platform.machine()}")
    cache = root.parent
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with locked(cache / "libtorch.lock", say):
            if whole():
                return
            for stale in cache.glob("*.tmp-*"):  # of a fetch that was killed: we hold the lock
                shutil.rmtree(stale, ignore_errors=True)
            check_ready(cache, size)
            make_locked(root, fill)
    except OSError as e:
        raise FetchError(f"cannot keep libtorch in {cache}: {e}") from e


def check_ready(cache, size):
    free = shutil.disk_usage(cache).free
    if free < size:
        raise FetchError(f"{cache} has {free // 1_000_000} MB free, fetching libtorch takes "
                         f"{size // 1_000_000} MB; free some, or set XDG_CACHE_HOME to another disk")
    if importlib.util.find_spec("pip") is None:
        raise FetchError(f"{sys.executable} has no pip, which fetches libtorch; install it "
                         "(Debian, Ubuntu: apt-get install python3-pip)")


def make_locked(root, fill):
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the folder goes on TERM, too
    with tempfile.TemporaryDirectory(prefix=f"{root.name}.tmp-", dir=root.parent) as tmp:
        tmp, tree = Path(tmp), Path(tmp, "tree")
        tree.mkdir()
        fill(tree, tmp)
        os.sync()
        if root.exists():  # somebody took files out of it
            shutil.rmtree(root)
        tree.rename(root)


@contextlib.contextmanager
def locked(path, say):
    with open(path, "w") as f:
        try:
            fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another process is fetching libtorch; waiting for it")
            fcntl.flock(f, fcntl.LOCK_EX)
        yield


def pip_download(requirements, tmp, deps, say):
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
    on_terminal = sys.stderr.isatty()  # there pip has a bar of its own
    pip = subprocess.Popen(command, stdout=sys.stderr.fileno() if on_terminal else subprocess.DEVNULL,
                           stderr=subprocess.PIPE, text=True, env=env)
    try:
        errors = watch(pip, tmp, None if on_terminal else say)
    except BaseException:
        pip.kill()
        pip.wait()
        raise
    if pip.returncode != 0:
        said = [line[len("ERROR: "):] for line in errors.splitlines() if line.startswith("ERROR: ")]
        raise FetchError(f"pip could not get {' '.join(requirements)} ({said[0] if said else errors.strip()[-300:]}); "
                         "is this machine online? Once fetched, libtorch works offline")
    return sorted(dest.glob("*.whl"))


def watch(pip, folder, say, every=10):
    """Waits for pip and answers what it wrote to stderr; tells every so many seconds how much lies in
    the folder by then."""
    while True:
        try:
            return pip.communicate(timeout=every)[1]
        except subprocess.TimeoutExpired:
            if say:
                say(f"{size_of(folder) / 1e6:.0f} MB so far")


def size_of(folder):
    """The bytes of all files in a folder, as far as files and folders are still there."""
    size = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                size += os.lstat(os.path.join(place, name)).st_size
    return size


def unpack(kind, wheel, tree, tmp, say):
    """Headers and needed libraries of the wheel, and of the CUDA wheels that it requires, into tree."""
    say("unpacking")
    lib = tree / "lib"
    lib.mkdir()
    with opened([wheel]) as (z,):
        extract(z, tree, lambda name: name.startswith("torch/include/"), "torch/")
        version = z.read("torch/version.py").decode().partition("__version__ = '")[2].partition("'")[0]
        (tree / "build-version").write_text(version + "\n")
        requires = read_requires(z)
        left = take_needed([z], lib, ROOTS[kind])
    wheel.unlink()
    wanted = cuda_requirements(requires, kind)
    if not wanted or not any(name.startswith("libcu") for name in left):
        return
    with opened(pip_download(wanted, tmp, True, say)) as wheels:
        take_needed(wheels, lib, left + (plugins(wheels) if kind == "cuda" else []))
        if kind == "cuda":
            take_headers(wheels, tree / "cuda" / "include")


@contextlib.contextmanager
def opened(wheels):
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(zipfile.ZipFile(w)) for w in wheels]


def plugins(wheels):
    """The libraries that cuDNN and NVRTC open by name when they are used."""
    return [Path(n).name for z in wheels for n in z.namelist() if PLUGINS.match(Path(n).name)]


def take_headers(wheels, include):
    for z in wheels:
        prefix = next((m[0] for n in z.namelist() if (m := re.match(r"nvidia/cu\d+/include/", n))), None)
        if prefix:
            extract(z, include, lambda name, p=prefix: name.startswith(p), prefix)


def extract(z, tree, wanted, strip):
    for info in z.infolist():
        if wanted(info.filename) and not info.is_dir():
            to = tree / info.filename[len(strip):]
            to.parent.mkdir(parents=True, exist_ok=True)
            with z.open(info) as src, open(to, "wb") as dst:
                shutil.copyfileobj(src, dst, 1 << 20)


def take_needed(wheels, lib, names):
    """Takes the libraries called names out of the wheels, and what they need in turn; returns the
    names that no wheel has (the system's own are among them)."""
    members = {Path(n).name: (z, n) for z in wheels for n in z.namelist() if Path(n).parent.name == "lib"}
    queue, left = list(names), []
    while queue:
        name = queue.pop()
        if (lib / name).exists() or name in left:
            continue
        if name not in members:
            left.append(name)
            continue
        z, member = members[name]
        with z.open(member) as src, open(lib / name, "wb") as dst:
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


def cuda_requirements(requires, kind):
    """What pip is asked for so that it brings CUDA's libraries in torch's own versions. torch names
    them directly, or as extras of the meta package cuda-toolkit, which has CUDA's compiler headers."""
    wanted = []
    for line in requires:
        spec = line.partition(";")[0].strip()
        m = re.match(r"cuda-toolkit\[([^\]]*)\](.*)", spec)
        if m:
            extras = m[1].split(",")
            extras = extras + ["crt"] if kind == "cuda" else [e for e in extras if e in CPU_EXTRAS]
            wanted += [f"cuda-toolkit[{','.join(extras)}]{m[2].strip()}"] if extras else []
        elif spec.startswith("nvidia-" if kind == "cuda" else CPU_WHEELS):
            wanted.append(spec)
    return wanted


def share(tree, other):
    """Makes one file of what is the same in both trees; where the disk cannot, both stay."""
    for path in sorted(p for p in tree.rglob("*") if p.is_file()):
        twin = other / path.relative_to(tree)
        if twin.is_file() and filecmp.cmp(path, twin, shallow=False):
            with contextlib.suppress(OSError):
                path.with_name(path.name + ".link").hardlink_to(twin)
                path.with_name(path.name + ".link").replace(path)


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
