"""Models of `plate`, `plate_stack` and the shapes they give."""

import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist
from numpyro import handlers

Y = jnp.array([0.5, -1.0, 2.0])


def hierarchical():
    mu = numpyro.sample("mu", dist.Normal(0.0, 1.0))
    sigma = numpyro.sample("sigma", dist.Exponential(1.0))
    with numpyro.plate("groups", 2):
        group = numpyro.sample("group", dist.Normal(mu, sigma))
    with numpyro.plate("obs", 3):
        numpyro.sample("y", dist.Normal(group[jnp.array([0, 1, 1])], 1.0), obs=Y)


def nested_with_auto_dims():
    a, c = numpyro.plate("a", 2, dim=-2), None
    with a:
        numpyro.sample("x", dist.Normal(0.0, 1.0))
        c = numpyro.plate("c", 3)
        with c:
            numpyro.sample("y", dist.Normal(0.0, 1.0))
            with numpyro.plate("d", 4):
                numpyro.sample("z", dist.Normal(0.0, 1.0))


def nested_three():
    with numpyro.plate("i", 2, dim=-3), numpyro.plate("j", 1, dim=-2):
        x = numpyro.sample("x", dist.Normal(0.0, 1.0))
        with numpyro.plate("k", 3, dim=-1):
            y = numpyro.sample("y", dist.Normal(x, 1.0))
            numpyro.sample("z", dist.Normal(y, 1.0), obs=jnp.ones((2, 1, 3)))


def crossed():
    rows, columns = numpyro.plate("rows", 3, dim=-2), numpyro.plate("columns", 2, dim=-1)
    with rows:
        a = numpyro.sample("a", dist.Normal(0.0, 1.0))
    with columns:
        b = numpyro.sample("b", dist.Normal(0.0, 1.0))
    with rows, columns:
        numpyro.sample("y", dist.Normal(a + b, 1.0), obs=jnp.zeros((3, 2)))


def stacked():
    with numpyro.plate_stack("p", [2, 3]):
        numpyro.sample("x", dist.Normal(0.0, 1.0))


def stacked_rightmost():
    with numpyro.plate_stack("p", [2, 3], rightmost_dim=-2):
        numpyro.sample("x", dist.Normal(0.0, 1.0))


def stacked_three():
    with numpyro.plate_stack("p", [2, 3, 4], rightmost_dim=-3):
        numpyro.sample("x", dist.HalfNormal(1.0))


def indices():
    with numpyro.plate("i", 3) as index:
        numpyro.deterministic("index", index)
        numpyro.sample("x", dist.Normal(index * 10.0, 1.0))


def entered_twice():
    school = numpyro.plate("school", 3)
    with school:
        a = numpyro.sample("a", dist.Normal(0.0, 1.0))
    total = numpyro.sample("total", dist.Normal(a.sum(), 1.0))
    with school:
        numpyro.sample("y", dist.Normal(total, 1.0), obs=Y)


def sequential():
    with numpyro.plate("i", 2):
        x = numpyro.sample("x", dist.Normal(0.0, 1.0))
    with numpyro.plate("j", 3):
        y = numpyro.sample("y", dist.Normal(0.0, 1.0))
    numpyro.sample("z", dist.Normal(x.sum() * y.sum(), 1.0))


def events_in_plates():
    with numpyro.plate("i", 2):
        p = numpyro.sample("p", dist.Dirichlet(jnp.ones(3)))
        numpyro.sample("c", dist.Categorical(p))
        numpyro.sample("v", dist.Normal(jnp.zeros((2, 3)), 1.0).to_event(1))
        numpyro.sample("m", dist.Normal(jnp.zeros(3), 1.0).to_event(1))


def size_one():
    with numpyro.plate("i", 1):
        numpyro.sample("x", dist.Normal(0.0, 1.0))
        with numpyro.plate("j", 2):
            numpyro.sample("y", dist.Normal(0.0, 1.0))


def batch_beyond_the_plates():
    with numpyro.plate("i", 3):
        numpyro.sample("x", dist.Normal(jnp.zeros((2, 1)), 1.0))
        numpyro.sample("y", dist.Normal(jnp.zeros((2, 3)), 1.0))


def masked_and_scaled():
    with numpyro.plate("i", 3), handlers.mask(mask=jnp.array([True, False, True])):
        with handlers.scale(scale=2.0):
            x = numpyro.sample("x", dist.Normal(0.0, 1.0))
        with handlers.scale(scale=jnp.array([1.0, 2.0, 3.0])):
            numpyro.sample("y", dist.Normal(x, 1.0), obs=Y)


def mixed_plates_in_posterior():
    with numpyro.plate("p", 3):
        a = numpyro.sample("a", dist.Normal(0.0, 1.0))
        b = numpyro.sample("b", dist.LogNormal(a, 1.0))
    c = numpyro.sample("c", dist.Normal(a.sum(), b.sum()))
    with numpyro.plate("q", 2):
        numpyro.sample("d", dist.Normal(c, 1.0), obs=jnp.array([0.5, 1.5]))


def overlapping_plates():
    a, b = numpyro.plate("a", 2, dim=-1), numpyro.plate("b", 3, dim=-2)
    with a:
        x = numpyro.sample("x", dist.Normal(0.0, 1.0))
    with b:
        y = numpyro.sample("y", dist.Normal(0.0, 1.0))
    with a, b:
        z = numpyro.sample("z", dist.Normal(x + y, 1.0))
    numpyro.sample("w", dist.Normal(z.sum(), 1.0), obs=0.0)
