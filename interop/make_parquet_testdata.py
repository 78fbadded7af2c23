"""Writes the files that pkg/parquetfile is tested with, with pyarrow and pandas:

    $(interop/venv.sh interop/requirements-data.txt) interop/make_parquet_testdata.py

A number in row i, column j is i + j/8, which every type holds exactly; integers have 8 times as much.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 40
folder = Path(__file__).parents[1] / "pkg/parquetfile/testdata"
folder.mkdir(exist_ok=True)
values = np.arange(ROWS)[:, None] + np.arange(8)[None] / 8
labels = np.arange(ROWS) % 3


def save(name, table, **options):
    pq.write_table(table, folder / name, **options)


types = [pa.float32(), pa.float64(), pa.float16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint32(), pa.int16()]
columns = {}
for j, t in enumerate(types):
    column = values[:, j] * (1 if pa.types.is_floating(t) else 8)
    if t == pa.uint8():
        column = column % 256
    columns[f"c{j}"] = pa.array(column.astype(t.to_pandas_dtype()), t)
columns["kind"] = pa.array(labels, pa.int64())
columns["yes"] = pa.array(labels == 1)
save("columns.parquet", pa.table(columns), row_group_size=15)

rows = [list(map(float, row)) for row in values]
for name, t in [("list", pa.list_(pa.float32())), ("fixed", pa.list_(pa.float32(), 8)), ("half", pa.list_(pa.float16(), 8)), ("large", pa.large_list(pa.float64()))]:
    table = pa.table({"id": [f"row {i}" for i in range(ROWS)], "x": pa.array([np.array(r, np.float16) for r in rows] if name == "half" else rows, t), "kind": labels})
    compression = {"list": "snappy", "fixed": "zstd", "half": "gzip", "large": "brotli"}[name]
    save(f"{name}.parquet", table, compression=compression, row_group_size=16, data_page_version="2.0" if name == "fixed" else "1.0", data_page_size=200)

frame = pd.DataFrame(values[:, :3], columns=["a", "b", "c"], index=np.arange(ROWS) + 100)
frame.assign(kind=labels)[lambda f: f.kind < 3].iloc[::2].to_parquet(folder / "pandas.parquet")

bad = folder / "bad"
bad.mkdir(exist_ok=True)
pq.write_table(pa.table({"a": pa.array([1.0, None, 3.0])}), bad / "null.parquet")
pq.write_table(pa.table({"a": pa.array([1.0, 2.0, float("nan")])}), bad / "nan.parquet")
pq.write_table(pa.table({"a": [1.0, 2.0], "b": ["x", "y"]}), bad / "text.parquet")
pq.write_table(pa.table({"a": [1.0, 2.0], "day": pa.array([1, 2], pa.date32())}), bad / "date.parquet")
pq.write_table(pa.table({"x": [[1.0, 2.0], [3.0]]}), bad / "short.parquet")
pq.write_table(pa.table({"x": [[1.0, 2.0], [3.0, 4.0, 5.0]]}), bad / "long.parquet")
pq.write_table(pa.table({"x": [[1.0, 2.0, 3.0], [3.0, 4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]}), bad / "middle.parquet")
pq.write_table(pa.table({"x": pa.array([[], [1.0]], pa.list_(pa.float64()))}), bad / "empty.parquet")
pq.write_table(pa.table({"x": [[1.0], [2.0]], "y": [[1.0], [2.0]]}), bad / "two.parquet")
pq.write_table(pa.table({"a": pa.array([], pa.float32())}), bad / "rows.parquet")
