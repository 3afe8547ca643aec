"""Makes transforms.json: biject_to of the elementwise constraints, with Jacobians, at extremes.

NumPyro in f64 on the CPU against mpmath's closed forms (400 digits): maps, log determinants
and their derivatives at unconstrained points, and inverses at constrained points.

Install: pip install "jax==0.10.2" "numpyro==0.22.0" "mpmath==1.4.1".  Run: python make_transforms.py
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
from common import array, write
from mpmath import mp, mpf
from numpyro.distributions import biject_to, constraints

jax.config.update("jax_enable_x64", True)
warnings.simplefilter("ignore")
mp.dps = 400
TINY, TOP = mpf(float(np.finfo(np.float64).tiny)), 1 - mpf(2) ** -52
RTOL = 2e-13
POINTS = [-1000.0, -745.5, -745.0, -708.0, -40.0, -37.0, -20.0, -1.5, -1e-8, 0.0]
POINTS += [1e-300, 0.3, 1.0, 2.5, 20.0, 36.0, 37.0, 40.0, 700.0, 709.0, 710.0, 745.0, 1000.0]


def expit(u):
    """NumPyro clamps the logistic to [tiny, 1 - eps]; the slope outside is zero."""
    s = 1 / (1 + mp.exp(-u))
    clamped = min(max(s, TINY), TOP)
    return clamped, (s * (1 - s) if s == clamped else mpf(0))


def log_slope(u):
    return -mp.log1p(mp.exp(-abs(u))) * 2 - abs(u), -mp.tanh(u / 2)


def forward(kind, u, a, b):
    """(value, its slope, log |slope| as NumPyro defines it, that one's slope)."""
    if kind == "identity":
        return u, mpf(1), mpf(0), mpf(0)
    if kind == "exp":
        return a + b * mp.exp(u), b * mp.exp(u), u, mpf(1)
    s, ds = expit(u)
    log_det, d_log_det = log_slope(u)
    return a + (b - a) * s, (b - a) * ds, log_det + mp.log(b - a), d_log_det


def inverse(kind, y, a, b):
    if kind == "identity":
        return y
    if kind == "exp":
        t = (y - a) / b
        return -mp.inf if t == 0 else mp.log(t)
    t = (y - a) / (b - a)
    return -mp.inf if t == 0 else (mp.inf if t == 1 else mp.log(t) - mp.log1p(-t))


# label, constraint, kind, a, b (exp: y = a + b exp(u), b = ±1; sigmoid: interval (a, b)), constrained points
CASES = [
    ("real", lambda: constraints.real, "identity", 0.0, 1.0, [-3.0, 0.0, 1e300]),
    ("positive", lambda: constraints.positive, "exp", 0.0, 1.0, [1e-300, 1e-8, 1.0, 2.5, 1e300]),
    ("nonnegative", lambda: constraints.nonnegative, "exp", 0.0, 1.0, [0.0, 1.0, 2.5]),
    ("greater_than(-2.5)", lambda: constraints.greater_than(-2.5), "exp", -2.5, 1.0, [-2.4999999, 0.0, 3.25]),
    ("greater_than(1000000.0)", lambda: constraints.greater_than(1e6), "exp", 1e6, 1.0, [1000000.0000001, 1000001.0]),
    ("greater_than_eq(0.5)", lambda: constraints.greater_than_eq(0.5), "exp", 0.5, 1.0, [0.5, 0.75, 9.0]),
    ("less_than(3.0)", lambda: constraints.less_than(3.0), "exp", 3.0, -1.0, [2.9999999, 0.0, -50.0]),
    ("unit_interval", lambda: constraints.unit_interval, "sigmoid", 0.0, 1.0, [0.0, 1e-300, 1e-8, 0.3, 0.5, 0.99, 0.9999999999999998, 1.0]),
    ("interval(-1.0, 3.0)", lambda: constraints.interval(-1.0, 3.0), "sigmoid", -1.0, 3.0, [-1.0, -0.9999999, 0.0, 1.0, 2.5, 3.0]),
    ("open_interval(0.0, 1e-6)", lambda: constraints.open_interval(0.0, 1e-6), "sigmoid", 0.0, 1e-6, [1e-12, 5e-7, 9.9e-7]),
    ("interval(-1e6, 1e6)", lambda: constraints.interval(-1e6, 1e6), "sigmoid", -1e6, 1e6, [-999999.0, 0.0, 1e-3, 5e5]),
]


def record(exact, theirs):
    exact = np.array([float(x) for x in exact])
    theirs = np.asarray(theirs, np.float64)
    assert exact.shape == theirs.shape
    agree = np.allclose(theirs, exact, rtol=RTOL, atol=0, equal_nan=True)
    return {"values": array(exact)["values"], **({} if agree else {"numpyro": array(theirs)["values"]})}


def case(label, make, kind, a, b, constrained):
    t = biject_to(make())
    u = jnp.asarray(POINTS)
    log_det = lambda x: t.log_abs_det_jacobian(x, t(x))
    exact = [forward(kind, mpf(p), mpf(a), mpf(b)) for p in POINTS]
    y = jnp.asarray(constrained)
    bounds = {"identity": {}, "exp": {"lower" if b > 0 else "upper": a}, "sigmoid": {"lower": a, "upper": b}}[kind]
    return {
        "constraint": label.split("(")[0],
        **bounds,
        "forward": record([e[0] for e in exact], t(u)),
        "forward_grad": record([e[1] for e in exact], jax.vmap(jax.grad(lambda x: t(x)))(u)),
        "log_abs_det_jacobian": record([e[2] for e in exact], log_det(u)),
        "log_abs_det_jacobian_grad": record([e[3] for e in exact], jax.vmap(jax.grad(log_det))(u)),
        "inverse": {"constrained": array(y)["values"], **record([inverse(kind, mpf(v), mpf(a), mpf(b)) for v in constrained], t._inverse(y))},
    }


def batched():
    """Bounds that are arrays, and a flattened row in to_event form, NumPyro's numbers."""
    low, high = jnp.array([0.0, -3.0]), jnp.array([1.0, 5.0])
    u = jnp.array([[-1.5, 0.25], [2.0, -40.0]])
    t = biject_to(constraints.interval(low, high))
    ind = biject_to(constraints.independent(constraints.positive, 1))
    return [
        {"constraint": "interval", "lower": array(low), "upper": array(high), "unconstrained": array(u), "forward": array(t(u)), "log_abs_det_jacobian": array(t.log_abs_det_jacobian(u, t(u)))},
        {"constraint": "independent(positive, 1)", "unconstrained": array(u), "forward": array(ind(u)), "log_abs_det_jacobian": array(ind.log_abs_det_jacobian(u, ind(u)))},
    ]


def main():
    write(
        "transforms.json",
        {
            "about": "every list is parallel to 'unconstrained' (or to inverse.constrained). values: mpmath, "
            "correctly rounded, with NumPyro's clamp of the logistic to [tiny, 1 - eps]; the log determinant "
            f"is that of the unclamped map. 'numpyro' holds NumPyro's own where one differs by more than {RTOL} "
            "relative: subnormals flushed to zero, cancellation against a large bound, the clamped value near 1.",
            "versions": {
                "python": platform.python_version(),
                "jax": jax.__version__,
                "jaxlib": jaxlib.__version__,
                "numpyro": numpyro.__version__,
                "numpy": np.__version__,
                "mpmath": mpmath.__version__,
            },
            "unconstrained": POINTS,
            "cases": [case(*c) for c in CASES],
            "batched": batched(),
        },
    )


if __name__ == "__main__":
    main()
