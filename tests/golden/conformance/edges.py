"""Models at the edges of the rules: what is surprising, recorded as it is."""

import jax
import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist
from numpyro import handlers
from numpyro.distributions import constraints

Y = jnp.array([0.5, -1.0, 2.0])


def empty():
    pass


def outer_product_of_columns():
    b = numpyro.sample("b", dist.Normal(0.0, 1.0))
    numpyro.sample("y", dist.Normal(b * Y, 1.0), obs=Y[:, None])


def observation_broadcast_to_the_plate():
    with numpyro.plate("i", 3):
        numpyro.sample("y", dist.Normal(0.0, 1.0), obs=0.5)


def delta():
    x = numpyro.sample("x", dist.Normal(0.0, 1.0))
    d = numpyro.sample("d", dist.Delta(x + 1.0, log_density=0.25))
    numpyro.sample("y", dist.Normal(d, 1.0), obs=0.5)


def improper_uniform():
    flat = dist.ImproperUniform(constraints.positive, (), event_shape=(2,))
    with handlers.substitute(data={"x": jnp.array([0.5, 1.5])}):
        x = numpyro.sample("x", flat)
    numpyro.sample("y", dist.Normal(x.sum(), 1.0), obs=0.5)


def out_of_the_support():
    numpyro.sample("x", dist.Exponential(1.0), obs=-1.0)
    with handlers.mask(mask=False):
        numpyro.sample("z", dist.Exponential(1.0), obs=-1.0)


def one_key_for_all_plates():
    with numpyro.plate("i", 2, dim=-1), numpyro.plate("j", 2, dim=-2):
        numpyro.sample("a", dist.Normal(0.0, 1.0))
    numpyro.sample("b", dist.Normal(0.0, 1.0).expand([2, 2]))


def hidden_sites_take_keys():
    with handlers.block():
        numpyro.sample("hidden", dist.Normal(0.0, 1.0))
        numpyro.sample("given", dist.Normal(0.0, 1.0), obs=1.0)
        with numpyro.plate("p", 6, subsample_size=2):
            numpyro.sample("inside", dist.Normal(0.0, 1.0))
    numpyro.sample("x", dist.Normal(0.0, 1.0))


def given_inside_and_outside():
    def model():
        numpyro.sample("a", dist.Normal(0.0, 1.0))
        numpyro.sample("b", dist.Normal(0.0, 1.0))

    with handlers.scope(prefix="inside"):
        handlers.seed(handlers.substitute(model, data={"a": 1.0}), 3)()
    with handlers.scope(prefix="outside"):
        handlers.substitute(handlers.seed(model, 3), data={"a": 1.0})()


def scalar_in_two_plates():
    with numpyro.plate("i", 2, dim=-2), numpyro.plate("j", 3, dim=-1):
        numpyro.sample("x", dist.Normal(jnp.zeros((2, 1)), 1.0))
        numpyro.sample("y", dist.Normal(jnp.zeros((1, 3)), 1.0))


def mixture():
    components = [dist.Normal(-1.0, 1.0), dist.Normal(2.0, 0.5)]
    with numpyro.plate("i", 3):
        numpyro.sample("y", dist.Mixture(dist.Categorical(probs=jnp.array([0.3, 0.7])), components), obs=Y)
        same = dist.MixtureSameFamily(dist.Categorical(probs=jnp.array([0.3, 0.7])), dist.Normal(jnp.array([-1.0, 2.0]), 1.0))
        numpyro.sample("z", same)


def gaussian_process():
    x = jnp.array([0.0, 0.5, 1.5])
    length = numpyro.sample("length", dist.LogNormal(0.0, 1.0))
    kernel = jnp.exp(-0.5 * ((x[:, None] - x[None, :]) / length) ** 2) + 0.1 * jnp.eye(3)
    numpyro.sample("y", dist.MultivariateNormal(jnp.zeros(3), kernel), obs=Y)


def logistic_regression():
    x = jnp.array([[1.0, 0.5], [1.0, -1.5], [1.0, 2.0]])
    b = numpyro.sample("b", dist.Normal(0.0, 2.0).expand([2]).to_event(1))
    with numpyro.plate("i", 3):
        numpyro.sample("y", dist.Bernoulli(logits=x @ b), obs=jnp.array([1, 0, 1]))


def hidden_markov():
    z = numpyro.sample("z", dist.Categorical(probs=jnp.array([0.4, 0.6])))
    move = jnp.array([[0.9, 0.1], [0.2, 0.8]])
    for t in range(2):
        z = numpyro.sample(f"z_{t}", dist.Categorical(probs=move[z]))
        numpyro.sample(f"y_{t}", dist.Normal(z * 2.0 - 1.0, 1.0), obs=0.5 * t)


def lists_of_keys():
    keys = jax.random.split(numpyro.prng_key(), 2)
    a = numpyro.sample("a", dist.Normal(0.0, 1.0), rng_key=keys[0])
    numpyro.sample("b", dist.Normal(a, 1.0), rng_key=keys[1])
