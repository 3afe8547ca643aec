"""Models with sites inside `scan` and `cond`."""

import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist
from numpyro import handlers
from numpyro.contrib.control_flow import cond, scan

Y = jnp.array([0.5, -1.0, 2.0])


def _walk(obs):
    drift = numpyro.sample("drift", dist.Normal(0.0, 1.0))

    def step(x, y):
        x = numpyro.sample("x", dist.Normal(x + drift, 1.0))
        numpyro.sample("y", dist.Normal(x, 0.5), obs=y)
        return x, x

    last, path = scan(step, 0.0, obs, length=3)
    numpyro.deterministic("last", last)
    numpyro.deterministic("path", path)
    numpyro.sample("after", dist.Normal(last, 1.0))


def scan_observed():
    _walk(Y)


def scan_latent():
    _walk(None)


def scan_substituted():
    handlers.substitute(_walk, data={"x": jnp.array([0.1, 0.2, 0.3])})(Y)


def scan_conditioned():
    handlers.condition(_walk, data={"x": jnp.array([0.1, 0.2, 0.3])})(None)


def scan_conditioned_in_part():
    def step(x, y):
        x = numpyro.sample("x", dist.Normal(x, 1.0))
        return x, None

    with handlers.condition(data={"x": jnp.array([0.1, 0.2])}):
        scan(step, 0.0, None, length=4)


def scan_masked():
    handlers.mask(_walk, mask=False)(Y)


def scan_mask_inside():
    def step(x, xs):
        y, on = xs
        x = numpyro.sample("x", dist.Normal(x, 1.0))
        with handlers.mask(mask=on):
            numpyro.sample("y", dist.Normal(x, 0.5), obs=y)
        return x, None

    scan(step, 0.0, (Y, jnp.array([True, False, True])))


def scan_scaled():
    handlers.scale(_walk, scale=2.0)(Y)


def scan_plate_inside():
    def step(x, y):
        with numpyro.plate("i", 2):
            x = numpyro.sample("x", dist.Normal(x, 1.0))
            numpyro.sample("y", dist.Normal(x, 0.5), obs=y)
        return x, x.sum()

    scan(step, jnp.zeros(2), jnp.arange(6.0).reshape(3, 2))


def scan_vectors():
    def step(x, _):
        x = numpyro.sample("x", dist.MultivariateNormal(0.5 * x, jnp.eye(2)))
        return x, x

    scan(step, jnp.ones(2), None, length=3)


def scan_deterministic_inside():
    def step(x, y):
        x = numpyro.deterministic("level", 0.5 * x + 0.5 * y)
        numpyro.sample("y", dist.Normal(x, 1.0), obs=y)
        return x, None

    scan(step, 0.0, Y)


def scan_reversed():
    def step(x, y):
        x = numpyro.sample("x", dist.Normal(x + y, 1.0))
        return x, x

    _, path = scan(step, 0.0, Y, reverse=True)
    numpyro.deterministic("path", path)


def scan_twice():
    def step(name):
        def step(x, _):
            x = numpyro.sample(name, dist.Normal(x, 1.0))
            return x, None

        return step

    x, _ = scan(step("x"), 0.0, None, length=2)
    scan(step("z"), x, None, length=3)


def scan_replayed():
    with handlers.block():
        recorded = handlers.trace(handlers.seed(_walk, 7)).get_trace(Y)
    handlers.replay(_walk, trace=recorded)(Y)


def _switch():
    cluster = numpyro.sample("cluster", dist.Normal(0.0, 1.0))

    def high(_):
        return numpyro.sample("x", dist.Normal(20.0, 1.0))

    def low(_):
        return numpyro.sample("x", dist.Normal(-20.0, 2.0))

    x = cond(cluster > 0, high, low, None)
    numpyro.sample("y", dist.Normal(x, 1.0), obs=0.5)


def cond_latent():
    _switch()


def cond_other_branch():
    handlers.substitute(_switch, data={"cluster": jnp.array(1.0)})()


def cond_yet_other_branch():
    handlers.substitute(_switch, data={"cluster": jnp.array(-1.0)})()


def cond_substituted():
    handlers.substitute(_switch, data={"x": jnp.array(3.0)})()


def cond_conditioned():
    handlers.condition(_switch, data={"x": jnp.array(3.0)})()


def cond_with_operand():
    a = numpyro.sample("a", dist.HalfNormal(1.0))

    def one(s):
        y = numpyro.sample("y", dist.Normal(0.0, s), obs=0.5)
        return numpyro.deterministic("d", y + s)

    def two(s):
        y = numpyro.sample("y", dist.Normal(1.0, 2.0 * s), obs=0.5)
        return numpyro.deterministic("d", y - s)

    numpyro.deterministic("out", cond(a < 1.0, one, two, a))
