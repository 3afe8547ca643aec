"""Models of `param`, `deterministic`, `factor`, `mutable`, `module`, `prng_key` and `get_mask`."""

import jax
import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist
from jax.example_libraries import stax
from numpyro import handlers
from numpyro.distributions import constraints
from numpyro.primitives import mutable

Y = jnp.array([0.5, -1.0, 2.0])
INPUTS = jnp.array([[0.1, -0.2], [0.3, 0.4], [-0.5, 0.6]])


def param_constant():
    loc = numpyro.param("loc", 0.5)
    scale = numpyro.param("scale", 2.0, constraint=constraints.positive)
    numpyro.sample("x", dist.Normal(loc, scale))


def param_array():
    probs = numpyro.param("probs", jnp.ones(3) / 3, constraint=constraints.simplex)
    numpyro.sample("x", dist.Categorical(probs), obs=1)


def param_from_key():
    numpyro.sample("before", dist.Normal(0.0, 1.0))
    w = numpyro.param("w", lambda key: jax.random.normal(key, (2, 2)), constraint=constraints.real)
    numpyro.sample("after", dist.Normal(w.sum(), 1.0))


def param_substituted():
    with handlers.substitute(data={"w": jnp.array([1.0, 2.0])}):
        w = numpyro.param("w", lambda key: jax.random.normal(key, (2,)))
        numpyro.sample("x", dist.Normal(w.sum(), 1.0))


def param_read_twice():
    a = numpyro.param("a", 1.5)
    b = numpyro.param("a", 1.5)
    numpyro.sample("x", dist.Normal(a + b, 1.0))


def param_in_plate():
    with numpyro.plate("i", 3):
        loc = numpyro.param("loc", jnp.array([0.0, 1.0, 2.0]), event_dim=0)
        shared = numpyro.param("shared", jnp.array([1.0, 2.0]))
        numpyro.sample("x", dist.Normal(loc + shared.sum(), 1.0))


def param_in_subsampled_plate():
    with numpyro.plate("i", 6, subsample_size=3):
        loc = numpyro.param("loc", jnp.arange(6.0), event_dim=0)
        weights = numpyro.param("weights", jnp.arange(12.0).reshape(6, 2), event_dim=1)
        one = numpyro.param("one", jnp.array([3.0]), event_dim=0)
        whole = numpyro.param("whole", jnp.arange(6.0))
        numpyro.sample("x", dist.Normal(loc + weights.sum(-1) + one + whole.sum(), 1.0))


def scaled_param():
    with handlers.scale(scale=2.0):
        a = numpyro.param("a", 1.5)
        numpyro.sample("x", dist.Normal(a, 1.0))


def deterministic_values():
    x = numpyro.sample("x", dist.Normal(0.0, 1.0))
    with numpyro.plate("i", 3), handlers.scale(scale=2.0), handlers.mask(mask=False):
        two = numpyro.deterministic("two", 2 * x)
    numpyro.deterministic("vector", jnp.stack([x, two]))
    numpyro.sample("y", dist.Normal(two, 1.0), obs=0.5)


def factors():
    x = numpyro.sample("x", dist.Normal(0.0, 1.0))
    numpyro.factor("scalar", -(x**2))
    numpyro.factor("vector", jnp.array([0.5, -1.5]))
    numpyro.factor("density", dist.Gamma(2.0, 1.0).log_prob(jnp.exp(x)))


def factor_in_plate():
    x = numpyro.sample("x", dist.Normal(0.0, 1.0))
    with numpyro.plate("i", 3):
        numpyro.factor("once_for_each", 1.0)
        numpyro.factor("each", jnp.array([1.0, 2.0, 3.0]) * x)


def factor_in_subsampled_plate():
    with numpyro.plate("i", 10, subsample_size=2):
        numpyro.factor("f", 1.0)


def factor_masked():
    with handlers.mask(mask=False):
        numpyro.factor("off", -jnp.inf)
    with handlers.mask(mask=jnp.array([True, False])):
        numpyro.factor("half", jnp.array([1.5, -jnp.inf]))
    with handlers.scale(scale=0.5):
        numpyro.factor("scaled", 3.0)


def mutable_counter():
    state = mutable("state", {"count": 1})
    state["count"] = state["count"] + 1
    numpyro.sample("x", dist.Normal(state["count"], 1.0))


def module_dense():
    net = numpyro.module("net", stax.serial(stax.Dense(3), stax.Tanh, stax.Dense(1)), input_shape=(2,))
    out = numpyro.deterministic("out", net(INPUTS))
    with numpyro.plate("i", 3):
        numpyro.sample("y", dist.Normal(out[:, 0], 1.0), obs=Y)


def module_after_a_site():
    numpyro.sample("before", dist.Normal(0.0, 1.0))
    net = numpyro.module("net", stax.serial(stax.Dense(2), stax.Relu), input_shape=(2,))
    numpyro.deterministic("out", net(INPUTS))
    numpyro.sample("after", dist.Normal(0.0, 1.0))


def module_twice():
    net = stax.serial(stax.Dense(1))
    first = numpyro.module("net", net, input_shape=(2,))
    second = numpyro.module("net", net, input_shape=(2,))
    numpyro.deterministic("one", first(INPUTS))
    numpyro.deterministic("two", second(INPUTS))


def module_with_priors():
    with handlers.scope(prefix="net"):
        w = numpyro.sample("w", dist.Normal(0.0, 0.5).expand([2, 1]).to_event(2))
        b = numpyro.sample("b", dist.Normal(0.0, 1.0).expand([1]).to_event(1))
    _, apply = stax.serial(stax.Dense(1))
    out = numpyro.deterministic("out", apply([(w, b)], INPUTS)[:, 0])
    with numpyro.plate("i", 3):
        numpyro.sample("y", dist.Normal(out, 1.0), obs=Y)


def keys_by_hand():
    numpyro.sample("a", dist.Normal(0.0, 1.0))
    noise = jax.random.normal(numpyro.prng_key(), (2,))
    with handlers.block():
        hidden = jax.random.normal(numpyro.prng_key())
    numpyro.deterministic("noise", noise)
    numpyro.deterministic("hidden", hidden)
    numpyro.sample("b", dist.Normal(0.0, 1.0))


def masks_told():
    def told(name):
        mask = numpyro.get_mask()
        numpyro.deterministic(name, jnp.array(1) if mask is None else mask)

    told("none")
    with handlers.mask(mask=True):
        told("on")
        with handlers.mask(mask=jnp.array([True, False])):
            told("vector")
            with handlers.mask(mask=jnp.array([[True], [False]])):
                told("matrix")
    with handlers.mask(mask=False), handlers.mask(mask=True):
        told("off")
