"""Writes the small .npy and idx files that the Go tests of pkg/npy and pkg/dataset read.

    python make_npy_testdata.py pkg/npy/testdata

The values follow from formulas that the Go tests repeat, so nothing but this
script and numpy stands behind the files. The same numpy writes the same bytes; only what gzip
makes of them depends on the zlib at hand.
"""
import gzip
import hashlib
import os
import struct
import sys

import numpy as np


def counting(dtype, shape=(3, 4)):
    """0, 1, 2, ... minus 5 for signed types, halves for floats, parity for bool."""
    x = np.arange(np.prod(shape), dtype=np.int64).reshape(shape)
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return x % 2 == 1
    if dtype.kind == "u":
        return x.astype(dtype)
    x = x - 5
    return (x / 2 if dtype.kind == "f" else x).astype(dtype)


def save(folder, name, array, version=None):
    with open(os.path.join(folder, name), "wb") as f:
        np.lib.format.write_array(f, np.asanyarray(array), version=version, allow_pickle=True)


def pack(folder, name):
    """gzip with no time and no name, so that the bytes are always the same."""
    with open(os.path.join(folder, name), "rb") as f:
        data = f.read()
    with open(os.path.join(folder, name + ".gz"), "wb") as f:
        with gzip.GzipFile("", "wb", 9, f, mtime=0) as z:
            z.write(data)


def idx(folder, name, array):
    codes = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}
    code = codes[array.dtype.str[1:]]
    with open(os.path.join(folder, name), "wb") as f:
        f.write(struct.pack(">BBBB", 0, 0, code, array.ndim))
        f.write(struct.pack(">%dI" % array.ndim, *array.shape))
        f.write(array.astype(array.dtype.newbyteorder(">")).tobytes())


def main(folder):
    os.makedirs(folder, exist_ok=True)
    for code in "f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 u8 b1".split():
        save(folder, code + ".npy", counting("<" + code if code[1] != "1" else code))
    for code in "f2 f4 f8 i2 i4 i8 u2 u4 u8".split():
        save(folder, "big_" + code + ".npy", counting(code).astype(">" + code))
    save(folder, "fortran.npy", np.asfortranarray(counting("<f4", (2, 3, 4))))
    save(folder, "fortran_i8.npy", np.asfortranarray(counting("<i8", (3, 2))))
    save(folder, "version2.npy", counting("<f4"), version=(2, 0))
    save(folder, "version3.npy", counting("<f4"), version=(3, 0))
    save(folder, "scalar.npy", np.float32(1.5))
    save(folder, "empty.npy", np.zeros((0, 4), "<f4"))
    save(folder, "long.npy", counting("<f4", (30,)))
    save(folder, "object.npy", np.array([{"a": 1}, None], dtype=object))
    save(folder, "structured.npy", np.zeros(3, dtype=[("a", "<f4"), ("b", "<i4")]))
    save(folder, "complex.npy", np.zeros(3, "<c8"))
    save(folder, "text.npy", np.array(["one", "two"]))
    save(folder, "labels.npy", np.array([2, 0, 1], "<i8"))
    pack(folder, "f4.npy")

    with np.errstate(all="ignore"):
        halves = np.arange(1 << 16, dtype=np.uint16).view("<f2").astype("<f4")
        floats = np.concatenate([halves, *(np.nextafter(halves, np.float32(s)) for s in (-np.inf, np.inf))])
        back = floats.astype("<f2").view("<u2").copy()
    halves, nan = halves.view("<u4").copy(), np.isnan(floats)
    halves[nan[: 1 << 16]] = 0x7FC00000  # one NaN: the payload depends on the processor
    back[nan] = 0x7E00
    with open(os.path.join(folder, "float16.sha256"), "w") as f:
        f.write("%s all_float16_as_float32\n" % hashlib.sha256(halves.tobytes()).hexdigest())
        f.write("%s these_and_their_neighbours_as_float16\n" % hashlib.sha256(back.tobytes()).hexdigest())

    images = (np.arange(5 * 3 * 3) * 5 % 256).astype("u1").reshape(5, 3, 3)
    idx(folder, "images-idx3-ubyte", images)
    idx(folder, "labels-idx1-ubyte", np.array([3, 1, 4, 1, 5], "u1"))
    idx(folder, "values-idx2-float", counting("f4", (5, 2)))
    pack(folder, "images-idx3-ubyte")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
