"""Writes arrays.npz: NumPy's own arrays of every dtype that data files may hold, and of two that they may not.

Install: pip install "numpy==2.4.6".  Run: python make_npz.py
"""
import pathlib

import numpy as np

grid = np.arange(6).reshape(2, 3)
np.savez_compressed(
    pathlib.Path(__file__).with_name("arrays.npz"),
    f64=grid / 4,
    f32=(grid / 4).astype("<f4"),
    big=(grid / 4).astype(">f8"),
    fortran=np.asfortranarray(np.arange(24.0).reshape(2, 3, 4)),
    i64=grid - 3,
    i32=(grid - 3).astype("<i4"),
    i16=(grid - 3).astype(">i2"),
    i8=(grid - 3).astype("i1"),
    u64=grid.astype("<u8"),
    u32=grid.astype("<u4"),
    u16=(grid + 65530).astype("<u2"),
    u8=(grid + 250).astype("u1"),
    bool=grid % 2 == 0,
    scalar=np.int64(7),
    empty=np.zeros((0, 3)),
    complex=grid + 1j,
    text=np.array(["a", "bc"]),
    records=np.zeros(2, dtype=[("a", "f8"), ("b", "i4")]),
    **{"layers.0.w": np.ones(2), "layers.1.w": np.full(3, 2.0)},
)
