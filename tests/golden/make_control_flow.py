"""Makes control_flow.json: draws, densities and gradients of models whose sites lie inside `scan` and `cond`.

NumPyro in f64 on the CPU. Every model is in the file as the Python that ran. Sites are those of `trace` around the model
with `seed` around that, without plates. NumPyro numbers the iterations of a reverse scan in the order in which they run
when it substitutes values, but stacks what they return by position: values there are reversed before it gets them, so
that a density at the values of a trace is that of the trace; the position of a potential is drawn once, all latent sites one after another in
the order of the trace.

Install: pip install "jax==0.10.2" "numpyro==0.22.0".  Run: python make_control_flow.py
"""

import os

os.environ["JAX_PLATFORMS"] = "cpu"

import inspect
import platform
import textwrap
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from common import array, number, write
from numpyro import handlers
from numpyro.contrib.control_flow import cond, scan
from numpyro.distributions import biject_to
from numpyro.infer.util import constrain_fn, log_density, potential_energy

jax.config.update("jax_enable_x64", True)
warnings.simplefilter("ignore")

Y = jnp.array([0.5, -0.3, 1.2, 0.8, 2.1])
W = jnp.array([[0.1, -0.4, 0.9], [1.1, 0.2, -0.6], [0.3, 0.7, 0.5], [-1.2, 0.4, 2.0]])
SEEN = jnp.array([True, False, True, True, False])


def walk(x, y):
    x = numpyro.sample("x", dist.Normal(x, 0.7))
    y = numpyro.sample("y", dist.Normal(x, 1.0), obs=y)
    return x, (x, y)


def state_space():
    tau = numpyro.sample("tau", dist.HalfNormal(1.0))

    def step(x, y):
        x = numpyro.sample("x", dist.Normal(0.9 * x, tau))
        numpyro.sample("y", dist.Normal(x, 0.5), obs=y)
        return x, x

    last, path = scan(step, numpyro.sample("x0", dist.Normal(0.0, 1.0)), Y)
    numpyro.deterministic("range", path.max() - path.min())
    numpyro.sample("after", dist.Normal(last, 1.0))


def length_only():
    _, (x, y) = scan(lambda x, _: walk(x, None), 0.0, None, length=4)
    numpyro.deterministic("sum", x.sum() + y.sum())


def reverse():
    last, _ = scan(walk, 0.0, Y, reverse=True)
    numpyro.deterministic("first", last)


def volatility():
    def step(h, y):
        h = numpyro.sample("h", dist.LogNormal(0.8 * jnp.log(h), 0.3))
        u = numpyro.sample("u", dist.Uniform(0.0, h))
        numpyro.sample("y", dist.Normal(u, h), obs=y)
        return h, None

    scan(step, 1.0, Y)


def plates():
    sigma = numpyro.sample("sigma", dist.HalfCauchy(1.0))

    def step(x, w):
        with numpyro.plate("n", 3):
            x = numpyro.sample("x", dist.Normal(x, sigma))
            with numpyro.plate("m", 2):
                numpyro.sample("z", dist.Exponential(jnp.exp(x)))
            numpyro.sample("w", dist.Normal(x, 1.0), obs=w)
        return x, None

    scan(step, jnp.zeros(3), W)


def masked_inside():
    def step(x, at):
        y, seen = at
        x = numpyro.sample("x", dist.Normal(x, 0.7))
        with handlers.mask(mask=seen):
            numpyro.sample("y", dist.Normal(x, 1.0), obs=y)
        return x, None

    scan(step, 0.0, (Y, SEEN))


def masked_outside():
    with handlers.mask(mask=SEEN), handlers.scale(scale=2.5):
        scan(walk, 0.0, Y)


def masked_plate():
    def step(x, at):
        w, seen = at
        with numpyro.plate("n", 3):
            x = numpyro.sample("x", dist.Normal(x, 1.0))
            with handlers.mask(mask=seen), handlers.scale(scale=0.5):
                numpyro.sample("w", dist.StudentT(4.0, x, 1.5), obs=w)
        return x, None

    scan(step, jnp.zeros(3), (W, W > 0))


def named_inside():
    def step(x, y):
        x = numpyro.sample("x", dist.Normal(x, 0.7))
        numpyro.deterministic("square", x**2)
        numpyro.factor("penalty", -0.1 * x**2)
        return x, None

    scan(step, 0.0, Y)


def events():
    def step(p, y):
        p = numpyro.sample("p", dist.Dirichlet(1.0 + 3.0 * p))
        v = numpyro.sample("v", dist.MultivariateNormal(y * p, jnp.eye(3)))
        return p, v

    scan(step, jnp.ones(3) / 3, Y)


def discrete():
    P = jnp.array([[0.7, 0.3], [0.2, 0.8]])

    def step(z, y):
        z = numpyro.sample("z", dist.Categorical(P[z]))
        numpyro.sample("y", dist.Normal(jnp.array([-1.0, 1.0])[z], 1.0), obs=y)
        return z, z

    scan(step, 0, Y)


def two_scans():
    def other(c, _):
        c = numpyro.sample("c", dist.Gamma(1.0 + c, 2.0))
        numpyro.sample("d", dist.Normal(c, 1.0))
        return c, None

    a = numpyro.sample("a", dist.Normal(0.0, 1.0))
    last, _ = scan(walk, a, Y)
    scan(other, jnp.exp(last / 3), None, length=3)
    numpyro.sample("b", dist.Normal(last, 1.0))


def autoregressive():
    def step(past, y):
        y = numpyro.sample("y", dist.Normal(0.6 * past, 1.0), obs=y)
        return y, None

    scan(step, 0.0, Y)


def conditioned():
    handlers.condition(lambda: scan(walk, 0.0, None, length=5), {"y": Y})()


def substituted():
    handlers.substitute(lambda: scan(walk, 0.0, Y), {"x": Y / 2})()


def forecast():
    handlers.condition(lambda: scan(lambda x, _: walk(x, None), 0.0, None, length=8), {"y": Y})()


def branches():
    k = numpyro.sample("k", dist.Normal(0.0, 1.0))

    def high():
        return numpyro.sample("x", dist.Normal(20.0, 1.0 + k**2))

    def low():
        return numpyro.sample("x", dist.Normal(k, 2.0))

    x = cond(k > 0, lambda _: high(), lambda _: low(), None)
    numpyro.sample("y", dist.Normal(x, 1.0), obs=3.0)


def branches_with_plates():
    s = numpyro.sample("s", dist.HalfNormal(1.0))

    def one(loc):
        with numpyro.plate("n", 3):
            x = numpyro.sample("x", dist.Normal(loc, s))
            numpyro.sample("w", dist.Normal(x, 1.0), obs=W[0])
        numpyro.deterministic("mean", x.mean())
        return x.sum()

    t = cond(s < 0.7, lambda _: one(1.0), lambda _: one(-s), None)
    numpyro.sample("t", dist.Normal(t, 1.0))


def cond_in_scan():
    def step(x, y):
        x = cond(
            x > 0,
            lambda x: numpyro.sample("x", dist.Normal(x - 1.0, 0.5)),
            lambda x: numpyro.sample("x", dist.Normal(x + 1.0, 0.8)),
            x,
        )
        numpyro.sample("y", dist.Normal(x, 1.0), obs=y)
        return x, None

    scan(step, 0.0, Y)


MODELS = [
    state_space,
    length_only,
    reverse,
    volatility,
    plates,
    masked_inside,
    masked_outside,
    masked_plate,
    named_inside,
    events,
    discrete,
    two_scans,
    autoregressive,
    conditioned,
    substituted,
    forecast,
    branches,
    branches_with_plates,
    cond_in_scan,
]
# Neither draws in a density: what is conditioned for the first iterations alone has none without a key.
WITHOUT_DENSITY = {"forecast"}
WITHOUT_POTENTIAL = {"discrete", "forecast", "substituted"}
SEEDS = [0, 7]


def sites(trace):
    out = []
    for name, site in trace.items():
        if site["type"] not in ("sample", "deterministic"):
            continue
        row = {"name": name, "kind": site["type"], "value": array(site["value"])}
        if site["type"] == "sample":
            log_prob = site["fn"].log_prob(site["value"])
            scale = 1.0 if site["scale"] is None else site["scale"]
            row["batch"] = list(site["fn"].batch_shape)
            row["observed"] = bool(site["is_observed"])
            row["plates"] = [[f.name, f.dim, f.size] for f in site["cond_indep_stack"]]
            row["log_prob"] = number(float((scale * log_prob).sum()))
        out.append(row)
    return out


def latents(trace):
    return {
        name: site
        for name, site in trace.items()
        if site["type"] == "sample" and not site["is_observed"]
    }


def read(model, values):
    """Values by position in the order in which NumPyro reads them."""
    return {k: v[::-1] for k, v in values.items()} if model is reverse else values


def potential(model, trace):
    free = latents(trace)
    if not free:
        return None
    rng = np.random.default_rng(3)
    params = {}
    for name, site in free.items():
        # The support of a site in the trace is that of all iterations.
        u = biject_to(site["fn"].support).inv(site["value"])
        params[name] = jnp.asarray(rng.normal(size=np.shape(u)) * 0.5)
    f = lambda p: potential_energy(model, (), {}, read(model, p))
    value, gradient = jax.value_and_grad(f)(params)
    constrained = constrain_fn(model, (), {}, read(model, params), return_deterministic=True)
    flat = lambda tree: np.concatenate([np.ravel(tree[name]) for name in free])
    return {
        "position": array(flat(params)),
        "value": number(float(value)),
        "gradient": array(flat(gradient)),
        "constrained": [{"name": name, "value": array(constrained[name])} for name in free],
    }


def case(model, seed):
    trace = handlers.trace(handlers.seed(model, seed)).get_trace()
    values = {name: site["value"] for name, site in latents(trace).items()}
    row = {"seed": seed, "sites": sites(trace)}
    if model.__name__ not in WITHOUT_DENSITY:
        density, _ = log_density(model, (), {}, read(model, values))
        row["log_density"] = number(float(density))
    if model.__name__ not in WITHOUT_POTENTIAL and seed == SEEDS[0]:
        row["potential"] = potential(model, trace)
    return row


def main():
    models = [
        {
            "name": model.__name__,
            "python": textwrap.dedent(inspect.getsource(model)),
            "cases": [case(model, seed) for seed in SEEDS],
        }
        for model in MODELS
    ]
    versions = {"python": platform.python_version(), "jax": jax.__version__, "numpyro": numpyro.__version__}
    write("control_flow.json", {"generator": "make_control_flow.py", "versions": versions, "models": models})


if __name__ == "__main__":
    main()
