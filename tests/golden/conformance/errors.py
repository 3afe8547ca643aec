"""Models that end in an error, or that NumPyro takes and a stricter check would not: what it says of each."""

import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist
from numpyro import handlers
from numpyro.distributions import constraints
from numpyro.contrib.control_flow import scan

Y = jnp.array([0.5, -1.0, 2.0])


def duplicate_name():
    numpyro.sample("x", dist.Normal(0.0, 1.0))
    numpyro.sample("x", dist.Normal(0.0, 1.0))


def plate_and_site_of_one_name():
    with numpyro.plate("x", 3):
        numpyro.sample("x", dist.Normal(0.0, 1.0))


def colliding_explicit_dims():
    with numpyro.plate("a", 3, dim=-1), numpyro.plate("b", 3, dim=-1):
        numpyro.sample("x", dist.Normal(0.0, 1.0))


def colliding_auto_dims():
    a, b = numpyro.plate("a", 3), numpyro.plate("b", 3)
    with a, b:
        numpyro.sample("x", dist.Normal(0.0, 1.0))


def plate_name_with_another_size():
    with numpyro.plate("i", 3):
        numpyro.sample("x", dist.Normal(0.0, 1.0))
    with numpyro.plate("i", 4):
        numpyro.sample("y", dist.Normal(0.0, 1.0))


def nonnegative_dim():
    numpyro.plate("i", 3, dim=0)


def empty_plate():
    numpyro.plate("i", 0)


def batch_against_plate():
    with numpyro.plate("i", 3):
        numpyro.sample("x", dist.Normal(jnp.zeros(4), 1.0))


def observation_that_does_not_fit():
    with numpyro.plate("i", 3):
        numpyro.sample("x", dist.Normal(0.0, 1.0), obs=jnp.zeros(4))


def mask_of_integers():
    with handlers.mask(mask=jnp.array([1, 0])):
        numpyro.sample("x", dist.Normal(0.0, 1.0))


def scale_of_zero():
    with handlers.scale(scale=0.0):
        numpyro.sample("x", dist.Normal(0.0, 1.0))


def negative_scale_parameter():
    numpyro.sample("x", dist.Normal(0.0, -1.0))


def param_without_init():
    numpyro.sample("x", dist.Normal(numpyro.param("loc"), 1.0))


def subsample_of_another_size():
    with numpyro.plate("i", 6, subsample_size=2):
        numpyro.subsample(jnp.zeros(5), event_dim=0)


def param_of_another_size():
    with numpyro.plate("i", 6, subsample_size=2):
        numpyro.param("w", jnp.zeros(4), event_dim=0)


def subsample_larger_than_the_plate():
    with numpyro.plate("i", 3, subsample_size=5):
        numpyro.sample("x", dist.Normal(0.0, 1.0))


def scan_in_a_plate():
    with numpyro.plate("i", 3):
        scan(lambda c, _: (numpyro.sample("x", dist.Normal(c, 1.0)), None), 0.0, None, length=2)


def module_without_input_shape():
    numpyro.module("net", (lambda key, shape: (shape, ()), lambda p, x: x))


def uncovered_batch():
    with numpyro.plate("i", 3):
        numpyro.sample("x", dist.Normal(jnp.zeros((2, 3)), 1.0))


def replay_of_another_kind():
    with handlers.block():
        recorded = handlers.trace(lambda: numpyro.deterministic("x", 1.0)).get_trace()
    with handlers.replay(trace=recorded):
        numpyro.sample("x", dist.Normal(0.0, 1.0))


def literal_out_of_its_constraint():
    numpyro.sample("x", dist.Beta(-1.0, 1.0))


def reparam_of_observed():
    from numpyro.infer.reparam import LocScaleReparam

    with handlers.reparam(config={"x": LocScaleReparam(0.0)}):
        numpyro.sample("x", dist.Normal(0.0, 1.0), obs=0.5)


def param_out_of_its_constraint():
    numpyro.param("s", -1.0, constraint=constraints.positive)
