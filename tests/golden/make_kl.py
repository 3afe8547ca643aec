"""numpyro_kl.json: Kullback-Leibler divergences by NumPyro in f64, and by mpmath: integrals of definitions, or sums of
lgamma and digamma in 40 digits where events are vectors. What wraps a distribution is `expand`, `to_event`, `mask`, in
this order.

usage: python3 make_kl.py
"""

import platform

import jax

jax.config.update("jax_enable_x64", True)

import jax.numpy as jnp
import mpmath
import numpy as np
import numpyro
import numpyro.distributions as dist
from mpmath import mp
from numpyro.distributions.kl import kl_divergence

from common import array, write

mp.dps = 40

COV = [[2.0, 0.6, 0.1], [0.6, 1.0, -0.3], [0.1, -0.3, 0.5]]
TRIL = [[1.2, 0.0, 0.0], [0.4, 0.7, 0.0], [-0.2, 0.3, 2.0]]
TRILS = [TRIL, [[0.5, 0.0, 0.0], [0.1, 0.9, 0.0], [0.0, -1.0, 0.3]]]


def d(name, *params, expand=None, to_event=None, mask=None):
    return {"dist": name, "params": params, "expand": expand, "to_event": to_event, "mask": mask}


CASES = [
    (d("Normal", 0.3, 1.7), d("Normal", -0.5, 0.8)),
    (d("Normal", [0.0, 1.0, 1e3], [1e-3, 1.0, 20.0]), d("Normal", [[0.5], [0.0]], [[2.0], [1e-2]])),
    (d("Normal", 0.3, 1.7), d("Normal", 0.3, 1.7)),
    (d("Normal", [0.0, 1.0], 2.0, to_event=1), d("Normal", 0.0, 1.0, expand=[2], to_event=1)),
    (d("Normal", [0.0, 1.0], 2.0, expand=[3, 2], to_event=1), d("Normal", 0.0, [1.0, 3.0], expand=[3, 2], to_event=1)),
    (d("Normal", 1.0, 2.0, expand=[4]), d("Normal", 0.0, 1.0)),
    (d("Normal", 1.0, 2.0), d("Normal", 0.0, 1.0, expand=[4])),
    (d("Normal", [1.0, 2.0], 2.0, mask=[True, False]), d("Normal", [0.0, 3.0], 1.0, mask=[True, True])),
    (d("Normal", [1.0, 2.0, 0.0], 2.0, mask=[True, False, True]), d("Normal", 0.0, 1.0, expand=[3], mask=[True, True, False])),
    (d("MultivariateNormal", [0.5, -1.0, 2.0], COV), d("MultivariateNormal", [0.0, 0.0, 1.0], None, None, TRIL)),
    (d("MultivariateNormal", [0.5, -1.0, 2.0], None, COV), d("MultivariateNormal", [0.0, 0.0, 1.0], COV)),
    (d("MultivariateNormal", [0.0, 0.0, 1.0], None, None, TRILS), d("MultivariateNormal", [0.5, -1.0, 2.0], COV)),
    (d("MultivariateNormal", [0.0, 0.0, 1.0], COV), d("MultivariateNormal", [[0.5, -1.0, 2.0], [0.0, 1.0, 0.0]], None, None, TRILS)),
    (d("MultivariateNormal", [0.0, 0.0, 1.0], COV, expand=[2], to_event=1), d("MultivariateNormal", [0.5, -1.0, 2.0], None, None, TRILS, to_event=1)),
    (d("Beta", [0.3, 2.0, 70.0], [0.5, 5.0, 3.0]), d("Beta", [1.0, 1.5, 0.2], [1.0, 0.5, 8.0])),
    (d("BetaProportion", 0.3, 4.0), d("Beta", 2.0, 2.0)),
    (d("Beta", 2.0, 2.0), d("BetaProportion", [0.3, 0.6], 4.0)),
    (d("Gamma", [0.2, 1.0, 50.0], [3.0, 1.0, 0.1]), d("Gamma", [1.5, 1.0, 2.0], [0.5, 1.0, 2.0])),
    (d("Chi2", [1.0, 7.0]), d("Gamma", 2.0, 0.7)),
    (d("Gamma", 2.0, 0.7), d("Chi2", 3.0)),
    (d("Weibull", [0.5, 1.0, 2.0], [0.7, 1.8, 4.0]), d("Gamma", [1.5, 1.0, 3.0], [0.5, 2.0, 1.0])),
    (d("Kumaraswamy", [0.5, 1.0, 2.0], [0.7, 1.8, 4.0]), d("Beta", [1.5, 1.0, 3.0], [0.5, 2.0, 1.0])),
    (d("Dirichlet", [0.5, 1.0, 3.0]), d("Dirichlet", [[1.0, 1.0, 1.0], [20.0, 0.3, 2.0]])),
    (d("Dirichlet", [[0.5, 1.0, 3.0]], expand=[2], to_event=1), d("Dirichlet", [1.0, 2.0, 3.0], expand=[2], to_event=1)),
    (d("CategoricalProbs", [[0.2, 0.5, 0.3], [0.0, 0.5, 0.5]]), d("CategoricalProbs", [0.1, 0.1, 0.8])),
    (d("CategoricalProbs", [[0.2, 0.8, 0.0], [0.2, 0.5, 0.3]]), d("CategoricalProbs", [0.1, 0.9, 0.0])),
    (d("Delta", 0.7), d("Normal", 0.0, 2.0)),
    (d("Delta", [0.7, 1.5], [0.25, 0.5]), d("Gamma", 2.0, 3.0)),
    (d("Delta", [0.7, 1.5]), d("Normal", 0.0, 2.0, expand=[2], mask=[False, True])),
]
# The pairs that NumPyro has no formula for, nor we.
NOT_OFFERED = [
    (d("Gamma", 1.0, 1.0), d("LogNormal", 0.0, 1.0)),
    (d("Gamma", 1.0, 1.0), d("Weibull", 1.0, 1.0)),
    (d("Normal", 0.0, 1.0), d("StudentT", 3.0, 0.0, 1.0)),
    (d("CategoricalLogits", [0.0, 1.0]), d("CategoricalLogits", [0.0, 0.0])),
    (d("Normal", [0.0, 1.0], 1.0, to_event=1), d("MultivariateNormal", [0.0, 0.0], [[1.0, 0.0], [0.0, 1.0]])),
    (d("Normal", [0.0, 1.0], 1.0, mask=[True, False]), d("Normal", 0.0, 1.0)),
    (d("Normal", [0.0, 1.0], 1.0), d("Normal", 0.0, 1.0, expand=[2], mask=[True, False])),
    (d("Delta", [0.7, 1.5], mask=[True, False]), d("Normal", 0.0, 1.0)),
]


def build(c):
    out = getattr(dist, c["dist"])(*[None if p is None else jnp.array(p) for p in c["params"]])
    out = out if c["expand"] is None else out.expand(c["expand"])
    out = out if c["to_event"] is None else out.to_event(c["to_event"])
    return out if c["mask"] is None else out.mask(jnp.array(c["mask"]))


def log_beta(*x):
    return sum(map(mp.loggamma, x)) - mp.loggamma(sum(x))


def normal(x, loc, scale):
    return -((x - loc) / scale) ** 2 / 2 - mp.log(scale) - mp.log(2 * mp.pi) / 2


LOG_PROBS = {
    "Normal": normal,
    "Gamma": lambda x, a, b: a * mp.log(b) + (a - 1) * mp.log(x) - b * x - mp.loggamma(a),
    "Chi2": lambda x, k: LOG_PROBS["Gamma"](x, k / 2, mp.mpf(1) / 2),
    "Beta": lambda x, a, b: (a - 1) * mp.log(x) + (b - 1) * mp.log1p(-x) - log_beta(a, b),
    "BetaProportion": lambda x, m, c: LOG_PROBS["Beta"](x, m * c, (1 - m) * c),
    "Weibull": lambda x, b, a: mp.log(a / b) + (a - 1) * mp.log(x / b) - (x / b) ** a,
}
# Substitutions that spread the mass over the line, so that the ends are harmless: of y, with their derivatives.
MAPS = {
    "unit": (lambda y: 1 / (1 + mp.exp(-y)), lambda y: 1 / (2 + mp.exp(y) + mp.exp(-y))),
    "half": (mp.exp, mp.exp),
    "line": (lambda y: y, lambda y: mp.mpf(1)),
}
SPACES = {"Normal": "line", "Beta": "unit", "BetaProportion": "unit", "Gamma": "half", "Chi2": "half", "Weibull": "half"}


def integral(p, q, p_params, q_params):
    to, slope = MAPS[SPACES[p]]

    def f(y):
        x = to(y)
        log_p = LOG_PROBS[p](x, *p_params)
        return mp.exp(log_p) * slope(y) * (log_p - LOG_PROBS[q](x, *q_params))

    if p == "Normal":
        loc, scale = p_params
        ends = [loc + scale * k for k in (-30, -6, -2, 0, 2, 6, 30)]
    elif SPACES[p] == "unit":
        ends = [-320, -100, -30, -10, -4, -2, 0, 2, 4, 10, 30, 100, 320]
        # Nearer to one, the logarithm of what is left has no digits.
        ends = [e for e in ends if e < 80] + [80]
    else:
        ends = [-600, -200, -60, -20, -8, -4, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8]
    return mp.quad(f, ends)


def exact(p, q):
    """Elements of the divergence of what is not wrapped, by the definition; None where that is too much."""
    names, wrapped = (p["dist"], q["dist"]), any(c[k] is not None for c in (p, q) for k in ("expand", "to_event", "mask"))
    if wrapped or any(n not in LOG_PROBS for n in names):
        return None
    params = np.broadcast_arrays(*p["params"], *q["params"])
    shape, n = params[0].shape, len(p["params"])
    rows = [[mp.mpf(float(x.ravel()[i])) for x in params] for i in range(max(1, params[0].size))]
    out = [float(integral(*names, r[:n], r[n:])) for r in rows]
    return array(np.array(out).reshape(shape))


def record(c):
    plain = lambda x: None if x is None else array(np.array(x))
    out = {"dist": c["dist"], "params": [plain(p) for p in c["params"]]}
    return out | {k: plain(c[k]) if k == "mask" else c[k] for k in ("expand", "to_event", "mask") if c[k] is not None}


def refused(p, q):
    try:
        kl_divergence(build(p), build(q))
    except NotImplementedError:
        return True
    return False


assert all(refused(*pair) for pair in NOT_OFFERED)
rows = []
for p, q in CASES:
    kl = jnp.asarray(kl_divergence(build(p), build(q)), float)
    rows.append({"p": record(p), "q": record(q), "numpyro": array(kl), "exact": exact(p, q)})
write(
    "numpyro_kl.json",
    {
        "generator": "make_kl.py",
        "versions": {
            "python": platform.python_version(),
            "jax": jax.__version__,
            "numpyro": numpyro.__version__,
            "mpmath": mpmath.__version__,
        },
        "cases": rows,
        "not_offered": [{"p": record(p), "q": record(q)} for p, q in NOT_OFFERED],
    },
)
