"""What the two engines on JAX share: NumPyro's models as log densities of unconstrained coordinates, and timings."""

import os
import time

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import common


def prepare(arguments, devices=1):
    """Sets precision and the number of host devices; to be called before JAX is used."""
    import numpyro

    numpyro.set_host_device_count(devices)
    if arguments.precision == "f64":
        numpyro.enable_x64()


class Compilations:
    """The longest compilation since this was made, or the longest read of one from JAX's cache.

    A sampler's run is one program, the largest by far: what follows its compilation is its run.
    """

    def __init__(self):
        import jax

        self.longest_s, self.end = 0.0, time.perf_counter()
        jax.monitoring.register_event_duration_secs_listener(self.heard)

    def heard(self, event, seconds, **_):
        if event == "/jax/core/compile/backend_compile_duration" and seconds > self.longest_s:
            self.longest_s, self.end = seconds, time.perf_counter()

    def since_longest(self):
        return time.perf_counter() - self.end


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
    """A jitted call: device array in and results ready, and NumPy in and results read; and a gradient within a compiled
    loop of them."""
    prepare(arguments)
    import jax
    import jax.numpy as jnp
    import numpy as np
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
    host = np.asarray(flat)

    def read():
        value, slope = jitted(host)
        return float(value), np.asarray(slope)

    read_s = common.shortest_call(arguments.seconds, read)

    # Each turn needs the last one's gradient and value, so that nothing can be left out or taken out of the loop.
    def turn(_, carry):
        x, total = carry
        value, slope = of(x)
        return flat + 1e-12 * slope, total + value

    turns = max(1, int(arguments.seconds / 4 / dispatched))
    loop = jax.jit(lambda x: jax.lax.fori_loop(0, turns, turn, (x, jnp.zeros((), x.dtype))))
    looped = common.shortest_call(arguments.seconds, lambda: jax.block_until_ready(loop(flat))) / turns
    return checked | {"dispatched_s": dispatched, "read_s": read_s, "looped_s": looped}
