"""Writes diagnostics.json and normal_quantile.json beside this file.

Run in an environment of its own:
    python -m venv venv && venv/bin/pip install "arviz-stats[xarray]==0.8.0" scipy==1.17.1 numpy==2.4.6 mpmath==1.4.1
    venv/bin/python make_diagnostics.py

Draws are rounded to 7 significant digits so that the file stays small. Numbers JSON lacks are the strings "NaN",
"Infinity", "-Infinity". `expected` holds ArviZ's array functions; `sd` is the sample standard deviation (ddof = 1).
"""

import json
import platform
import warnings
from pathlib import Path

import arviz_stats
import mpmath
import numpy as np
import scipy
from arviz_stats.base import array_stats as az

HERE = Path(__file__).parent
SEED = 20210601


def ar1(rng, chains, draws, rho):
    x = np.empty((chains, draws))
    x[:, 0] = rng.normal(size=chains)
    for t in range(1, draws):
        x[:, t] = rho * x[:, t - 1] + np.sqrt(1 - rho**2) * rng.normal(size=chains)
    return x


def rounded(x):
    return np.vectorize(lambda v: float(f"{v:.7g}"), otypes=[float])(x)


def cases():
    rng = np.random.default_rng(SEED)
    good = rounded(rng.normal(size=(4, 250)))
    yield "good", good
    yield "one_chain", good[:1]
    yield "two_chains", good[:2]
    yield "odd_draws", good[:, :101]
    for draws in (1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13):
        yield f"draws_{draws}", good[:, :draws]
    yield "ar1_0.5", ar1(rng, 4, 250, 0.5)
    yield "ar1_0.95", ar1(rng, 4, 250, 0.95)
    yield "ar1_0.999_long", ar1(rng, 2, 1500, 0.999)
    yield "antithetic", ar1(rng, 4, 250, -0.7)
    yield "shifted_chain", good[:, :100] + np.array([[0.0], [0.0], [0.0], [2.0]])
    yield "wider_chain", good[:, :100] * np.array([[1.0], [1.0], [1.0], [4.0]])
    yield "trend", good[:, :100] + np.linspace(0, 3, 100)
    stuck = good[:, :100].copy()
    stuck[0] = 0.75
    yield "stuck_chain", stuck
    yield "each_chain_stuck", np.repeat([[0.0], [1.0], [2.0], [3.0]], 50, axis=1)
    yield "each_chain_stuck_long", np.repeat([[0.5], [-0.25]], 700, axis=1)
    yield "all_constant", np.full((4, 50), 0.125)
    nan = good[:, :100].copy()
    nan[1, 7] = np.nan
    yield "one_nan", nan
    yield "all_nan", np.full((2, 10), np.nan)
    inf = good[:, :100].copy()
    inf[1, 7] = np.inf
    inf[2, 3] = -np.inf
    yield "infinite_draws", inf
    inf = good[:, :60].copy()
    inf[:3] = np.inf
    yield "mostly_infinite", inf
    yield "cauchy", rng.standard_cauchy(size=(4, 250))
    yield "lognormal", np.exp(3 * rng.normal(size=(4, 100)))
    yield "integers", rng.poisson(2.0, size=(4, 250)).astype(float)
    yield "binary", (ar1(rng, 4, 250, 0.8) > 1.0).astype(float)
    yield "signed_zeros", np.where(good[:, :100] > 1, good[:, :100], np.where(good[:, :100] > 0, 0.0, -0.0))
    yield "tiny_scale", good[:, :100] * 1e-20
    yield "large_offset", np.round(good[:, :100], 3) + 1e6


def expected(x):
    def ess(method, **kwargs):
        return float(az.ess(x, method=method, **kwargs))

    finite = np.isfinite(x).all()
    eti = az.eti(x, prob=0.89, axis=(-2, -1)) if finite else [np.nan, np.nan]
    return {
        "rhat": float(az.rhat(x, method="rank")),
        "ess_bulk": ess("bulk"),
        "ess_tail": ess("tail", prob=(0.05, 0.95)),
        "ess_mean": ess("mean"),
        "ess_quantile_0.11": ess("quantile", prob=0.11),
        "ess_quantile_0.5": ess("quantile", prob=0.5),
        "mcse_mean": float(az.mcse(x, method="mean")),
        "mcse_sd": float(az.mcse(x, method="sd")),
        "mean": float(np.mean(x)),
        "sd": float(np.std(x, ddof=1)),
        "eti89_lb": float(eti[0]),
        "eti89_ub": float(eti[1]),
    }


def portable(x):
    if isinstance(x, (list, tuple)):
        return [portable(v) for v in x]
    if isinstance(x, dict):
        return {k: portable(v) for k, v in x.items()}
    if isinstance(x, float) and not np.isfinite(x):
        return {np.inf: "Infinity", -np.inf: "-Infinity"}.get(x, "NaN")
    return x


def write(name, payload):
    versions = {m.__name__: m.__version__ for m in (arviz_stats, scipy, np, mpmath)}
    made_by = {"script": "make_diagnostics.py", "seed": SEED, "python": platform.python_version(), **versions}
    lines = [f'"made_by": {json.dumps(made_by)}']
    for key, value in payload.items():
        if isinstance(value, list) and isinstance(value[0], dict):
            rows = ",\n".join(json.dumps(portable(row), allow_nan=False) for row in value)
            lines.append(f'"{key}": [\n{rows}\n]')
        else:
            lines.append(f'"{key}": {json.dumps(portable(value), allow_nan=False)}')
    (HERE / name).write_text("{\n" + ",\n".join(lines) + "\n}\n")


def normal_quantiles():
    mpmath.mp.dps = 60
    p = np.concatenate([10.0 ** np.arange(-300, -10, 10), np.geomspace(1e-10, 0.5, 60), 1 - np.geomspace(1e-15, 0.5, 60)])
    p = [float(v) for v in p] + [0.075, 0.925, 0.375 / 1000.25, 5e-324]

    def quantile(q):
        q = mpmath.mpf(q)
        tail = min(q, 1 - q)
        start = -mpmath.sqrt(-2 * mpmath.log(tail)) if tail < 0.3 else mpmath.mpf(-0.25)
        z = mpmath.findroot(lambda z: mpmath.log(mpmath.erfc(-z / mpmath.sqrt(2)) / 2) - mpmath.log(tail), start)
        return float(z if q <= 0.5 else -z)

    q = [quantile(v) if v != 0.5 else 0.0 for v in p]
    worst = max(abs(a - b) / abs(a) for a, b in zip(q, scipy.stats.norm.ppf(p)) if a)
    print("largest relative distance of scipy's norm.ppf from mpmath:", worst)
    write("normal_quantile.json", {"p": p, "quantile": q})


def main():
    warnings.simplefilter("ignore")
    rows = []
    for name, x in cases():
        x = rounded(x)
        rows.append({"name": name, "chains": x.tolist(), "expected": expected(x)})
    rng = np.random.default_rng(SEED + 1)
    energy = rounded(np.stack([ar1(rng, 1, 100, 0.3)[0], np.cumsum(rng.normal(size=100)), np.full(100, 2.0)]))
    bfmi = [{"energy": e.tolist(), "bfmi": float(b)} for e, b in zip(energy, az.bfmi(energy))]
    write("diagnostics.json", {"cases": rows, "bfmi": bfmi})
    normal_quantiles()


main()
