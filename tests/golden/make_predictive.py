"""Makes predictive.json: NumPyro's Predictive, log_likelihood and compute_log_probs on small models.

NumPyro in f64 on the CPU. Draws of latent sites to predict at are in the file; so is every model, as the Python
that ran. All samplers here are those of jax.random that draw for draw agree with ours.

Install: pip install "jax==0.10.2" "numpyro==0.22.0".  Run: python make_predictive.py
"""

import os

os.environ["JAX_PLATFORMS"] = "cpu"

import inspect
import platform
import textwrap
import warnings

import jax
import jax.numpy as jnp
import jaxlib
import numpy as np
import numpyro
import numpyro.distributions as dist
from common import array, write
from jax import random
from numpyro import handlers
from numpyro.contrib.control_flow import scan
from numpyro.infer import Predictive, log_likelihood
from numpyro.infer.util import compute_log_probs

jax.config.update("jax_enable_x64", True)
warnings.simplefilter("ignore")

SIGMA = jnp.array([15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0])
Y = jnp.array([28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0])
X = jnp.array([[0.5, -1.0], [1.5, 0.25], [-0.75, 2.0], [0.0, 0.5], [2.0, -0.5]])
HITS = jnp.array([1, 0, 1, 1, 0])
GROUP = jnp.array([0, 1, 2, 1])
TABLE = jnp.arange(12.0).reshape(4, 3) / 4 - 1
SEEN = jnp.array([0.25, -1.5, 0.75])


def schools(sigma=SIGMA, y=Y):
    mu = numpyro.sample("mu", dist.Normal(0.0, 5.0))
    tau = numpyro.sample("tau", dist.HalfCauchy(5.0))
    with numpyro.plate("school", sigma.shape[0]):
        z = numpyro.sample("z", dist.Normal(0.0, 1.0))
        theta = numpyro.deterministic("theta", mu + tau * z)
        numpyro.sample("y", dist.Normal(theta, sigma), obs=y)


def logistic(x=X, y=HITS):
    with numpyro.plate("coef", 2):
        beta = numpyro.sample("beta", dist.Normal(0.0, 1.0))
    logits = numpyro.deterministic("logits", x @ beta)
    with numpyro.plate("row", x.shape[0]):
        numpyro.sample("y", dist.Bernoulli(logits=logits), obs=y)


def nested(table=TABLE, group=GROUP):
    scale = numpyro.sample("scale", dist.Exponential(1.0))
    with numpyro.plate("g", 3, dim=-1):
        centre = numpyro.sample("centre", dist.Laplace(0.0, 1.0))
    with numpyro.plate("row", 4, dim=-2), numpyro.plate("col", 3, dim=-1):
        noise = numpyro.sample("noise", dist.Normal(0.0, 1.0))
        numpyro.sample("t", dist.Normal(centre[group][:, None] + 0.1 * noise, scale), obs=table)


def regressor(x=SEEN, y=SEEN * 2):
    # `x` stays observed while `y` is predicted; a mask, a scale and a factor count in likelihoods alone.
    with numpyro.plate("i", 3):
        truth = numpyro.sample("truth", dist.Normal(0.0, 1.0))
        numpyro.sample("x", dist.Normal(truth, 0.5), obs=x)
        with handlers.mask(mask=jnp.array([True, False, True])), handlers.scale(scale=2.0):
            numpyro.sample("y", dist.Normal(2.0 * truth, 1.0), obs=y)
    numpyro.factor("penalty", -0.5 * jnp.sum(truth) ** 2)


def events(y=jnp.array([1.0, -1.0])):
    rho = numpyro.sample("rho", dist.Uniform(-1.0, 1.0))
    kind = numpyro.sample("kind", dist.Categorical(probs=jnp.array([0.2, 0.5, 0.3])))
    cov = jnp.array([[1.0, 0.0], [0.0, 1.0]]) + rho * jnp.array([[0.0, 1.0], [1.0, 0.0]])
    numpyro.sample("y", dist.MultivariateNormal(jnp.ones(2) * kind, covariance_matrix=cov), obs=y)


def subsampled(y=jnp.array([0.5, -0.5])):
    mu = numpyro.sample("mu", dist.Normal(0.0, 1.0))
    with handlers.scale(scale=5.0), numpyro.plate("i", 2):
        numpyro.sample("y", dist.Normal(mu, 1.0), obs=y)


def walk(y=jnp.array([0.5, -0.5, 1.0])):
    def step(x, obs):
        x = numpyro.sample("x", dist.Normal(x, 1.0))
        numpyro.sample("y", dist.Normal(x, 0.5), obs=obs)
        return x, None

    start = numpyro.sample("start", dist.Normal(0.0, 1.0))
    last, _ = scan(step, start, y, length=3)
    numpyro.deterministic("last", last)


def minibatch():
    mu = numpyro.sample("mu", dist.Normal(0.0, 1.0))
    with numpyro.plate("i", 5, subsample_size=2) as index:
        noise = random.normal(numpyro.prng_key())
        numpyro.sample("y", dist.Normal(mu + 0.1 * noise + index, 1.0))


def normal(seed, *shape):
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape).round(3))


POSTERIORS = {
    "schools": {"mu": normal(1, 4), "tau": jnp.exp(normal(2, 4)), "z": normal(3, 4, 8), "theta": normal(4, 4, 8)},
    "logistic": {"beta": normal(5, 4, 2), "logits": normal(6, 4, 5), "elsewhere": normal(7, 4)},
    "nested": {"scale": jnp.exp(normal(8, 4)), "centre": normal(9, 4, 3), "noise": normal(10, 4, 4, 3)},
    "regressor": {"truth": normal(11, 4, 3)},
    "events": {"rho": jnp.tanh(normal(12, 4)), "kind": jnp.array([0, 2, 1, 1])},
    "subsampled": {"mu": normal(13, 4)},
    "walk": {"start": normal(14, 4), "x": normal(15, 4, 3), "last": normal(16, 4)},
    "minibatch": {"mu": normal(17, 4)},
}
MODELS = [schools, logistic, nested, regressor, events, subsampled]
OBSERVED = {"schools": "y", "logistic": "y", "nested": "table", "regressor": "y", "events": "y", "subsampled": "y"}


def arrays(sites):
    return {name: array(value) for name, value in sites.items()}


def case(model):
    name = model.__name__
    posterior = POSTERIORS[name]
    absent = {OBSERVED[name]: None}
    key = jax.random.PRNGKey(7)
    by_chain = {k: v.reshape(2, 2, *v.shape[1:]) for k, v in posterior.items()}
    one = {k: v[0] for k, v in posterior.items()}
    # The first value alone is given: the others are drawn from their priors at it.
    first = dict(list(posterior.items())[:1])
    latent = {k: v for k, v in posterior.items() if k not in ("theta", "logits", "elsewhere")}
    runs = {
        "posterior": Predictive(model, posterior, parallel=True)(key, **absent),
        "by_chain": Predictive(model, by_chain, batch_ndims=2)(key, **absent),
        "single": Predictive(model, one, batch_ndims=0)(key, **absent),
        "partial": Predictive(model, first)(key, **absent),
        "prior": Predictive(model, num_samples=3)(key, **absent),
        "one_prior": Predictive(model, num_samples=1)(key, **absent),
        "unconditioned": Predictive(handlers.uncondition(model), posterior)(key),
        "all_sites": Predictive(model, posterior, return_sites=list(posterior))(key, **absent),
        "log_likelihood": log_likelihood(model, latent),
        "log_likelihood_by_chain": log_likelihood(model, {k: by_chain[k] for k in latent}, batch_ndims=2),
        "log_probs": compute_log_probs(model, (), {}, {k: v[0] for k, v in latent.items()}, sum_log_prob=False)[0],
    }
    return {
        "model": name,
        "source": textwrap.dedent(inspect.getsource(model)).strip().split("\n"),
        "samples": arrays(posterior),
        "runs": {run: arrays(sites) for run, sites in runs.items()},
    }


def elsewhere():
    """Predictions for data of other shapes than the posterior's."""
    key = jax.random.PRNGKey(3)
    new = jnp.array([[0.1, 0.2], [3.0, -1.0]])
    return arrays(Predictive(logistic, POSTERIORS["logistic"])(key, x=new, y=None))


def inside(model, absent):
    """A model with sites that have keys in other ways: predictions alone."""
    name, key = model.__name__, jax.random.PRNGKey(7)
    posterior = POSTERIORS[name]
    runs = {
        "posterior": Predictive(model, posterior)(key, **absent),
        "partial": Predictive(model, dict(list(posterior.items())[:1]))(key, **absent),
        "prior": Predictive(model, num_samples=3)(key, **absent),
    }
    if name == "walk":
        runs["log_likelihood"] = log_likelihood(model, {k: posterior[k] for k in ("start", "x")})
    return {
        "model": name,
        "source": textwrap.dedent(inspect.getsource(model)).strip().split("\n"),
        "samples": arrays(posterior),
        "runs": {run: arrays(sites) for run, sites in runs.items()},
    }


def main():
    versions = {"numpyro": numpyro.__version__, "jax": jax.__version__, "jaxlib": jaxlib.__version__}
    provenance = {"generator": "make_predictive.py", "python": platform.python_version(), **versions}
    others = [inside(walk, {"y": None}), inside(minibatch, {})]
    cases = [case(m) for m in MODELS]
    write("predictive.json", {"provenance": provenance, "cases": cases, "inside": others, "other_shapes": elsewhere()})


if __name__ == "__main__":
    main()
