"""Runs the blocks of README.md, docs/*.md and the examples of every help page, in order, in one folder.

    python interop/check_docs.py TRAINER WORK_FOLDER

A block's first line says what is expected of it:

    ```bash                 runs (bash -euo pipefail) and ends with exit code 0
    ```bash exit-2          runs, and its last command ends with exit code 2
    ```bash no-run: WHY     is not run
    ```output               what the block before printed: … stands for anything, numbers may differ
    ```python [FILE]        runs with this Python, or is written to the file
    ```yaml FILE            is written to the file, which `trainer validate` accepts once its data are there
    ```yaml                 is a part of a config: `trainer validate` accepts configs/train_vae.yaml with it

Other languages are not looked at. The configs of configs/ are made short, so that their runs take a second.
"""
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import zlib

from report import Report, demand

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
FENCE = re.compile(r"^( *)```(bash|output|python|yaml) ?(.*)\n((?:.*\n)*?)\1```$", re.MULTILINE)
SHORT = [(r"(?m)^(  epochs:) \d+", r"\1 2"), (r"(?m)^(  count:) \d{4,}", r"\1 2048")]
NUMBER = re.compile(r"[-+]?\d+(?:[.,:-]\d+)*(?:e[-+]?\d+)?")

# Examples of help pages that need what this machine may not have.
NOT_RUN = {"trainer sync experiments/vae/baseline": "needs a run that is reported to MLflow; docs/mlflow.md has one"}

# What an example needs that an earlier one has changed.
BEFORE = {"trainer extract-embeddings experiments/sae/baseline --set output.format=csr_npz": "trainer train configs/train_sae.yaml -q"}


class Documents:
    """The folder that blocks are run in, and what the last of them printed."""

    def __init__(self, report, program, folder):
        self.report, self.folder, self.printed = report, folder, ""
        (folder / "bin").mkdir(parents=True)
        (folder / "bin" / "trainer").symlink_to(program)
        (folder / "home").mkdir()
        shutil.copytree(REPOSITORY / "configs", folder / "configs")
        for path in (folder / "configs").glob("*.yaml"):
            path.write_text(shortened(path.read_text()))
        pictures(folder / "data" / "pictures")
        clean = {k: v for k, v in os.environ.items() if not k.startswith("MLFLOW_")}
        self.env = clean | {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "HOME": str(folder / "home"), "NO_COLOR": "1",
                            "TMPDIR": str(folder / "home"), "PYTHONPATH": str(folder)}

    def document(self, path):
        """The blocks of a document, in order, to the first that fails."""
        text = (REPOSITORY / path).read_text()
        for block in FENCE.finditer(text):
            line = text.count("\n", 0, block.start()) + 1
            indent, language, info, body = block.groups()
            body = re.sub(f"(?m)^{indent}", "", body)
            name = f"{path}:{line}: {language}"
            if info.startswith("no-run"):
                demand(re.fullmatch(r"no-run: \S.+", info), f"{name}: no reason why it is not run")
                self.report.skip(name, info.removeprefix("no-run: "))
                continue
            if not self.report.check(name, getattr(self, language), info, body) and language != "output":
                self.report.skip(f"{path}: the rest", "builds on what failed")
                return

    def bash(self, info, body):
        demand(info in ("", "exit-1", "exit-2"), f"found {info!r}, expected nothing, exit-1, exit-2 or no-run: WHY")
        self.run(["bash", "-euo", "pipefail", "-c", body], int(info[-1:] or 0))

    def python(self, info, body):
        if info:
            (self.folder / info).write_text(body)
        self.run([sys.executable, "-c", body])

    def yaml(self, info, body):
        path = self.folder / (info or "part_of_docs.yaml")
        path.write_text(body if info else "extends: configs/train_vae.yaml\n" + body)
        if "source: embeddings" not in body:  # those are there when the config's command runs
            self.run(["trainer", "validate", str(path)])
        return f"written to {info}" if info else "a part of a config"

    def output(self, info, body):
        demand(not info, f"found {info!r} behind output")
        at = 0
        printed = [masked(line) for line in self.printed.splitlines()]
        for line in filter(None, map(masked, body.splitlines())):
            if line == "…":
                continue
            pattern = re.compile(".*".join(map(re.escape, line.split("…"))))
            found = next((i for i in range(at, len(printed)) if pattern.fullmatch(printed[i])), None)
            demand(found is not None, f"{line!r} is not in what was printed: {self.printed}")
            at = found + 1

    def run(self, command, expected=0):
        done = subprocess.run(command, cwd=self.folder, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              stdin=subprocess.DEVNULL, text=True, timeout=120)
        self.printed = done.stdout
        demand(done.returncode == expected, f"exit code {done.returncode}, expected {expected}: {done.stdout[-1500:]}")

    def examples(self):
        """The examples of `trainer --help` and of every command's help, as its page has them."""
        top = self.help()
        names = re.findall(r"(?m)^   ([a-z-]+) {2,}\S", top)
        for page in [top] + [self.help(name) for name in names]:
            for line in re.findall(r"(?m)^   (trainer .*)$", page.split("\nEXAMPLES\n")[1].split("\nSEE ALSO\n")[0]):
                if line in NOT_RUN:
                    self.report.skip(line, NOT_RUN[line])
                else:
                    self.report.check(line, self.example, line)

    def example(self, line):
        made = re.match(r"trainer init \S+ ?([^- ]\S*)?", line)
        if made:  # a file that exists is not overwritten
            (self.folder / (made[1] or f"train_{line.split()[2]}.yaml")).unlink(missing_ok=True)
        self.run(["bash", "-euo", "pipefail", "-c", "\n".join([BEFORE.get(line, ":"), line])])

    def help(self, *command):
        return subprocess.run(["trainer", *command, "--help"], env=self.env, capture_output=True, text=True, check=True, timeout=20).stdout


def pictures(folder):
    """What configs/train_images.yaml reads: PNG files of 24 by 20 pixels in two classes."""
    for i in range(40):
        lines = b"".join(b"\0" + bytes((x * i + y * c) % 256 for x in range(20) for c in (1, 2, 3)) for y in range(24))
        chunks = [(b"IHDR", struct.pack(">IIBBBBB", 20, 24, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(lines)), (b"IEND", b"")]
        path = folder / ("odd" if i % 2 else "even") / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks))


def shortened(config):
    """The config with few samples and epochs."""
    for pattern, by in SHORT:
        config = re.sub(pattern, by, config)
    return config


def masked(line):
    """A line without what changes from run to run: numbers and the width of columns."""
    return " ".join(NUMBER.sub("#", line).split())


def order():
    """README.md, then the documents in the order of docs/README.md; each must be listed there."""
    listed = re.findall(r"\]\(([a-z-]+\.md)\)", (REPOSITORY / "docs" / "README.md").read_text())
    there = {p.name for p in (REPOSITORY / "docs").glob("*.md")} - {"README.md"}
    demand(set(listed) == there, f"docs/README.md lists {sorted(listed)}, in docs/ are {sorted(there)}")
    return ["README.md"] + [f"docs/{name}" for name in listed]


def links(path):
    """Every relative link of a document leads to a file, and to a heading in it."""
    text = (REPOSITORY / path).read_text()
    count = 0
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target:
            continue
        name, _, heading = target.partition("#")
        there = (REPOSITORY / path).parent / name if name else REPOSITORY / path
        demand(there.exists(), f"{target}: no such file")
        if heading:
            demand(heading in anchors(there.read_text()), f"{target}: no such heading")
        count += 1
    return f"{count} links"


def anchors(text):
    """The headings of a document as GitHub names them."""
    return {re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in re.findall(r"(?m)^#+ (.+)$", text)}


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    report = Report()
    documents = Documents(report, pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]) / "docs")
    for path in order():
        report.check(f"{path}: links", links, path)
        documents.document(path)
    documents.examples()
    return report.close("docs")


if __name__ == "__main__":
    sys.exit(main())
