"""Makes random.json: draws of jax.random as the oracle of our functions of the same names.

Runs JAX on the CPU with `jax_enable_x64` True and the default `jax_threefry_partitionable`.
Keys, bits and uniforms have a file of their own, threefry.json, made from the published
algorithm; here JAX is the definition: which bits a draw takes and what it makes of them.

Install: pip install "jax==0.10.2" "scipy==1.17.1".  Run: python make_random.py
"""

import os

os.environ["JAX_PLATFORMS"] = "cpu"

import platform

import jax
import jaxlib
import numpy as np
import scipy
from common import array, number, write
from jax import random
from scipy import stats

jax.config.update("jax_enable_x64", True)

FLOATS = {"f32": np.float32, "f64": np.float64}
INTEGERS = {"i32": np.int32, "i64": np.int64, "u32": np.uint32, "u64": np.uint64}
TYPES = {**FLOATS, **INTEGERS}
# Seed and shape: scalar, empty, odd, matrix, with a one; the last of them is the one that also runs compiled.
PLACES = [
    (0, ()),
    (42, (0,)),
    (2**32 + 5, (1,)),
    (2**63 - 1, (3, 4)),
    (-1, (2, 1, 3)),
    (42, (7,)),
]
MIXED = [0.3, 1.0, 2.5]  # broadcasts to the last dimension of the shape (2, 1, 3)


def case(name, seed, shape, dtype, params, draw, **options):
    """One record, on one line; `draw` takes the key, the parameters and the shape. A parameter: name, element type,
    shape, values. The shape of the record is that of the values, which may have more dimensions."""
    values = {k: np.asarray(x, t) for k, (x, t) in params.items()}
    got = np.asarray(draw(random.key(seed), *values.values(), shape))
    names = {np.dtype(t): name for name, t in [("bool", np.bool_), *TYPES.items()]}
    described = [[k, names[x.dtype], *array(x).values()] for k, x in values.items()]
    return {"draw": name, "seed": seed, "dtype": dtype, "params": described, **options, **array(got)}


def float_cases(name, settings, draw):
    """Draws of both float types: parameters `settings` at the shape (7,), the first of them at all others.

    `draw` takes the key, the parameters, the shape and the element type."""
    cases = []
    for dtype, t in FLOATS.items():
        for seed, shape in PLACES:
            here = settings if shape == (7,) else settings[:1]
            for setting in here:
                params = {k: (p, t) for k, p in setting.items()}
                cases.append(case(name, seed, shape, dtype, params, lambda k, *p: draw(k, *p, t)))
        if settings[0]:
            params = {k: (MIXED if i == 0 else p, t) for i, (k, p) in enumerate(settings[-1].items())}
            if name in BROADCASTS:
                cases.append(case(name, -1, (2, 1, 3), dtype, params, lambda k, *p: draw(k, *p, t)))
    return cases


BROADCASTS = {"lognormal", "pareto", "rayleigh", "wald"}


def plain(f):
    return lambda key, shape, t: f(key, shape, t)


def floats():
    cases = []
    for name in ("normal", "exponential", "cauchy", "laplace", "logistic", "gumbel", "maxwell"):
        cases += float_cases(name, [{}], plain(getattr(random, name)))
    one = {
        "lognormal": [{"sigma": x} for x in (1.0, 0.0, 1e-6, 30.0)],
        "pareto": [{"b": x} for x in (1.0, 0.01, 1e6)],
        "rayleigh": [{"scale": x} for x in (1.0, 1e-10, 1e10)],
        "wald": [{"mean": x} for x in (1.0, 1e-3, 30.0)],
    }
    for name, settings in one.items():
        f = getattr(random, name)
        cases += float_cases(name, settings, lambda k, p, shape, t, f=f: f(k, p, shape, t))
    cases += float_cases(
        "weibull_min",
        [{"scale": 1.0, "concentration": c} for c in (1.0, 0.1, 50.0)],
        lambda k, a, b, shape, t: random.weibull_min(k, a, b, shape, t),
    )
    cases += float_cases(
        "triangular",
        [{"left": -1.0, "mode": m, "right": 3.0} for m in (0.5, -1.0, 3.0)],
        lambda k, a, b, c, shape, t: random.triangular(k, a, b, c, shape, t),
    )
    cases += float_cases(
        "truncated_normal",
        [{"lower": a, "upper": b} for a, b in ((-1.0, 2.0), (0.0, np.inf), (-np.inf, -1.5), (1.0, 1.0001), (-40.0, 40.0))],
        lambda k, a, b, shape, t: random.truncated_normal(k, a, b, shape, t),
    )
    cases += float_cases(
        "double_sided_maxwell",
        [{"loc": 1.0, "scale": 2.0}],
        lambda k, a, b, shape, t: random.double_sided_maxwell(k, a, b, shape, t),
    )
    for dtype, t in FLOATS.items():
        f = lambda k, m, c, s: random.multivariate_normal(k, m, c, s[:-1], t)
        g = lambda k, m, c, s: random.multivariate_normal(k, m, c, None, t)
        factor = np.array([[2.0, 0.0, 0.0], [-1.0, 0.5, 0.0], [0.3, 4.0, 1.0]])
        cov, means = factor @ factor.T, np.array([[[1.0, -2.0, 10.0]], [[0.0, 0.5, 3.0]]])
        name = "multivariate_normal"
        cases.append(case(name, 0, (1,), dtype, {"mean": ([3.0], t), "cov": ([[0.25]], t)}, g))
        cases.append(case(name, 42, (0, 3), dtype, {"mean": (means[0, 0], t), "cov": (cov, t)}, f))
        cases.append(case(name, -1, (3, 3), dtype, {"mean": (means[0, 0], t), "cov": (cov, t)}, f))
        covs = np.stack([cov, np.eye(3), 1e-6 * cov])
        cases.append(case(name, 42, (2, 3, 3), dtype, {"mean": (means, t), "cov": (covs, t)}, g))
        lopsided = np.array([[1.0, 0.3], [0.1, 1.0]])
        cases.append(case(name, 7, (2,), dtype, {"mean": ([0.0, 0.0], t), "cov": (lopsided, t)}, g))
        indefinite = np.array([[1.0, 2.0], [2.0, 1.0]])
        cases.append(case(name, 7, (2,), dtype, {"mean": ([0.0, 0.0], t), "cov": (indefinite, t)}, g))
    return cases


def integers():
    cases = []
    for dtype, t in FLOATS.items():
        for seed, shape in PLACES:
            for p in (0.25, 0.0, 1.0, 1e-5, 1 - 1e-5):
                params = {"p": (p, t)}
                cases.append(case("bernoulli", seed, shape, "bool", params, lambda k, p, s: random.bernoulli(k, p, s)))
        for p in (0.25, 1.0, 1e-3, 1e-12, 0.999):
            for name in ("i32", "i64"):
                params = {"p": (p, t)}
                f = lambda k, p, s, name=name: random.geometric(k, p, s, INTEGERS[name])
                cases.append(case("geometric", 42, (7,), name, params, f))
        cases.append(case("bernoulli", -1, (2, 1, 3), "bool", {"p": ([0.1, 0.5, 0.9], t)}, lambda k, p, s: random.bernoulli(k, p, s)))
    for dtype in ("i32", "i64", "f32", "f64"):
        for seed, shape in PLACES:
            cases.append(case("rademacher", seed, shape, dtype, {}, lambda k, s: random.rademacher(k, s, TYPES[dtype])))
    for dtype, t in INTEGERS.items():
        info = np.iinfo(t)
        least, greatest = int(info.min), int(info.max)
        ranges = [(0, 10), (0, 2), (3, 4), (0, 2**16), (0, 2**16 + 1), (7, 2**31 - 1), (least, greatest), (greatest - 3, greatest)]
        if info.bits == 64:
            ranges += [(0, 2**32), (0, 2**32 + 1), (5, 2**62 + 12345)]
        if info.min < 0:
            ranges += [(-5, 100), (least, 0), (least, least + 3), (-2**31, 2**31 - 1)]
        for low, high in ranges:
            params = {"minval": (low, t), "maxval": (high, t)}
            cases.append(case("randint", 42, (7,), dtype, params, lambda k, a, b, s: random.randint(k, s, a, b, t)))
        for seed, shape in PLACES[:-1]:
            params = {"minval": (1, t), "maxval": (1000, t)}
            cases.append(case("randint", seed, shape, dtype, params, lambda k, a, b, s: random.randint(k, s, a, b, t)))
        # Bounds of another type than the draws: clipped, and one beyond the greatest value.
        wide = {"minval": (-7, np.int64), "maxval": (2**32 if info.bits == 32 else 2**63 - 1, np.int64)}
        cases.append(case("randint", 42, (7,), dtype, wide, lambda k, a, b, s: random.randint(k, s, a, b, t)))
        rows = {"minval": ([0, 10, 5], t), "maxval": ([1, 1000, 3], t)}
        cases.append(case("randint", -1, (2, 1, 3), dtype, rows, lambda k, a, b, s: random.randint(k, s, a, b, t)))
    full = {"minval": (0, np.int64), "maxval": (2**32, np.int64)}
    cases.append(case("randint", 0, (3, 4), "u32", full, lambda k, a, b, s: random.randint(k, s, a, b, np.uint32)))
    full = {"minval": (-(2**31), np.int64), "maxval": (2**31, np.int64)}
    cases.append(case("randint", 0, (3, 4), "i32", full, lambda k, a, b, s: random.randint(k, s, a, b, np.int32)))
    return cases


def looped():
    """Draws by rejection: a regime an element, small and large, and then other places."""
    cases = []
    regimes = {
        "gamma": [[1.0, 0.3, 0.01, 2.5, 30.0, 1e6, 1e-3]],
        "loggamma": [[1.0, 1e-3, 1e-8, 4.0, 0.2, 100.0, 1.5]],
        "chisquare": [[1.0, 0.1, 50.0, 2.0, 3.5, 1e4, 1e-2]],
        "t": [[1.0, 0.5, 50.0, 2.0, 3.5, 1e6, 0.1]],
        "beta": [[2.0, 0.01, 50.0, 1.0, 0.5, 1e5, 3.0], [3.0, 0.02, 0.5, 1.0, 0.5, 1e5, 1e-2]],
        "f": [[2.0, 50.0, 1.0, 5.0, 0.5, 1e3, 9.0], [3.0, 0.5, 1.0, 1e4, 0.5, 1e3, 2.0]],
        "generalized_normal": [[2.0, 0.5, 8.0, 1.0, 1.5, 3.0, 0.2]],
    }
    names = {"beta": "ab", "f": ["dfnum", "dfden"], "chisquare": ["df"], "t": ["df"], "generalized_normal": ["p"]}
    for name, values in regimes.items():
        for dtype, t in FLOATS.items():
            f = lambda k, *p: getattr(random, name)(k, *p, t)
            params = {n: (v, t) for n, v in zip(names.get(name, "a"), values)}
            cases.append(case(name, 42, (7,), dtype, params, f))
    for seed, shape in PLACES[:-1]:
        f = lambda k, a, s: random.gamma(k, a, s, np.float64)
        cases.append(case("gamma", seed, shape, "f64", {"a": (0.7, np.float64)}, f))
        f = lambda k, lam, s: random.poisson(k, lam, s, np.int64)
        cases.append(case("poisson", seed, shape, "i64", {"lam": (3.5, np.float64)}, f))
        f = lambda k, n, p, s: random.binomial(k, n, p, s, np.float64)
        cases.append(case("binomial", seed, shape, "f64", {"n": (10, np.int64), "p": (0.3, np.float64)}, f))
    for dtype, t in FLOATS.items():
        f = lambda k, a, s: random.dirichlet(k, a, s[:-1], t)
        rows = [[1.0, 2.0, 0.5], [1e-3, 2e-3, 1e-3]]
        cases.append(case("dirichlet", -1, (3, 2, 3), dtype, {"alpha": (rows, t)}, f))
        f = lambda k, p, s: random.ball(k, s[-1], p, s[:-1], t)
        cases.append(case("ball", 42, (2, 4), dtype, {"p": (1.0, t)}, f))
        f = lambda k, n, p, s: random.binomial(k, n, p, s, t)
        pairs = [(10, 0.3), (100, 0.5), (100, 0.999), (30, 0.7), (1, 0.5), (0, 0.3), (10, 0.0), (10, 1.0), (1e6, 0.4), (1e6, 1e-6), (500, 0.01), (7.9, 0.5)]
        pairs += [(-1, 0.5), (np.nan, 0.5), (np.inf, 0.5), (5, np.nan), (5, -0.5), (5, 1.5)]
        params = {"n": ([n for n, _ in pairs], t), "p": ([p for _, p in pairs], t)}
        cases.append(case("binomial", 1, (len(pairs),), dtype, params, f))
    for dtype in ("i32", "i64"):
        f = lambda k, lam, s: random.poisson(k, lam, s, INTEGERS[dtype])
        rates = [3.5, 0.0, 1e-3, 9.99, 10.0, 33.3, 1e4, 1e8, 200.0, -1.0, np.nan]
        cases.append(case("poisson", 2**40, (11,), dtype, {"lam": (rates, np.float32)}, f))
    cases.append(case("dirichlet", 42, (0, 3), "f32", {"alpha": ([1.0] * 3, np.float32)}, lambda k, a, s: random.dirichlet(k, a, (0,), np.float32)))
    return cases


def selections():
    """Categories, permutations, choices and what is made of several draws; `asked` is the shape asked for, if any."""
    cases = []

    def add(name, dtype, params, draw, seed=42, **options):
        cases.append(case(name, seed, (), dtype, params, lambda k, *p: draw(k, *p[:-1]), **options))

    for t, values in ((np.float64, np.float64), (np.float32, np.float32)):
        line = {"logits": ([0.1, -2.0, -np.inf, 3.0], values)}
        table = {"logits": ([[0.0, 1.0, 2.0], [5.0, -5.0, 0.5]], values)}
        for axis in (-1, 0):
            add("categorical", "i64", line, lambda k, x: random.categorical(k, x, axis), axis=axis)
            f = lambda k, x: random.categorical(k, x, axis, (6,))
            add("categorical", "i64", line, f, seed=-1, axis=axis, asked=[6])
        for axis in (-1, 0, 1, -2):
            add("categorical", "i64", table, lambda k, x: random.categorical(k, x, axis), axis=axis)
            size = 2 if axis in (-1, 1) else 3
            f = lambda k, x: random.categorical(k, x, axis, (4, 5, size))
            add("categorical", "i64", table, f, seed=2**40, axis=axis, asked=[4, 5, size])
        narrow = {"logits": ([[0.3, 0.1, 2.0]], values)}
        add("categorical", "i64", narrow, lambda k, x: random.categorical(k, x, 1, (3, 4)), axis=1, asked=[3, 4])
    cases.append(case("categorical", 42, (), "i64", {"logits": (np.zeros((0, 2)), np.float64)}, lambda k, x, s: random.categorical(k, x), axis=-1))

    for n in (0, 1, 5, 100, 2000):
        add("permutation", "i64", {}, lambda k: random.permutation(k, n), axis=0, n=n)
    cube = np.arange(24.0).reshape(2, 3, 4)
    for axis in (0, 1, -1):
        for independent in (False, True):
            f = lambda k, x: random.permutation(k, x, axis, independent)
            add("permutation", "f64", {"x": (cube, np.float64)}, f, seed=7, axis=axis, independent=independent)
    f = lambda k, x: random.permutation(k, x)
    add("permutation", "i32", {"x": ([5, -3, 8, 8, 1], np.int32)}, f, axis=0)
    add("permutation", "bool", {"x": ([True, False, False, True, False], np.bool_)}, f, axis=0)
    add("permutation", "f32", {"x": (np.zeros((0, 3)), np.float32)}, f, axis=0)

    weights = {"p": ([0.1, 0.0, 0.4, 0.2, 0.3], np.float64)}
    for asked in ([], [7], [2, 3], [0]):
        f = lambda k: random.choice(k, 5, asked)
        add("choice", "i64", {}, f, axis=0, n=5, asked=asked, replace=True)
        f = lambda k, p: random.choice(k, 5, asked, True, p)
        add("choice", "i64", weights, f, axis=0, n=5, asked=asked, replace=True)
    for asked in ([], [4], [2, 2]):
        f = lambda k: random.choice(k, 5, asked, False)
        add("choice", "i64", {}, f, seed=-1, axis=0, n=5, asked=asked, replace=False)
        f = lambda k, p: random.choice(k, 5, asked, False, p)
        add("choice", "i64", weights, f, seed=-1, axis=0, n=5, asked=asked, replace=False)
    x = {"x": (cube, np.float64)}
    for axis, size in ((0, 2), (1, 3), (-1, 4)):
        w = {"p": (np.arange(1.0, size + 1), np.float32)}
        for replace in (True, False):
            f = lambda k, x: random.choice(k, x, (2, 1), replace, None, axis)
            add("choice", "f64", x, f, seed=3, axis=axis, asked=[2, 1], replace=replace)
            f = lambda k, x, p: random.choice(k, x, (2,), replace, p, axis)
            add("choice", "f64", {**x, **w}, f, seed=3, axis=axis, asked=[2], replace=replace)

    for dtype, t in FLOATS.items():
        for n, m, asked in ((1, 1, []), (3, 3, [2]), (2, 4, []), (5, 2, [])):
            f = lambda k: random.orthogonal(k, n, asked, t, m)
            add("orthogonal", dtype, {}, f, n=n, m=m, asked=asked)
        p = {"n": (20, t), "p": ([0.1, 0.2, 0.3, 0.4], t)}
        f = lambda k, n, p: random.multinomial(k, n, p, dtype=t)
        add("multinomial", dtype, p, f, asked=[])
        p = {"n": ([[100], [1000]], t), "p": ([0.0, 0.5, 0.3, 0.2], t)}
        f = lambda k, n, p: random.multinomial(k, n, p, shape=(2, 3, 4), dtype=t)
        add("multinomial", dtype, p, f, asked=[2, 3])
    return cases


FIT_DRAWS = 20_000
FIT_BINS = 20


def bins(quantile, probability):
    """Edges at about equal probabilities, the probability of each bin (x <= edge), and what Pearson's statistic exceeds
    once in 100 000 times."""
    edges = sorted({number(quantile(i / FIT_BINS)) for i in range(1, FIT_BINS)})
    below = [0.0, *(float(probability(x)) for x in edges), 1.0]
    kept = [(edge, b) for edge, b, a in zip(edges, below[1:], below) if b > a]
    shares = np.diff([0.0, *(b for _, b in kept), 1.0])
    limit = float(stats.chi2.isf(1e-5, len(shares) - 1))
    return {"edges": [edge for edge, _ in kept], "shares": [float(s) for s in shares], "limit": limit}


def fit():
    """Many draws of each regime, a row each: some of JAX's, and the distribution's bins after SciPy."""
    key, t = random.key(2024), np.float64
    regimes = {
        "gamma": [[0.05, 0.5, 1.0, 2.5, 30.0, 1e4]],
        "poisson": [[0.3, 3.5, 9.5, 10.5, 60.0, 1000.0]],
        "binomial": [[5.0, 50.0, 100.0, 100.0, 1000.0, 40.0], [0.5, 0.1, 0.3, 0.95, 0.5, 0.4]],
    }
    out = []
    for name, params in regimes.items():
        columns = [np.asarray(p, t)[:, None] for p in params]
        dtype = np.int64 if name == "poisson" else t
        draws = np.asarray(getattr(random, name)(key, *columns, (6, FIT_DRAWS), dtype))
        law = getattr(stats, name if name != "binomial" else "binom")
        for i in range(6):
            own = [p[i] for p in params]
            binned = bins(lambda q: law.ppf(q, *own), lambda x: law.cdf(x, *own))
            some = [number(x) for x in draws[i, :: FIT_DRAWS // 20]]
            out.append({"draw": name, "params": own, "some": some, **binned})
    return {"seed": 2024, "draws": FIT_DRAWS, "rows": out}


def main():
    write(
        "random.json",
        {
            "about": "jax.random under jax_enable_x64 True, jax_threefry_partitionable True, CPU. Seeds are 64-bit "
            "integers, negative ones as their bits; values are row-major; f32 values are printed as the f64 with the "
            "same value.",
            "versions": {
                "python": platform.python_version(),
                "jax": jax.__version__,
                "jaxlib": jaxlib.__version__,
                "numpy": np.__version__,
                "scipy": scipy.__version__,
            },
            "floats": floats(),
            "integers": integers(),
            "looped": looped(),
            "selections": selections(),
            "fit": fit(),
        },
    )


if __name__ == "__main__":
    assert jax.config.jax_threefry_partitionable
    main()
