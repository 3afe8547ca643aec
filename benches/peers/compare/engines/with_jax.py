"""What the two engines on JAX share: NumPyro's models as log densities of unconstrained coordinates, and timings."""

import os

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import common


def prepare(arguments, devices=1):
    """Sets precision and the number of host devices; to be called before JAX is used."""
    import numpyro

    numpyro.set_host_device_count(devices)
    if arguments.precision == "f64":
        numpyro.enable_x64()


def log_density(arguments, values):
    """The log density of a dictionary of unconstrained coordinates."""
    from numpyro.infer.util import potential_energy

    model = common.model(arguments, "numpyro")
    return lambda z: -potential_energy(model, (), values, z)


def start(arguments, values, key, chains):
    """Positions to start from, uniform between -2 and 2 as NumPyro's and Stan's are."""
    import jax

    shapes = common.sites(arguments, values)
    keys = jax.random.split(key, len(shapes))
    uniform = lambda key, shape: jax.random.uniform(key, (chains, *shape), minval=-2.0, maxval=2.0)
    return {name: uniform(k, shape) for k, (name, shape) in zip(keys, shapes.items())}


def density(arguments):
    """A jitted call, device array in and results ready; and a gradient within a compiled loop of them."""
    prepare(arguments)
    import jax
    import jax.numpy as jnp
    from jax.flatten_util import ravel_pytree

    values = common.data(arguments)
    of_sites = log_density(arguments, {name: jnp.asarray(v) for name, v in values.items()})
    _, unravel = ravel_pytree({name: jnp.zeros(shape) for name, shape in common.sites(arguments, values).items()})
    of = jax.value_and_grad(lambda x: of_sites(unravel(x)))
    jitted = jax.jit(of)
    results = [jitted(ravel_pytree(point)[0]) for point in common.points(arguments)]
    checked = common.checked([v for v, _ in results], [unravel(g) for _, g in results])
    flat = jnp.full(results[0][1].shape, 0.1)
    dispatched = common.shortest_call(arguments.seconds, lambda: jax.block_until_ready(jitted(flat)))

    # Each turn needs the last one's gradient and value, so that nothing can be left out or taken out of the loop.
    def turn(_, carry):
        x, total = carry
        value, slope = of(x)
        return flat + 1e-12 * slope, total + value

    turns = max(1, int(arguments.seconds / 4 / dispatched))
    loop = jax.jit(lambda x: jax.lax.fori_loop(0, turns, turn, (x, jnp.zeros((), x.dtype))))
    looped = common.shortest_call(arguments.seconds, lambda: jax.block_until_ready(loop(flat))) / turns
    return checked | {"dispatched_s": dispatched, "looped_s": looped}
