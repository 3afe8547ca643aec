"""Makes numpyro_distributions.json: log densities, gradients, draws, moments, cdf and icdf.

NumPyro in f64 on the CPU, each value also computed with mpmath (60 digits) from closed forms
written here, and log densities of moderate arguments also with SciPy. Where NumPyro and mpmath
agree, mpmath's correctly rounded value is recorded; where they differ, NumPyro's is beside it.

Install: pip install "jax==0.10.2" "numpyro==0.22.0" "scipy==1.17.1" "mpmath==1.4.1".
Run: python make_distributions.py
"""

import os

os.environ["JAX_PLATFORMS"] = "cpu"

import platform
import warnings

import jax
import jax.numpy as jnp
import jaxlib
import mpmath
import numpy as np
import numpyro
import numpyro.distributions as dist
import scipy
import scipy.stats
from common import array, write
from mpmath import mp, mpf

jax.config.update("jax_enable_x64", True)
warnings.simplefilter("ignore")
mp.dps = 60
INF, NAN = float("inf"), float("nan")
TINY, EPS = mpf(float(np.finfo(np.float64).tiny)), mpf(2) ** -52
KEY = 7
RTOL = 2e-13  # above it NumPyro's own value is recorded too


def normal_log(v, loc, scale):
    z = (v - loc) / scale
    return {
        "log_prob": -z * z / 2 - mp.log(mp.sqrt(2 * mp.pi) * scale),
        "value": -z / scale,
        "loc": z / scale,
        "scale": (z * z - 1) / scale,
    }


def cauchy_log(v, loc, scale):
    z = (v - loc) / scale
    slope = 2 * z / (1 + z * z) / scale
    return {
        "log_prob": -mp.log(mp.pi) - mp.log(scale) - mp.log1p(z * z),
        "value": -slope,
        "loc": slope,
        "scale": slope * z - 1 / scale,
    }


def half(log):
    def folded(v, scale):
        r = log(v, mpf(0), scale)
        return {"log_prob": r["log_prob"] + mp.log(2), "value": r["value"], "scale": r["scale"]}

    return folded


def exponential_log(v, rate):
    return {"log_prob": mp.log(rate) - rate * v, "value": -rate, "rate": 1 / rate - v}


def uniform_log(v, low, high):
    w = high - low
    return {"log_prob": -mp.log(w), "value": mpf(0), "low": 1 / w, "high": -1 / w}


def bernoulli_probs_log(v, probs):
    """NumPyro clamps probs to [tiny, 1 - eps]; its slope outside is zero and halved on the edge."""
    top = 1 - EPS
    p = min(max(probs, TINY), top)
    inside = mpf(0) if probs < TINY or probs > top else (mpf("0.5") if probs in (TINY, top) else mpf(1))
    return {"log_prob": mp.log(p) if v == 1 else mp.log1p(-p), "probs": inside * (1 / p if v == 1 else -1 / (1 - p))}


def bernoulli_logits_log(v, logits):
    if mp.isinf(logits):
        return {"log_prob": mpf(0) if (logits > 0) == (v == 1) else -mp.inf, "logits": mpf(0)}
    s = logits if v == 1 else -logits
    return {"log_prob": -mp.log1p(mp.exp(-s)), "logits": (1 if v == 1 else -1) / (1 + mp.exp(s))}


def erf(z):
    """mpmath's erf, which overflows its own series count beyond about 1e150."""
    return mp.sign(z) if abs(z) > 1000 else mp.erf(z)


def ndtr(z):
    z = -z / mp.sqrt(2)
    return mpf(z < 0) if abs(z) > 1000 else mp.erfc(z) / 2


def ndtri(q):
    with mp.workdps(340):  # 2 q - 1 exact down to q = 1e-300
        return mp.sqrt(2) * mp.erfinv(2 * q - 1)


FAMILIES = {
    "Normal": {
        "log": normal_log,
        "cdf": lambda v, loc, scale: ndtr((v - loc) / scale),
        "icdf": lambda q, loc, scale: loc + scale * ndtri(q),
        "mean": lambda loc, scale: loc,
        "variance": lambda loc, scale: scale**2,
        "scipy": lambda v, loc, scale: scipy.stats.norm.logpdf(v, loc, scale),
    },
    "HalfNormal": {
        "log": half(normal_log),
        "cdf": lambda v, scale: erf(v / scale / mp.sqrt(2)),
        "icdf": lambda q, scale: scale * mp.sqrt(2) * mp.erfinv(q),
        "mean": lambda scale: mp.sqrt(2 / mp.pi) * scale,
        "variance": lambda scale: (1 - 2 / mp.pi) * scale**2,
        "scipy": lambda v, scale: scipy.stats.halfnorm.logpdf(v, 0, scale),
    },
    "HalfCauchy": {
        "log": half(cauchy_log),
        "cdf": lambda v, scale: 2 / mp.pi * mp.atan(v / scale),
        "icdf": lambda q, scale: scale * mp.tan(mp.pi * q / 2),
        "mean": lambda scale: mp.inf,
        "variance": lambda scale: mp.inf,
        "scipy": lambda v, scale: scipy.stats.halfcauchy.logpdf(v, 0, scale),
    },
    "Cauchy": {
        "log": cauchy_log,
        "cdf": lambda v, loc, scale: mp.atan2(scale, -(v - loc)) / mp.pi,
        "icdf": lambda q, loc, scale: loc - scale * mp.cospi(q) / mp.sinpi(q),
        "mean": lambda loc, scale: mp.nan,
        "variance": lambda loc, scale: mp.nan,
        "scipy": lambda v, loc, scale: scipy.stats.cauchy.logpdf(v, loc, scale),
    },
    "Exponential": {
        "log": exponential_log,
        "cdf": lambda v, rate: -mp.expm1(-rate * v),
        "icdf": lambda q, rate: -mp.log1p(-q) / rate,
        "mean": lambda rate: 1 / rate,
        "variance": lambda rate: 1 / rate**2,
        "scipy": lambda v, rate: scipy.stats.expon.logpdf(v, 0, 1 / rate),
    },
    "Uniform": {
        "log": uniform_log,
        "cdf": lambda v, low, high: min(max((v - low) / (high - low), mpf(0)), mpf(1)),
        "icdf": lambda q, low, high: low + q * (high - low),
        "mean": lambda low, high: (low + high) / 2,
        "variance": lambda low, high: (high - low) ** 2 / 12,
        "scipy": lambda v, low, high: scipy.stats.uniform.logpdf(v, low, high - low),
    },
    "BernoulliProbs": {
        "log": bernoulli_probs_log,
        "mean": lambda probs: probs,
        "variance": lambda probs: probs * (1 - probs),
        "scipy": lambda v, probs: scipy.stats.bernoulli.logpmf(v, probs),
    },
    "BernoulliLogits": {
        "log": bernoulli_logits_log,
        "mean": lambda logits: 1 / (1 + mp.exp(-logits)),
        "variance": lambda logits: 1 / (2 + mp.exp(-logits) + mp.exp(logits)),
        "scipy": lambda v, logits: scipy.stats.bernoulli.logpmf(v, 1 / (1 + np.exp(-logits))),
    },
}

# (family, label, parameters, values in the support, values outside it)
REAL = [0.0, 1e-300, -1e-8, 1.0, -3.5, 40.0, 1e8, -1e154]
POSITIVE = [1e-300, 1e-8, 0.5, 1.0, 3.5, 40.0, 1e8, 1e154]
OUT_REAL, OUT_POSITIVE = [INF, -INF, NAN], [0.0, -0.0, -1.0, -1e-300, INF, NAN]
CASES = [
    ("Normal", "standard", {"loc": 0.0, "scale": 1.0}, REAL, OUT_REAL),
    ("Normal", "overflow", {"loc": 0.0, "scale": 1.0}, [1e200, -1.7e308], []),
    ("Normal", "shifted", {"loc": -3.25, "scale": 0.125}, [-3.25, -3.0, 0.0, 17.5, -1e6], []),
    ("Normal", "tiny_scale", {"loc": 0.0, "scale": 1e-300}, [0.0, 1e-300, -3e-300, 1e-290], []),
    ("Normal", "huge_scale", {"loc": 1e8, "scale": 1e300}, [0.0, 1e300, -1e301], []),
    ("Normal", "batch", {"loc": [-1.0, 0.0, 2.5], "scale": [0.5, 1.0, 4.0]}, [[0.25, -2.0, 7.0]], []),
    ("Normal", "broadcast", {"loc": [[0.0], [10.0]], "scale": [0.1, 1.0, 30.0]}, [[[0.05, -1.0, 3.0], [9.0, 10.0, 11.0]], [1.0, 2.0, 3.0], 0.5], []),
    ("HalfNormal", "standard", {"scale": 1.0}, POSITIVE, OUT_POSITIVE),
    ("HalfNormal", "batch", {"scale": [1e-3, 2.0, 1e5]}, [[1.5e-3, 0.75, 3e5], 2.0], []),
    ("HalfCauchy", "standard", {"scale": 1.0}, POSITIVE, OUT_POSITIVE),
    ("HalfCauchy", "five", {"scale": 5.0}, [1e-300, 0.1, 5.0, 12.0, 1e6], []),
    ("HalfCauchy", "overflow", {"scale": 5.0}, [1e155, 1e200, 1.7e308], []),
    ("HalfCauchy", "batch", {"scale": [1e-3, 2.0, 1e5]}, [[1.5e-3, 0.75, 3e5], 2.0], []),
    ("Cauchy", "standard", {"loc": 0.0, "scale": 1.0}, REAL, OUT_REAL),
    ("Cauchy", "overflow", {"loc": 0.0, "scale": 1.0}, [1e155, -1e200], []),
    ("Cauchy", "batch", {"loc": [-1.0, 0.0, 2.5], "scale": [0.5, 1.0, 4.0]}, [[0.25, -2.0, 7.0]], []),
    ("Cauchy", "broadcast", {"loc": [[0.0], [10.0]], "scale": [0.1, 1.0, 30.0]}, [[[0.05, -1.0, 3.0], [9.0, 10.0, 11.0]], 0.5], []),
    ("Exponential", "standard", {"rate": 1.0}, POSITIVE, OUT_POSITIVE),
    ("Exponential", "batch", {"rate": [1e-300, 0.25, 1e6]}, [[1e299, 3.0, 2e-6], 2.0], []),
    ("Uniform", "unit", {"low": 0.0, "high": 1.0}, [0.0, 1e-300, 0.25, 1.0], [-1e-300, 1.0000000000000002, -1.0, 2.0, INF, -INF, NAN]),
    ("Uniform", "batch", {"low": [-3.0, 0.0, 1e6], "high": [-2.5, 1e-300, 1e6 + 1]}, [[-2.75, 5e-301, 1e6]], []),
    ("Uniform", "broadcast", {"low": [[-1.0], [-2.0]], "high": [1.0, 3.0, 100.0]}, [[[0.5, 1.0, 100.0], [-2.0, 0.0, 1.0]], 0.75], []),
    ("BernoulliProbs", "third", {"probs": 0.3}, [0, 1], [2, -1]),
    ("BernoulliProbs", "edges", {"probs": [0.0, 1e-320, 1e-300, 1e-17, 0.5, 0.9999999999999998, 1.0]}, [[0] * 7, [1] * 7, 0, 1], []),
    ("BernoulliLogits", "zero", {"logits": 0.0}, [0, 1], [2, -1]),
    ("BernoulliLogits", "extremes", {"logits": [-1e300, -1000.0, -745.0, -40.0, -1e-8, 0.0, 1e-8, 2.5, 40.0, 745.0, 1000.0, 1e300]}, [[0] * 12, [1] * 12], []),
    ("BernoulliLogits", "infinite", {"logits": [-INF, INF]}, [[0, 0], [1, 1]], []),
    ("BernoulliLogits", "broadcast", {"logits": [[-1.5], [0.5]]}, [[[0, 1, 1], [1, 0, 1]], 1], []),
]
QUANTILES = [1e-300, 1e-12, 0.025, 0.3, 0.5, 0.75, 0.975]


def rounded(x):
    return NAN if mp.isnan(x) else float(x)


def elementwise(f, *arrays):
    """mpmath over broadcast f64 arrays; f returns a number or a dict of numbers."""
    parts = np.broadcast_arrays(*[np.asarray(a, np.float64) for a in arrays])
    results = [f(*[mpf(float(p)) for p in point]) for point in zip(*[p.ravel() for p in parts])]
    shape = parts[0].shape
    if isinstance(results[0], dict):
        return {k: (np.array([r[k] for r in results], object)).reshape(shape) for k in results[0]}
    return np.array(results, object).reshape(shape)


def sum_to(x, shape):
    """Sums an object array back to a shape that broadcasts to it."""
    extra = x.ndim - len(shape)
    x = x.sum(axis=tuple(range(extra))) if extra else x
    for axis, n in enumerate(shape):
        if n == 1 and np.shape(x)[axis] != 1:
            x = x.sum(axis=axis, keepdims=True)
    return np.asarray(x, object)


def to_f64(x):
    x = np.asarray(x, object)
    return np.array([rounded(v) for v in x.ravel()], np.float64).reshape(x.shape)


def record(exact, theirs):
    """mpmath's value, with NumPyro's where the two differ by more than RTOL."""
    exact, theirs = to_f64(exact), np.asarray(theirs, np.float64)
    assert exact.shape == theirs.shape, (exact.shape, theirs.shape)
    agree = np.allclose(theirs, exact, rtol=RTOL, atol=1e-300, equal_nan=True)
    return {**array(exact), **({} if agree else {"numpyro": array(theirs)["values"]})}


def slopes(make, params, value, shape, discrete):
    """jax.grad by element: everything is expanded to the shape of the log density first."""
    wide = {k: jnp.broadcast_to(p, shape) for k, p in params.items()}
    if discrete:
        return jax.grad(lambda p: make(p).log_prob(value).sum())(wide)
    by_value, by_param = jax.grad(lambda v, p: make(p).log_prob(v).sum(), (0, 1))(jnp.broadcast_to(value, shape), wide)
    return {"value": by_value, **by_param}


def density(name, label, params, value, make):
    family, discrete = FAMILIES[name], name.startswith("Bernoulli")
    value = jnp.asarray(value, jnp.int64 if discrete else jnp.float64)
    d = make(params)
    exact = elementwise(lambda v, *p: family["log"](v, *p), value, *params.values())
    shape = np.broadcast_shapes(value.shape, d.batch_shape)
    out = {"value": array(value), "log_prob": record(exact["log_prob"], d.log_prob(value))}
    assert tuple(out["log_prob"]["shape"]) == shape
    out["grad"] = {k: record(exact[k], g) for k, g in slopes(make, params, value, shape, discrete).items()}
    if any(p.shape != shape for p in params.values()) and label in ("batch", "broadcast"):
        theirs = jax.grad(lambda p: make(p).log_prob(value).sum())(params)
        out["grad_of_sum"] = {k: record(sum_to(exact[k], p.shape), theirs[k]) for k, p in params.items()}
    plain = {k: np.asarray(v) for k, v in params.items()}
    with np.errstate(all="ignore"):
        other = np.asarray(family["scipy"](np.asarray(value), **plain))
    mine = to_f64(exact["log_prob"])
    moderate = np.isfinite(mine) & np.isfinite(other) & (np.abs(mine) < 600) & (np.abs(mine) > 1e-6)
    assert np.allclose(np.broadcast_to(other, shape)[moderate], mine[moderate], rtol=1e-10), (name, mine, other)
    return out


def outside(name, params, value, make):
    discrete = name.startswith("Bernoulli")
    value = jnp.asarray(value, jnp.int64 if discrete else jnp.float64)
    d = make(params)
    out = {"value": array(value), "log_prob": array(d.log_prob(value))}
    bare = getattr(dist, name)(**params, validate_args=False)
    out["log_prob_unvalidated"] = array(bare.log_prob(value))
    out["grad"] = {k: array(g) for k, g in slopes(make, params, value, value.shape, discrete).items()}
    return out


def case(name, label, params, inside, out):
    params = {k: jnp.asarray(v, jnp.float64) for k, v in params.items()}
    family = FAMILIES[name]
    # NumPyro's validation refuses infinite logits; its log_prob still defines them.
    checks = {"validate_args": False} if label == "infinite" else {}
    make = lambda p: getattr(dist, name)(**p, **checks)
    d = make(params)
    result = {
        "dist": name,
        "label": label,
        "params": {k: array(v) for k, v in params.items()},
        "validated": not checks,
        "batch_shape": list(d.batch_shape),
        "support": str(d.support),
    }
    flat_inside = not any(isinstance(v, list) for v in inside)
    values = [inside] if flat_inside and not d.batch_shape else inside
    result["log_prob"] = [density(name, label, params, v, make) for v in values]
    if out:
        result["outside_support"] = outside(name, params, out, make)
    result["draws"] = {"seed": KEY, "sample_shape": [5], **array(d.sample(jax.random.key(KEY), (5,)))}
    args = list(params.values())
    for moment in ("mean", "variance"):
        finite = all(np.isfinite(np.asarray(a)).all() for a in args)
        theirs = getattr(d, moment)
        result[moment] = record(elementwise(family[moment], *args), theirs) if finite else array(theirs)
    if "cdf" in family and flat_inside:
        v = jnp.asarray(inside, jnp.float64)
        result["cdf"] = {"value": array(v), **record(elementwise(family["cdf"], v, *args), d.cdf(v))}
    if "icdf" in family and label not in ("overflow",):
        q = jnp.asarray(QUANTILES).reshape((-1,) + (1,) * len(d.batch_shape))
        result["icdf"] = {"q": array(q), **record(elementwise(family["icdf"], q, *args), d.icdf(q))}
    return result


def wrapper(label, make, params, values):
    """expand, to_event, mask: NumPyro's own numbers; the base densities are checked above."""
    params = {k: jnp.asarray(v, jnp.float64) for k, v in params.items()}
    d = make(**params)
    rows = []
    for v in values:
        v = jnp.asarray(v, jnp.float64)
        grads = {"value": array(jax.grad(lambda x: d.log_prob(x).sum())(v))}
        grads |= {k: array(g) for k, g in jax.grad(lambda p: make(**p).log_prob(v).sum())(params).items()}
        rows.append({"value": array(v), "log_prob": array(d.log_prob(v)), "grad_of_sum": grads})
    return {
        "label": label,
        "params": {k: array(v) for k, v in params.items()},
        "batch_shape": list(d.batch_shape),
        "event_shape": list(d.event_shape),
        "event_dim": d.event_dim,
        "log_prob": rows,
        "draws": {"seed": KEY, "sample_shape": [5], **array(d.sample(jax.random.key(KEY), (5,)))},
        "mean": array(d.mean),
        "variance": array(d.variance),
    }


def wrappers():
    N, H = dist.Normal, dist.HalfNormal
    scalar = {"loc": 0.5, "scale": 2.0}
    batch = {"loc": [-1.0, 0.0, 2.5], "scale": [0.5, 1.0, 4.0]}
    mask3 = jnp.array([True, False, True])
    mask23 = jnp.array([[True, False, True], [False, False, True]])
    v3, v23 = [0.25, -2.0, 7.0], [[0.25, -2.0, 7.0], [1.0, 2.0, 3.0]]
    half = {"scale": [0.5, 1.0, 4.0]}
    return [
        wrapper("Normal(loc, scale).expand([3])", lambda loc, scale: N(loc, scale).expand([3]), scalar, [v3, 0.25, v23]),
        wrapper("Normal(loc, scale).expand([2, 3])", lambda loc, scale: N(loc, scale).expand([2, 3]), batch, [v23, v3]),
        wrapper("Normal(loc, 1).expand([2, 3]), loc [2, 1]", lambda loc: N(loc, 1.0).expand([2, 3]), {"loc": [[-1.0], [4.0]]}, [v23]),
        wrapper("Normal(loc, 1).expand([3, 2, 4]), loc [1, 2, 1]", lambda loc: N(loc, 1.0).expand([3, 2, 4]), {"loc": [[[-1.0], [4.0]]]}, [1.5]),
        wrapper("Normal(loc, 1).expand([2, 3]).expand([4, 2, 3]), loc [2, 1]", lambda loc: N(loc, 1.0).expand([2, 3]).expand([4, 2, 3]), {"loc": [[-1.0], [4.0]]}, [1.5]),
        wrapper("Normal(loc, 1).expand([2, 3]).to_event(1), loc [2, 1]", lambda loc: N(loc, 1.0).expand([2, 3]).to_event(1), {"loc": [[-1.0], [4.0]]}, [v23]),
        wrapper("Normal(loc, scale).to_event(1)", lambda loc, scale: N(loc, scale).to_event(1), batch, [v3, v23]),
        wrapper("Normal(loc, scale).expand([3]).to_event(1)", lambda loc, scale: N(loc, scale).expand([3]).to_event(1), scalar, [v3, v23]),
        wrapper("Normal(loc, scale).expand([2, 3]).to_event(1)", lambda loc, scale: N(loc, scale).expand([2, 3]).to_event(1), scalar, [v23]),
        wrapper("Normal(loc, scale).expand([2, 3]).to_event(2)", lambda loc, scale: N(loc, scale).expand([2, 3]).to_event(2), scalar, [v23]),
        wrapper("Normal(loc, scale).to_event(1).expand([2])", lambda loc, scale: N(loc, scale).to_event(1).expand([2]), batch, [v23]),
        wrapper("Normal(loc, scale).mask([T, F, T])", lambda loc, scale: N(loc, scale).mask(mask3), batch, [v3, v23]),
        wrapper("Normal(loc, scale).mask([T, F, T]), scalar loc and scale", lambda loc, scale: N(loc, scale).mask(mask3), scalar, [v3, 0.25]),
        wrapper("Normal(loc, scale).mask([[T, F, T], [F, F, T]])", lambda loc, scale: N(loc, scale).mask(mask23), batch, [v23]),
        wrapper("Normal(loc, scale).mask(False)", lambda loc, scale: N(loc, scale).mask(False), batch, [v3]),
        wrapper("Normal(loc, scale).mask(True)", lambda loc, scale: N(loc, scale).mask(True), batch, [v3]),
        wrapper("Normal(loc, scale).mask([T, F, T]), nan where masked", lambda loc, scale: N(loc, scale).mask(mask3), batch, [[0.25, NAN, 7.0]]),
        wrapper("HalfNormal(scale).mask([T, F, T]), out of support where masked", lambda scale: H(scale).mask(mask3), half, [[0.25, -2.0, 7.0]]),
        wrapper("Normal(loc, scale).expand([2, 3]).to_event(1).mask([T, F])", lambda loc, scale: N(loc, scale).expand([2, 3]).to_event(1).mask(jnp.array([True, False])), scalar, [v23]),
    ]


def main():
    write(
        "numpyro_distributions.json",
        {
            "about": "values are row-major. log_prob, grad, grad_of_sum, cdf, icdf, mean, variance hold mpmath's "
            "correctly rounded values under NumPyro's conventions (probs clamped to [tiny, 1 - eps]); a sibling "
            f"key 'numpyro' holds NumPyro's own where one differs by more than {RTOL} relative: an intermediate "
            "overflows (Normal, Cauchy from about 1e154), digits cancel (small cdf and icdf of folded families, "
            "log_prob of a logit of 40), a subnormal is flushed, or the slope at logits = 0 is taken as 0 or 1 "
            "instead of one half. grad: by element, value and parameters expanded to the shape of log_prob. "
            "grad_of_sum: gradient of log_prob.sum() in the parameters' own shapes. outside_support, draws and "
            "wrappers are NumPyro's alone; its gradients are nan where an infinite or nan value is masked.",
            "versions": {
                "python": platform.python_version(),
                "jax": jax.__version__,
                "jaxlib": jaxlib.__version__,
                "numpyro": numpyro.__version__,
                "scipy": scipy.__version__,
                "numpy": np.__version__,
                "mpmath": mpmath.__version__,
            },
            "cases": [case(*c) for c in CASES],
            "wrappers": wrappers(),
        },
    )


if __name__ == "__main__":
    main()
