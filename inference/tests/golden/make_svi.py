"""Losses and parameters of NumPyro's SVI, step by step, in double precision: golden values for tests/svi.

Run as: python make_svi.py > svi.json
"""

import json
import sys

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from jax import random
from jax.example_libraries import stax
from numpyro.distributions import constraints
from numpyro.infer import SVI, Predictive, Trace_ELBO
from numpyro.optim import SGD, Adam, Momentum
from numpyro.primitives import mutable

numpyro.enable_x64()

rng = np.random.default_rng(20261126)
N = 30
x = rng.normal(size=N)
y = 0.5 - 1.5 * x + 0.3 * rng.normal(size=N)


def linear_model(x, y):
    sigma = numpyro.param("sigma", 1.0, constraint=constraints.positive)
    a = numpyro.sample("a", dist.Normal(0.0, 10.0))
    b = numpyro.sample("b", dist.Normal(0.0, 10.0))
    with numpyro.plate("i", x.shape[0]):
        numpyro.sample("y", dist.Normal(a + b * x, sigma), obs=y)


def linear_guide(x, y):
    a_loc = numpyro.param("a_loc", 0.0)
    a_scale = numpyro.param("a_scale", 0.5, constraint=constraints.positive)
    b_loc = numpyro.param("b_loc", lambda key: random.normal(key))
    b_scale = numpyro.param("b_scale", 0.5, constraint=constraints.interval(0.01, 2.0))
    numpyro.sample("a", dist.Normal(a_loc, a_scale))
    numpyro.sample("b", dist.Normal(b_loc, b_scale))


def minibatch_model(x, y):
    b = numpyro.sample("b", dist.Normal(0.0, 1.0))
    with numpyro.plate("i", N, subsample_size=7):
        xi, yi = numpyro.subsample(x, event_dim=0), numpyro.subsample(y, event_dim=0)
        z = numpyro.sample("z", dist.Normal(0.0, 1.0))
        numpyro.sample("y", dist.Normal(b * xi + 0.1 * z, 0.5), obs=yi)


def minibatch_guide(x, y):
    b_loc = numpyro.param("b_loc", lambda key: 0.1 * random.normal(key))
    numpyro.sample("b", dist.Normal(b_loc, 0.1))
    z_loc = numpyro.param("z_loc", jnp.zeros(N))
    with numpyro.plate("i", N, subsample_size=7) as i:
        numpyro.sample("z", dist.Normal(z_loc[i], 1.0))


def model_plate_guide(x, y):
    # The model alone subsamples, and z is drawn from its prior.
    b_loc = numpyro.param("b_loc", 0.0)
    numpyro.sample("b", dist.Normal(b_loc, 0.1))


def network_model(x, y):
    nn = stax.serial(stax.Dense(5), stax.Tanh, stax.Dense(1))
    net = numpyro.module("net", nn, (N, 1))
    sigma = numpyro.sample("sigma", dist.LogNormal(0.0, 1.0))
    with numpyro.plate("i", N):
        numpyro.sample("y", dist.Normal(net(x[:, None])[:, 0], sigma), obs=y)


def network_guide(x, y):
    loc = numpyro.param("loc", 0.0)
    scale = numpyro.param("scale", 0.1, constraint=constraints.positive)
    numpyro.sample("sigma", dist.LogNormal(loc, scale))


def counting_model(x, y):
    state = mutable("state", {"value": 0.0})
    state["value"] = state["value"] + 1.0
    b = numpyro.sample("b", dist.Normal(0.0, 1.0 + 1.0 / state["value"]))
    with numpyro.plate("i", N):
        numpyro.sample("y", dist.Normal(b * x, 0.5), obs=y)


def flat(tree):
    if isinstance(tree, dict):
        return {k: flat(v) for k, v in tree.items()}
    if isinstance(tree, (list, tuple)):
        return [flat(v) for v in tree]
    return np.asarray(tree, dtype=np.float64).reshape(-1).tolist()


def case(model, guide, optim, loss, steps, key=3, init_params=None):
    svi = SVI(model, guide, optim, loss)
    state = svi.init(random.PRNGKey(key), x, y, init_params=init_params)
    out = {"init": flat(svi.get_params(state)), "evaluate": float(svi.evaluate(state, x, y))}
    update, losses = jax.jit(lambda s: svi.update(s, x, y)), []
    for _ in range(steps):
        state, value = update(state)
        losses.append(float(value))
    out["losses"] = losses
    out["params"] = flat(svi.get_params(state))
    out["rng_key"] = [int(w) for w in np.asarray(state.rng_key)]
    return out


def predictions():
    predictive = Predictive(linear_model, guide=linear_guide, params=PARAMS, num_samples=3)
    return flat(predictive(random.PRNGKey(5), x[:4], None))


PARAMS = {"sigma": jnp.array(0.3), "a_loc": jnp.array(0.5), "a_scale": jnp.array(0.1), "b_loc": jnp.array(-1.5), "b_scale": jnp.array(0.2)}

cases = {
    "linear": case(linear_model, linear_guide, Adam(0.05), Trace_ELBO(), 100),
    "linear_init_params": case(
        linear_model, linear_guide, SGD(1e-4), Trace_ELBO(), 10, init_params={"b_loc": jnp.array(-1.0), "sigma": jnp.array(2.0)}
    ),
    "linear_particles": case(linear_model, linear_guide, SGD(1e-4), Trace_ELBO(num_particles=3), 10),
    "minibatch": case(minibatch_model, minibatch_guide, Momentum(1e-4, 0.9), Trace_ELBO(), 100),
    "model_plate": case(minibatch_model, model_plate_guide, SGD(1e-4), Trace_ELBO(), 10),
    "network": case(network_model, network_guide, Adam(0.01), Trace_ELBO(), 100),
    "mutable": case(counting_model, model_plate_guide, SGD(1e-4), Trace_ELBO(), 10),
}
json.dump(
    {
        "versions": {"numpyro": numpyro.__version__, "jax": jax.__version__, "numpy": np.__version__},
        "x": x.tolist(),
        "y": y.tolist(),
        "cases": cases,
        "predictions": predictions(),
    },
    sys.stdout,
)
