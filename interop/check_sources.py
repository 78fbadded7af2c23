"""Checks that trainer reads what PIL, pyarrow, pandas, NumPy and safetensors write:

    python interop/check_sources.py TRAINER WORK_FOLDER

A model whose first layer is flatten is trained for a step; its output there, extracted, is the data as trainer has
read them.
"""
import pathlib
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import safetensors.numpy
import yaml

import make_image_testdata
from report import Report, demand
from trainer import Trainer

ROWS, SIZE = 60, 16


def main(program, work):
    report, trainer = Report(), Trainer(program)
    work.mkdir(parents=True)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(ROWS, 6)), np.arange(ROWS) % 3

    frame = pd.DataFrame(x, columns=list("abcdef"))
    frame.assign(kind=y).to_parquet(work / "frame.parquet")
    frame.assign(kind=y).to_csv(work / "frame.csv", index=False)
    lists = pa.FixedSizeListArray.from_arrays(pa.array(x.astype(np.float32).ravel()), 6)
    for compression in "none", "snappy", "zstd", "gzip", "brotli", "lz4":
        pq.write_table(pa.table({"x": lists, "kind": y}), work / f"list-{compression}.parquet", compression=compression, row_group_size=25)
    np.savez(work / "arrays.npz", x=x, y=y)
    np.savez(work / "parts.npz", left=x[:, :2], right=x[:, 2:].astype(np.float32), y=y)
    np.save(work / "part-left.npy", x[:, :2])
    np.save(work / "part-right.npy", x[:, 2:])
    safetensors.numpy.save_file({"x": x.astype(np.float16), "y": y}, work / "half.safetensors")
    for i in range(3):
        np.save(work / f"shard-{i}.npy", x[20 * i : 20 * i + 20].astype(np.float16))
        np.save(work / f"labels-{i}.npy", y[20 * i : 20 * i + 20])
    np.save(work / "classes.npy", y)

    half, single = x.astype(np.float16).astype(np.float32), x.astype(np.float32)
    sources = {
        "columns of pandas in Parquet": ("parquet", {"path": "frame.parquet", "label_column": "kind"}, single),
        "columns of pandas in CSV": ("csv", {"path": "frame.csv", "label_column": "kind"}, single),
        "arrays of NumPy in .npz": ("npz", {"path": "arrays.npz", "array": "x", "label_array": "y"}, single),
        "arrays of an .npz side by side": ("npz", {"path": "parts.npz", "arrays": ["left", "right"], "label_array": "y"}, single),
        "arrays of several .npy files": ("npy", {"path": "part-{array}.npy", "arrays": ["left", "right"], "labels": "classes.npy", "in_memory": False}, single),
        "columns of pandas in groups": ("parquet", {"path": "frame.parquet", "arrays": [{"left": ["a", "b"]}, "c", {"right": ["d", "e", "f"]}], "label_column": "kind"}, single),
        "float16 of safetensors": ("safetensors", {"path": "half.safetensors", "array": "x", "label_array": "y"}, half),
        "float16 of NumPy in shards": ("npy", {"path": "shard-*.npy", "labels": "labels-*.npy"}, half),
        "the same, mapped": ("npy", {"path": "shard-*.npy", "labels": "labels-*.npy", "in_memory": False}, half),
    }
    for compression in "none", "snappy", "zstd", "gzip", "brotli", "lz4":
        sources[f"lists of Arrow in Parquet, {compression}"] = ("parquet", {"path": f"list-{compression}.parquet", "label_column": "kind"}, single)
    for name, (source, data, want) in sources.items():
        report.check(name, same, trainer, work, source, data, want, y, 0)

    pictures = work / "pictures"
    make_image_testdata.write(pictures)
    classes = np.repeat([0, 1, 2], [3, 3, 1])
    for mode, channels in ("RGB", "rgb"), ("L", "grey"):
        want = make_image_testdata.pixels(pictures, mode, SIZE).reshape(7, -1).astype(np.float32) / 255
        data = {"path": "pictures", "image_size": SIZE, "channels": channels}
        report.check(f"pictures of PIL, {channels}", same, trainer, work, "images", data, want, classes, 1.001 / 255)
    return report.close("interop-sources")


def same(trainer, work, source, data, want, labels, tolerance):
    """Trains and extracts; the samples are those wanted, in their order."""
    data = {k: str(work / v) if k in ("path", "labels") else v for k, v in data.items()}
    config = {
        "experiment": {"name": "x", "output_dir": str(work / "runs")},
        "data": {"source": source, **data, "split": {"train": 1.0}, "batch_size": 8},
        "model": {"type": "custom_model", "loss": "cross_entropy", "layers": ["flatten", {"linear": 3}]},
        "training": {"steps": 1, "device": "cpu", "threads": 1},
    }
    (work / "x.yaml").write_text(yaml.safe_dump(config))
    trainer("train", work / "x.yaml")
    trainer("extract-embeddings", work / "runs/x", "device=cpu", "output.what='0'", "output.extras=[labels]")
    folder = work / "runs/x/embeddings"
    got, kinds = np.load(folder / "train_embeddings.npy"), np.load(folder / "train_labels.npy")
    demand(got.shape == want.shape, f"shape {got.shape}, expected {want.shape}")
    worst = float(np.abs(got - want).max())
    demand(worst <= tolerance, f"differs by up to {worst}")
    demand(np.array_equal(kinds.ravel(), labels), f"labels {kinds.ravel()}, expected {labels}")
    return f"{got.shape[0]} samples of {got.shape[1]}, differ by at most {worst:.3g}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], pathlib.Path(sys.argv[2])))
