"""Models with plates that subsample."""

import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist
from numpyro import handlers
from numpyro.primitives import _subsample_fn

Y = jnp.array([0.5, -1.0, 2.0, 1.0, 0.0, -0.5])
X = jnp.arange(12.0).reshape(6, 2)


def subsampled():
    mu = numpyro.sample("mu", dist.Normal(0.0, 1.0))
    with numpyro.plate("i", 6, subsample_size=2) as index:
        numpyro.deterministic("index", index)
        x = numpyro.sample("x", dist.Normal(mu, 1.0))
        numpyro.sample("y", dist.Normal(x, 1.0), obs=Y[index])
    numpyro.sample("after", dist.Normal(0.0, 1.0))


def subsample_data():
    w = numpyro.sample("w", dist.Normal(0.0, 1.0).expand([2]))
    with numpyro.plate("i", 6, subsample_size=4):
        x = numpyro.subsample(X, event_dim=1)
        y = numpyro.subsample(Y, event_dim=0)
        numpyro.deterministic("x", x)
        numpyro.sample("y", dist.Normal(x @ w, 0.5), obs=y)


def subsample_nested():
    data = jnp.arange(24.0).reshape(4, 6)
    with numpyro.plate("i", 4, subsample_size=2, dim=-2), numpyro.plate("j", 6, subsample_size=3, dim=-1):
        part = numpyro.deterministic("part", numpyro.subsample(data, event_dim=0))
        numpyro.sample("y", dist.Normal(0.0, 1.0), obs=part)
    with numpyro.plate("k", 3, dim=-1):
        numpyro.sample("z", dist.Normal(0.0, 1.0))


def subsample_size_one_axis():
    with numpyro.plate("i", 4, subsample_size=2, dim=-2), numpyro.plate("j", 6, dim=-1):
        shared = numpyro.subsample(jnp.arange(6.0).reshape(1, 6), event_dim=0)
        numpyro.sample("y", dist.Normal(0.0, 1.0), obs=shared)


def subsample_all():
    with numpyro.plate("i", 3, subsample_size=3) as index:
        numpyro.deterministic("index", index)
        numpyro.sample("x", dist.Normal(0.0, 1.0))


def subsample_given():
    with handlers.substitute(data={"i": jnp.array([4, 1])}):
        with numpyro.plate("i", 6, subsample_size=2) as index:
            numpyro.sample("x", dist.Normal(index * 1.0, 1.0), obs=numpyro.subsample(Y, event_dim=0))
    numpyro.sample("after", dist.Normal(0.0, 1.0))


def subsample_entered_twice():
    plate = numpyro.plate("i", 6, subsample_size=3)
    with plate as first:
        numpyro.sample("x", dist.Normal(0.0, 1.0))
    with plate as second:
        numpyro.deterministic("same", (first == second).all())
        numpyro.sample("y", dist.Normal(0.0, 1.0), obs=numpyro.subsample(Y, event_dim=0))


def subsample_scaled():
    with handlers.scale(scale=0.5), numpyro.plate("i", 6, subsample_size=2):
        with handlers.scale(scale=jnp.array([1.0, 2.0])):
            numpyro.sample("x", dist.Normal(0.0, 1.0))
        numpyro.factor("f", jnp.array([1.0, -2.0]))


def subsample_replayed():
    def guide():
        with numpyro.plate("i", 6, subsample_size=2):
            numpyro.sample("x", dist.Normal(0.0, 1.0))

    def model():
        with numpyro.plate("i", 6):
            numpyro.sample("x", dist.Normal(1.0, 1.0))
            numpyro.sample("y", dist.Normal(0.0, 1.0), obs=numpyro.subsample(Y, event_dim=0))

    with handlers.block():
        recorded = handlers.trace(handlers.seed(guide, 5)).get_trace()
    handlers.replay(model, trace=recorded)()


def subsample_indices():
    numpyro.deterministic("small", _subsample_fn(10, 4, numpyro.prng_key()))
    numpyro.deterministic("large", _subsample_fn(50, 6, numpyro.prng_key()))
    numpyro.deterministic("all_but_one", _subsample_fn(5, 4, numpyro.prng_key()))


def two_subsampled_plates():
    with numpyro.plate("i", 6, subsample_size=2):
        numpyro.sample("x", dist.Normal(0.0, 1.0))
    with numpyro.plate("j", 8, subsample_size=4):
        numpyro.sample("y", dist.Normal(0.0, 1.0))
