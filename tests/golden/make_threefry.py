"""Makes threefry.json: JAX's keys, bits and draws, exact, as the oracle for our threefry2x32.

Runs JAX on the CPU with `jax_enable_x64` True and the default `jax_threefry_partitionable`.
Keys and bits are also recomputed here in plain Python from the published algorithm, and
uniforms from the bits, so the file holds nothing on JAX's word alone.

Install: pip install "jax==0.10.2" "mpmath==1.4.1".  Run: python make_threefry.py
"""

import os

os.environ["JAX_PLATFORMS"] = "cpu"

import platform

import jax
import jaxlib
import mpmath
import numpy as np
from common import array, write

jax.config.update("jax_enable_x64", True)

SEEDS = [0, 1, 42, 2**32 + 5, 2**63 - 1, -1]
DRAW_SEEDS = [0, 42, 2**32 + 5]
BIT_SHAPES = [(), (1,), (5,), (3, 4), (7,)]
DRAW_SHAPES = [(), (5,), (3, 4)]
MASK = 0xFFFFFFFF


def threefry2x32(key, count):
    """One block of Threefry-2x32 with 20 rounds (Salmon et al. 2011)."""
    k0, k1 = key
    ks = (k0, k1, k0 ^ k1 ^ 0x1BD11BDA)
    x0, x1 = (count[0] + k0) & MASK, (count[1] + k1) & MASK
    for block in range(5):
        for r in ((13, 15, 26, 6), (17, 29, 16, 24))[block % 2]:
            x0 = (x0 + x1) & MASK
            x1 = (((x1 << r) | (x1 >> (32 - r))) & MASK) ^ x0
        x0 = (x0 + ks[(block + 1) % 3]) & MASK
        x1 = (x1 + ks[(block + 2) % 3] + block + 1) & MASK
    return x0, x1


def words(key):
    return tuple(int(w) for w in np.asarray(jax.random.key_data(key)))


def plain_bits(key, width, size):
    out = []
    for i in range(size):
        hi, lo = threefry2x32(words(key), (i >> 32, i & MASK))
        out.append(hi ^ lo if width == 32 else hi << 32 | lo)
    return out


def plain_uniform(key, dtype, shape, low, high):
    """Uniforms from bits with one rounding an operation: no fused multiply-add."""
    size = int(np.prod(shape))
    width, mantissa, word = (64, 52, np.uint64) if dtype == np.float64 else (32, 23, np.uint32)
    bits = np.array(plain_bits(key, width, size), dtype=word)
    one = np.array(1.0, dtype).view(word)
    unit = ((bits >> word(width - mantissa)) | one).view(dtype) - dtype(1)
    low, high = dtype(low), dtype(high)
    return np.maximum(low, unit * (high - low) + low).reshape(shape)


def key_cases():
    cases = []
    for seed in SEEDS:
        key = jax.random.key(seed)
        assert words(key) == ((seed >> 32) & MASK, seed & MASK)
        with jax.enable_x64(False):
            narrow = None if seed >= 2**63 else words(jax.random.key(seed))
        splits = {}
        for n in (2, 3, 5):
            data = np.asarray(jax.random.key_data(jax.random.split(key, n)))
            assert [tuple(map(int, r)) for r in data] == [threefry2x32(words(key), (0, i)) for i in range(n)]
            splits[str(n)] = data.tolist()
        grid = np.asarray(jax.random.key_data(jax.random.split(key, (2, 3))))
        assert grid.reshape(6, 2).tolist() == [list(threefry2x32(words(key), (0, i))) for i in range(6)]
        folds = []
        for data in (0, 1, 2, 7, 1234567, 2**31, 2**32 - 1):
            folded = words(jax.random.fold_in(key, data))
            assert folded == threefry2x32(words(key), (0, data))
            folds.append({"data": data, "key": list(folded)})
        cases.append(
            {
                "seed": seed,
                "key_data": list(words(key)),
                "key_data_x32": list(narrow),
                "split": splits,
                "split_2x3": grid.tolist(),
                "fold_in": folds,
            }
        )
    return cases


def bit_cases():
    cases = []
    for seed in SEEDS:
        key = jax.random.key(seed)
        for width, dtype in ((32, "uint32"), (64, "uint64")):
            for shape in BIT_SHAPES:
                got = np.asarray(jax.random.bits(key, shape, dtype))
                assert got.ravel().tolist() == plain_bits(key, width, got.size)
                cases.append({"seed": seed, "dtype": {32: "u32", 64: "u64"}[width], **array(got)})
    return cases


def ulps(got, expected):
    """Largest distance in units in the last place, against values taken as exact."""
    expected = np.asarray(expected)
    with np.errstate(all="ignore"):
        return float(np.max(np.abs(got.astype(np.float64) - expected) / np.spacing(np.abs(expected).astype(got.dtype)).astype(np.float64)))


def uniform_cases():
    cases = []
    for seed in DRAW_SEEDS:
        key = jax.random.key(seed)
        for name, dtype in (("f64", np.float64), ("f32", np.float32)):
            near_minus_one = float(np.nextafter(dtype(-1), dtype(0)))
            ranges = [(0.0, 1.0), (-2.0, 3.5), (1e-3, 1e3), (near_minus_one, 1.0), (float(np.finfo(dtype).eps), 1.0)]
            for shape in DRAW_SHAPES:
                for low, high in ranges:
                    got = np.asarray(jax.random.uniform(key, shape, dtype, low, high))
                    plain = plain_uniform(key, dtype, shape, low, high)
                    exact = bool(np.array_equal(got, plain))
                    slack = np.finfo(dtype).eps * max(abs(low), abs(high))
                    assert exact or np.max(np.abs(got - plain)) <= slack, (seed, name, shape, low)
                    if (low, high) in (ranges[0], ranges[3]):
                        assert exact
                    case = {"seed": seed, "dtype": name, "minval": low, "maxval": high, **array(got)}
                    if not exact:
                        case["unfused_values"] = array(plain)["values"]
                    cases.append(case)
    return cases


def exact_draw(kind, key, dtype, shape):
    """The draw computed with mpmath from JAX's own uniforms."""
    info = np.finfo(dtype)
    mp = mpmath.mp
    mp.dps = 40
    if kind == "normal":
        u = np.asarray(jax.random.uniform(key, shape, dtype, np.nextafter(dtype(-1), dtype(0)), 1.0))
        f = lambda x: mp.sqrt(2) * mp.erfinv(mp.mpf(x))
    elif kind == "exponential":
        u = np.asarray(jax.random.uniform(key, shape, dtype))
        f = lambda x: -mp.log1p(-mp.mpf(x))
    elif kind == "cauchy":
        u = np.asarray(jax.random.uniform(key, shape, dtype, info.eps, 1.0))
        f = lambda x: mp.tan(mp.pi * (mp.mpf(x) - mp.mpf("0.5")))
    else:
        u = np.asarray(jax.random.uniform(key, shape, dtype, dtype(-1) + info.epsneg, 1.0))
        f = lambda x: mp.sign(mp.mpf(x)) * mp.log1p(-abs(mp.mpf(x)))
    return np.array([float(f(float(x))) for x in u.ravel()], np.float64).reshape(shape)


def draw_cases():
    cases, worst = [], {}
    for seed in DRAW_SEEDS:
        key = jax.random.key(seed)
        for kind in ("normal", "exponential", "cauchy", "laplace"):
            for name, dtype in (("f64", np.float64), ("f32", np.float32)):
                for shape in DRAW_SHAPES:
                    got = np.asarray(getattr(jax.random, kind)(key, shape, dtype))
                    error = ulps(got, exact_draw(kind, key, dtype, shape))
                    worst[f"{kind}_{name}"] = max(worst.get(f"{kind}_{name}", 0.0), error)
                    cases.append({"kind": kind, "seed": seed, "dtype": name, **array(got)})
    return cases, worst


def bernoulli_cases():
    cases = []
    for seed in DRAW_SEEDS:
        key = jax.random.key(seed)
        for p in (0.0, 0.25, 0.5, 0.9, 1.0):
            for shape in DRAW_SHAPES + [(7,)]:
                got = np.asarray(jax.random.bernoulli(key, p, shape))
                assert np.array_equal(got, plain_uniform(key, np.float64, shape, 0.0, 1.0) < p)
                cases.append({"seed": seed, "p": p, **array(got)})
    return cases


def randint_cases():
    cases = []
    for seed in DRAW_SEEDS:
        key = jax.random.key(seed)
        for name, dtype in (("i32", np.int32), ("i64", np.int64)):
            for low, high in ((0, 10), (-5, 100), (0, 2**31 - 1)):
                got = np.asarray(jax.random.randint(key, (5,), low, high, dtype))
                cases.append({"seed": seed, "dtype": name, "minval": low, "maxval": high, **array(got)})
    return cases


def main():
    draws, worst = draw_cases()
    write(
        "threefry.json",
        {
            "about": "jax.random under jax_enable_x64 True, jax_threefry_partitionable True, CPU. "
            "Seeds may exceed 2**53: read them as i64. values are row-major; f32 values are printed "
            "as the f64 with the same value. u64 bits are decimal integers up to 2**64 - 1.",
            "versions": {
                "python": platform.python_version(),
                "jax": jax.__version__,
                "jaxlib": jaxlib.__version__,
                "numpy": np.__version__,
                "mpmath": mpmath.__version__,
            },
            "jax_max_error_ulp_against_mpmath": worst,
            "keys": key_cases(),
            "bits": bit_cases(),
            "uniform": uniform_cases(),
            "draws": draws,
            "bernoulli": bernoulli_cases(),
            "randint": randint_cases(),
        },
    )


if __name__ == "__main__":
    assert jax.config.jax_threefry_partitionable
    main()
