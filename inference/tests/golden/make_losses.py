"""losses.json: losses and parameters of NumPyro's SVI under its other losses, step by step, in f64 on the CPU.

usage: python3 make_losses.py
"""

import platform
import sys
from pathlib import Path

import jax

jax.config.update("jax_enable_x64", True)

import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from jax import random
from numpyro import handlers
from numpyro.distributions import constraints
from numpyro.infer import SVI, RenyiELBO, TraceGraph_ELBO, TraceMeanField_ELBO
from numpyro.optim import SGD

sys.path.insert(0, str(Path(__file__).parents[3] / "tests" / "golden"))
from common import array, write

rng = np.random.default_rng(7)
N, STEPS, KEY = 12, 20, 3
x = rng.normal(size=N).round(6)
y = (0.5 - 1.5 * x + 0.3 * rng.normal(size=N)).round(6)
x, y = jnp.array(x), jnp.array(y)
on = x > -0.5


def positive(name, value):
    return numpyro.param(name, jnp.array(value), constraint=constraints.positive)


def kinds_model(x, y):
    """A site of every pair with a formula, one in a plate, one masked, and one without a formula."""
    a = numpyro.sample("a", dist.Normal(0.0, 2.0))
    tau = numpyro.sample("tau", dist.Gamma(2.0, 1.0))
    w = numpyro.sample("w", dist.Dirichlet(jnp.ones(3)))
    p = numpyro.sample("p", dist.Beta(2.0, 3.0))
    v = numpyro.sample("v", dist.Normal(0.0, 1.0).expand([2]).to_event(1))
    m = numpyro.sample("m", dist.MultivariateNormal(jnp.zeros(2), 2.0 * jnp.eye(2)))
    s = numpyro.sample("s", dist.LogNormal(0.0, 1.0))
    d = numpyro.sample("d", dist.Normal(0.0, 1.0))
    with numpyro.plate("i", N, subsample_size=5):
        xi, yi, oni = (numpyro.subsample(t, event_dim=0) for t in (x, y, on))
        with handlers.mask(mask=oni):
            z = numpyro.sample("z", dist.Normal(a, tau))
        loc = z + w[0] * xi + p + v.sum() + m[0] * xi + d
        numpyro.sample("y", dist.Normal(loc, s), obs=yi)


def kinds_guide(x, y):
    numpyro.sample("a", dist.Normal(numpyro.param("a_loc", jnp.array(0.1)), positive("a_scale", 0.5)))
    numpyro.sample("tau", dist.Weibull(positive("tau_scale", 1.5), positive("tau_shape", 2.0)))
    numpyro.sample("w", dist.Dirichlet(positive("w_concentration", [1.0, 2.0, 3.0])))
    numpyro.sample("p", dist.Kumaraswamy(positive("p_1", 1.5), positive("p_0", 2.5)))
    numpyro.sample("v", dist.Normal(numpyro.param("v_loc", jnp.array([0.1, -0.2])), 0.3).to_event(1))
    tril = numpyro.param("m_tril", jnp.array([[0.5, 0.0], [0.1, 0.4]]), constraint=constraints.lower_cholesky)
    numpyro.sample("m", dist.MultivariateNormal(numpyro.param("m_loc", jnp.zeros(2)), scale_tril=tril))
    numpyro.sample("s", dist.LogNormal(numpyro.param("s_loc", jnp.array(0.0)), 0.1))
    numpyro.sample("d", dist.Delta(numpyro.param("d_at", jnp.array(0.2))))
    z_loc = numpyro.param("z_loc", jnp.zeros(N))
    with numpyro.plate("i", N, subsample_size=5) as i:
        with handlers.mask(mask=on[i]):
            numpyro.sample("z", dist.Normal(z_loc[i], 0.4))


def local_model(x, y):
    """Everything inside one plate that subsamples."""
    with numpyro.plate("i", N, subsample_size=5):
        xi, yi = numpyro.subsample(x, event_dim=0), numpyro.subsample(y, event_dim=0)
        z = numpyro.sample("z", dist.Normal(0.0, 1.0))
        numpyro.sample("y", dist.Normal(z * xi, 0.5), obs=yi)


def local_guide(x, y):
    loc, scale = numpyro.param("loc", jnp.array(0.1)), positive("scale", 0.7)
    with numpyro.plate("i", N, subsample_size=5):
        xi = numpyro.subsample(x, event_dim=0)
        numpyro.sample("z", dist.Normal(loc * xi, scale))


def global_model(x, y):
    a = numpyro.sample("a", dist.Normal(0.0, 2.0))
    b = numpyro.sample("b", dist.Normal(0.0, 2.0))
    with numpyro.plate("i", N):
        numpyro.sample("y", dist.Normal(a + b * x, 0.5), obs=y)


def global_guide(x, y):
    numpyro.sample("a", dist.Normal(numpyro.param("a_loc", jnp.array(0.1)), positive("a_scale", 0.5)))
    numpyro.sample("b", dist.Normal(numpyro.param("b_loc", jnp.array(-0.1)), positive("b_scale", 0.5)))


def discrete_model(x, y):
    """A switch for all, an assignment for each, an angle, and a site that the assignments move."""
    switch = numpyro.sample("switch", dist.Bernoulli(0.4))
    angle = numpyro.sample("angle", dist.VonMises(0.3, 2.0))
    centre = numpyro.sample("centre", dist.Normal(switch, 1.0))
    with numpyro.plate("i", N):
        k = numpyro.sample("k", dist.Categorical(jnp.array([0.2, 0.5, 0.3])))
        u = numpyro.sample("u", dist.Normal(centre, 1.0))
        numpyro.sample("y", dist.Normal(k + u + jnp.cos(angle) * x, 0.8), obs=y)


def discrete_guide(x, y):
    switch = numpyro.sample("switch", dist.Bernoulli(logits=numpyro.param("switch_logits", jnp.array(0.2))))
    numpyro.sample("angle", dist.VonMises(numpyro.param("angle_loc", jnp.array(0.1)), positive("angle_k", 1.5)))
    numpyro.sample("centre", dist.Normal(numpyro.param("centre_loc", jnp.array(0.1)) + 0.5 * switch, 0.5))
    logits = numpyro.param("k_logits", 0.1 * jnp.arange(3.0) * jnp.ones((N, 1)))
    u_loc = numpyro.param("u_loc", jnp.array(0.2))
    with numpyro.plate("i", N):
        k = numpyro.sample("k", dist.Categorical(logits=logits))
        numpyro.sample("u", dist.Normal(u_loc * k, 0.6))


def case(model, guide, step_size, loss):
    svi = SVI(model, guide, SGD(step_size), loss)
    state = svi.init(random.PRNGKey(KEY), x, y)
    update, losses = jax.jit(lambda s: svi.update(s, x, y)), []
    for _ in range(STEPS):
        state, value = update(state)
        losses.append(value)
    params = svi.get_params(state)
    return {"losses": array(jnp.stack(losses)), "params": {k: array(params[k]) for k in sorted(params)}}


write(
    "../../inference/tests/golden/losses.json",
    {
        "generator": "make_losses.py",
        "versions": {"python": platform.python_version(), "jax": jax.__version__, "numpyro": numpyro.__version__},
        "x": array(x),
        "y": array(y),
        "key": KEY,
        "cases": {
            "mean_field": case(kinds_model, kinds_guide, 1e-3, TraceMeanField_ELBO()),
            "mean_field_particles": case(kinds_model, kinds_guide, 1e-3, TraceMeanField_ELBO(num_particles=3)),
            "renyi": case(global_model, global_guide, 1e-3, RenyiELBO(num_particles=4)),
            "renyi_half": case(global_model, global_guide, 1e-3, RenyiELBO(alpha=0.5)),
            "renyi_negative": case(global_model, global_guide, 1e-3, RenyiELBO(alpha=-0.7, num_particles=3)),
            "renyi_local": case(local_model, local_guide, 1e-3, RenyiELBO(alpha=0.2, num_particles=3)),
            "graph": case(discrete_model, discrete_guide, 1e-3, TraceGraph_ELBO()),
            "graph_particles": case(discrete_model, discrete_guide, 1e-3, TraceGraph_ELBO(num_particles=4)),
        },
    },
)
