"""Makes guides.json: NumPyro's automatic guides on three models, with the losses of SVI step by step.

NumPyro in f64 on the CPU. For each guide: the initial values of its parameters, the loss of each step of Adam under one
key, the parameters after the last, and at these the medians, quantiles and draws of the posterior.

Install: pip install "jax==0.10.2" "numpyro==0.22.0".  Run: python make_guides.py
"""

import os

os.environ["JAX_PLATFORMS"] = "cpu"

import inspect
import platform
import textwrap

import jax
import jax.numpy as jnp
import jaxlib
import numpy as np
import numpyro
import numpyro.distributions as dist
from common import array, write
from jax import random
from numpyro.infer import SVI, Trace_ELBO, init_to_feasible, init_to_mean, init_to_sample, init_to_uniform, init_to_value
from numpyro.infer import autoguide as auto
from numpyro.optim import Adam

jax.config.update("jax_enable_x64", True)

X = jnp.array([-1.2, -0.5, 0.1, 0.4, 0.9, 1.7])
Y = jnp.array([-0.9, 0.2, 0.3, 0.6, 1.8, 2.1])
ROWS = jnp.linspace(-1.5, 2.0, 12)


def supports(x, y):
    a = numpyro.sample("a", dist.Normal(0.0, 1.0))
    sigma = numpyro.sample("sigma", dist.HalfNormal(1.0))
    top = numpyro.sample("top", dist.Uniform(0.5, 3.0))
    w = numpyro.sample("w", dist.Dirichlet(jnp.array([2.0, 3.0, 4.0])))
    with numpyro.plate("g", 3):
        z = numpyro.sample("z", dist.Normal(a, top))
    c = numpyro.sample("c", dist.Normal(0.0, 1.0).expand([2]).to_event(1))
    mean = numpyro.deterministic("mean", a + (z * w).sum() * x + c[0] * x**2 + c[1])
    with numpyro.plate("i", 6):
        numpyro.sample("y", dist.Normal(mean, sigma), obs=y)


def local(rows):
    mu = numpyro.sample("mu", dist.Normal(0.0, 2.0))
    with numpyro.plate("row", 12, subsample_size=5):
        batch = numpyro.subsample(rows, event_dim=0)
        rate = numpyro.sample("rate", dist.LogNormal(mu, 1.0))
        numpyro.sample("y", dist.Normal(jnp.log(rate), 0.5), obs=batch)


def minibatch(rows):
    mu = numpyro.sample("mu", dist.Normal(0.0, 2.0))
    tau = numpyro.sample("tau", dist.Gamma(2.0, 1.0))
    with numpyro.plate("row", 12, subsample_size=5):
        batch = numpyro.subsample(rows, event_dim=0)
        numpyro.sample("y", dist.Normal(mu, tau), obs=batch)


MODELS = {"supports": (supports, (X, Y)), "local": (local, (ROWS,)), "minibatch": (minibatch, (ROWS,))}

VALUES = {
    "a": 0.3,
    "sigma": 0.8,
    "top": 1.5,
    "w": jnp.array([0.2, 0.3, 0.5]),
    "z": jnp.array([0.1, -0.2, 0.4]),
    "c": jnp.array([0.5, -0.5]),
}


def create_plates(*args):
    return numpyro.plate("row", 12, subsample_size=5)


GUIDES = {
    "supports/AutoNormal": ("supports", auto.AutoNormal, dict(init_scale=0.3)),
    "supports/AutoDiagonalNormal": ("supports", auto.AutoDiagonalNormal, {}),
    "supports/AutoMultivariateNormal": ("supports", auto.AutoMultivariateNormal, dict(prefix="mvn")),
    "supports/AutoLowRankMultivariateNormal": ("supports", auto.AutoLowRankMultivariateNormal, {}),
    "supports/AutoLowRankMultivariateNormal of rank 2": (
        "supports",
        auto.AutoLowRankMultivariateNormal,
        dict(rank=2, init_scale=0.2),
    ),
    "supports/AutoDelta": ("supports", auto.AutoDelta, dict(init_loc_fn=init_to_uniform)),
    "supports/AutoDelta from values": ("supports", auto.AutoDelta, dict(init_loc_fn=init_to_value(values=VALUES))),
    "supports/AutoLaplaceApproximation": ("supports", auto.AutoLaplaceApproximation, {}),
    "supports/AutoNormal from radius 0.5": ("supports", auto.AutoNormal, dict(init_loc_fn=init_to_uniform(radius=0.5))),
    "supports/AutoDiagonalNormal from feasible": (
        "supports",
        auto.AutoDiagonalNormal,
        dict(init_loc_fn=init_to_feasible),
    ),
    "supports/AutoDiagonalNormal from values": (
        "supports",
        auto.AutoDiagonalNormal,
        dict(init_loc_fn=init_to_value(values={k: VALUES[k] for k in ["sigma", "w"]})),
    ),
    "supports/AutoDiagonalNormal from a sample": ("supports", auto.AutoDiagonalNormal, dict(init_loc_fn=init_to_sample)),
    "supports/AutoDiagonalNormal from the mean": ("supports", auto.AutoDiagonalNormal, dict(init_loc_fn=init_to_mean)),
    "local/AutoNormal": ("local", auto.AutoNormal, {}),
    "local/AutoNormal with plates": ("local", auto.AutoNormal, dict(create_plates=create_plates)),
    "local/AutoDelta": ("local", auto.AutoDelta, dict(init_loc_fn=init_to_uniform)),
    "minibatch/AutoNormal": ("minibatch", auto.AutoNormal, {}),
    "minibatch/AutoMultivariateNormal": ("minibatch", auto.AutoMultivariateNormal, {}),
}

STEPS = 60


def arrays(sites):
    return {k: array(v) for k, v in sites.items()}


def run(name):
    model_name, make, options = GUIDES[name]
    model, args = MODELS[model_name]
    guide = make(model, **options)
    svi = SVI(model, guide, Adam(0.05), Trace_ELBO())
    state = svi.init(random.PRNGKey(3), *args)
    out = {"model": model_name, "guide": make.__name__, "initial": arrays(svi.get_params(state))}
    # Guides that differ only in where they begin are not run.
    if " from " in name:
        return out
    update = jax.jit(svi.update)
    out["losses"] = []
    for _ in range(STEPS):
        state, loss = update(state, *args)
        out["losses"].append(loss.item())
    params = svi.get_params(state)
    out["params"] = arrays(params)
    out["median"] = arrays(guide.median(params))
    if make is not auto.AutoDelta:
        out["quantiles"] = arrays(guide.quantiles(params, [0.1, 0.5, 0.75]))
    key = random.PRNGKey(5)
    out["draw"] = arrays(guide.sample_posterior(key, params, *args))
    if model_name != "local" or make is not auto.AutoDelta:
        out["draws"] = arrays(guide.sample_posterior(key, params, *args, sample_shape=(2, 2)))
    if make is auto.AutoLaplaceApproximation:
        out["scale_tril"] = array(guide.get_transform(params).scale_tril)
    return out


def main():
    versions = {
        "python": platform.python_version(),
        "jax": jax.__version__,
        "jaxlib": jaxlib.__version__,
        "numpyro": numpyro.__version__,
        "numpy": np.__version__,
    }
    sources = {name: textwrap.dedent(inspect.getsource(model)) for name, (model, _) in MODELS.items()}
    data = {name: [array(x) for x in args] for name, (_, args) in MODELS.items()}
    write(
        "guides.json",
        {
            "about": "make_guides.py",
            "versions": versions,
            "optimizer": "Adam(0.05)",
            "keys": {"init": 3, "sample_posterior": 5},
            "probabilities": [0.1, 0.5, 0.75],
            "sample_shape": [2, 2],
            "models": sources,
            "data": data,
            "guides": {name: run(name) for name in GUIDES},
        },
    )


if __name__ == "__main__":
    main()
