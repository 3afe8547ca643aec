"""numpyro_reparams.json: sites, draws and log densities of small programs under `reparam` and `lift`, and densities of
ProjectedNormal. NumPyro in f64 on the CPU; mpmath for the densities.

usage: python3 make_reparams.py
"""

import jax

jax.config.update("jax_enable_x64", True)

import jax.numpy as jnp
import mpmath
import numpyro
import numpyro.distributions as dist
from numpyro import handlers
from numpyro.distributions.transforms import AffineTransform, SoftplusTransform
from numpyro.handlers import lift, reparam, seed, substitute
from numpyro.infer.reparam import (
    CircularReparam,
    ExplicitReparam,
    LocScaleReparam,
    ProjectedNormalReparam,
    TransformReparam,
)

from common import array, write


def rows(trace):
    out = []
    for name, site in trace.items():
        if site["type"] not in ("sample", "deterministic", "param"):
            continue
        row = {"name": name, "type": site["type"], **array(site["value"])}
        if site["type"] == "sample":
            log_prob = site["fn"].log_prob(site["value"])
            scale = site["scale"]
            log_prob = log_prob if scale is None else scale * log_prob
            row |= {"observed": bool(site["is_observed"]), "log_prob": float(jnp.sum(log_prob))}
        row["frames"] = [[f.name, f.dim, f.size] for f in site["cond_indep_stack"]]
        out.append(row)
    return out


def schools():
    mu = numpyro.sample("mu", dist.Normal(0.0, 5.0))
    tau = numpyro.sample("tau", dist.HalfNormal(2.0))
    with numpyro.plate("school", 3):
        numpyro.sample("theta", dist.Normal(mu, tau))


def vector():
    mu = numpyro.sample("mu", dist.Normal(0.0, 5.0))
    with numpyro.plate("i", 3):
        numpyro.sample("theta", dist.Normal(mu + jnp.array([0.0, 1.0]), 2.0).to_event(1))


def heavy():
    numpyro.sample("x", dist.StudentT(4.0, 1.0, 2.0).expand([2]))


def moved():
    mu = numpyro.sample("mu", dist.Normal(0.0, 5.0))
    with numpyro.plate("i", 3):
        numpyro.sample("x", dist.TransformedDistribution(dist.Normal(0.0, 1.0), AffineTransform(mu, 2.0)))


def positive():
    numpyro.sample("x", dist.LogNormal(0.5, 2.0).expand([2]).to_event(1))
    numpyro.sample("y", dist.InverseGamma(3.0, 2.0))
    numpyro.sample("z", dist.LogUniform(1.0, 9.0))
    numpyro.sample("w", dist.Pareto(2.0, 3.0))


def gamma():
    with numpyro.plate("i", 2):
        numpyro.sample("x", dist.Gamma(4.0, 4.0))


def direction():
    with numpyro.plate("i", 2):
        numpyro.sample("x", dist.ProjectedNormal(jnp.array([0.5, -1.0, 2.0])))


def angle():
    with numpyro.plate("i", 2):
        numpyro.sample("x", dist.VonMises(0.5, 2.0))


def scaled():
    with handlers.scale(scale=2.0):
        numpyro.sample("x", dist.Normal(1.0, 3.0))


def parameters():
    a = numpyro.param("a", 0.5, constraint=dist.constraints.positive)
    b = numpyro.param("b", jnp.array([0.5, 1.5]))
    again = numpyro.param("a", 0.5, constraint=dist.constraints.positive)
    numpyro.sample("x", dist.Normal(b * again, a).to_event(1), obs=jnp.array([0.25, 1.0]))


PROGRAMS = [schools, vector, heavy, moved, positive, gamma, direction, angle, scaled, parameters]
CASES = [
    "seed(reparam(schools, {'theta': LocScaleReparam(0)}), 3)",
    "seed(reparam(schools, {'theta': LocScaleReparam(0.3)}), 3)",
    "seed(reparam(schools, {'theta': LocScaleReparam(1)}), 3)",
    "seed(reparam(schools, {'theta': LocScaleReparam()}), 3)",
    "reparam(seed(schools, 3), {'theta': LocScaleReparam(0)})",
    "seed(reparam(vector, {'theta': LocScaleReparam()}), 3)",
    "seed(reparam(heavy, {'x': LocScaleReparam(0.5, shape_params=['df'])}), 3)",
    "seed(reparam(moved, {'x': TransformReparam()}), 3)",
    "seed(reparam(positive, lambda m: None if m['name'].endswith('_base') else TransformReparam()), 3)",
    "seed(reparam(gamma, {'x': ExplicitReparam(SoftplusTransform().inv)}), 3)",
    "seed(direction, 3)",
    "seed(reparam(direction, {'x': ProjectedNormalReparam()}), 3)",
    "substitute(reparam(angle, {'x': CircularReparam()}), {'x_unwrapped': jnp.array([-7.0, 2.0])})",
    "seed(reparam(scaled, {'x': LocScaleReparam(0)}), 3)",
    "seed(lift(parameters, {'a': dist.Exponential(2.0)}), 3)",
    "seed(lift(parameters, dist.LogNormal(jnp.array([0.0, 1.0]), 1.0).to_event(1)), 3)",
]


def exact(concentration, value):
    """The density of ProjectedNormal and its gradient by the concentration, by mpmath: NumPyro's own loses its digits
    opposite the mean, where 1 + erf cancels."""

    def log_prob(*c):
        t = sum(x * y for x, y in zip(c, value))
        growth = lambda x: x ** (len(c) - 1) * mpmath.npdf(x, t)
        inside = mpmath.quad(growth, [0, 1, 3, 10, 30])
        across = sum(x * x for x in c) - t * t
        return mpmath.log(inside) - across / 2 - (len(c) - 1) * mpmath.log(2 * mpmath.pi) / 2

    n = len(concentration)
    slopes = [mpmath.diff(log_prob, concentration, tuple(int(i == j) for j in range(n))) for i in range(n)]
    return float(log_prob(*concentration)), [float(x) for x in slopes]


def projected():
    mpmath.mp.dps = 40
    out = []
    for concentration, value in [
        ([0.5, -1.0], [0.6, 0.8]),
        ([0.0, 0.0], [1.0, 0.0]),
        ([3.0, 4.0], [-0.6, -0.8]),
        ([0.5, -1.0, 2.0], [2 / 3, 1 / 3, -2 / 3]),
        ([0.0, 0.0, 0.0], [0.0, 0.0, 1.0]),
    ]:
        log_prob, slopes = exact([mpmath.mpf(x) for x in concentration], [mpmath.mpf(x) for x in value])
        own = float(dist.ProjectedNormal(jnp.array(concentration)).log_prob(jnp.array(value)))
        assert abs(own - log_prob) < 1e-8 * abs(log_prob), (own, log_prob)
        out.append({"concentration": array(concentration), "value": array(value), "log_prob": log_prob, "gradient": array(slopes)})
    return out


def main():
    cases = []
    for text in CASES:
        trace = handlers.trace(eval(text)).get_trace()
        sites = rows(trace)
        cases.append({"handlers": text, "log_density": sum(r.get("log_prob", 0.0) for r in sites), "sites": sites})
    write(
        "numpyro_reparams.json",
        {
            "about": "sites in program order, values row-major; log_density sums the sites' log_prob",
            "versions": {"numpyro": numpyro.__version__, "jax": jax.__version__, "mpmath": mpmath.__version__},
            "cases": cases,
            "projected_normal": projected(),
        },
    )


if __name__ == "__main__":
    main()
