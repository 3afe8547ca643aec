"""numpyro_networks.json: `numpyro.module` over `jax.example_libraries.stax`, initialisers and activations of JAX. f64 on the
CPU.

usage: python3 make_networks.py
"""

import jax

jax.config.update("jax_enable_x64", True)

import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist
from jax.example_libraries import stax
from jax.nn import initializers
from numpyro import handlers

from common import array, write

KEY = jax.random.key(7)
X = jnp.linspace(-1.0, 2.0, 12).reshape(4, 3)


def net():
    return stax.serial(stax.Dense(5), stax.Relu, stax.Dense(4), stax.Tanh, stax.Dense(2), stax.Softplus)


def leaves(params):
    """Weights with stax's numbers of layers, and W and b for the two of a dense one."""
    return {f"{i}.{name}": leaf for i, layer in enumerate(params) for name, leaf in zip("Wb", layer)}


def network():
    def model():
        a = numpyro.sample("a", dist.Normal(0.0, 1.0))
        y = numpyro.module("net", net(), input_shape=(4, 3))(X * a)
        numpyro.sample("y", dist.Normal(y[:, 0], y[:, 1]).to_event(1))

    trace = handlers.trace(handlers.seed(model, 3)).get_trace()
    return {
        "a": array(trace["a"]["value"]),
        "weights": {path: array(leaf) for path, leaf in leaves(trace["net$params"]["value"]).items()},
        "y": array(trace["y"]["value"]),
    }


def random_network():
    """The steps of numpyro.contrib.module's random_* functions, for which it has no stax: a key for initial weights, then
    a sample site for each, all of it one event."""

    def model():
        init, apply = net()
        _, params = init(numpyro.prng_key(), (4, 3))
        shapes = {path: leaf.shape for path, leaf in leaves(params).items()}
        with handlers.scope(prefix="net"):
            drawn = {path: numpyro.sample(path, dist.Normal(0.0, 0.5).expand(shape).to_event()) for path, shape in shapes.items()}
        layers = [tuple(drawn[f"{i}.{name}"] for name in "Wb") if layer else () for i, layer in enumerate(params)]
        numpyro.deterministic("out", apply(layers, X))

    trace = handlers.trace(handlers.seed(model, 3)).get_trace()
    return {name: array(site["value"]) for name, site in trace.items()}


def activation_rows():
    x = jnp.array([-800.0, -2.5, -1e-3, 0.0, 0.5, 3.0, 800.0])
    named = {
        "relu": jax.nn.relu,
        "sigmoid": jax.nn.sigmoid,
        "softplus": jax.nn.softplus,
        "elu": jax.nn.elu,
        "selu": jax.nn.selu,
        "leaky_relu": jax.nn.leaky_relu,
        "gelu": jax.nn.gelu,
        "tanh": jnp.tanh,
    }
    rows = {"x": array(x)}
    for name, f in named.items():
        rows[name] = {"value": array(f(x)), "slope": array(jax.vmap(jax.grad(f))(x))}
    return rows


def main():
    shapes = {"glorot_normal": 2, "glorot_uniform": 2, "lecun_normal": 2, "lecun_uniform": 2, "he_normal": 2, "he_uniform": 2}
    made = {name: array(getattr(initializers, name)()(KEY, (3, 4))) for name in shapes}
    made["he_normal, receptive field"] = array(initializers.he_normal()(KEY, (2, 3, 2)))
    made["variance_scaling fan_geo_avg normal"] = array(initializers.variance_scaling(2.0, "fan_geo_avg", "normal")(KEY, (3, 4)))
    made["variance_scaling fan_out uniform"] = array(initializers.variance_scaling(0.5, "fan_out", "uniform")(KEY, (3, 4)))
    made["normal"] = array(initializers.normal(0.01)(KEY, (5,)))
    made["uniform"] = array(initializers.uniform(0.01)(KEY, (5,)))
    made["ones"] = array(initializers.ones(KEY, (2,)))
    made["zeros"] = array(initializers.zeros(KEY, (2,)))
    dropped = stax.serial(stax.Dense(3), stax.Dropout(0.75), stax.Flatten)
    _, weights = dropped[0](KEY, (4, 3))
    write(
        "numpyro_networks.json",
        {
            "about": "key 7 for initialisers and dropout, seed 3 for models; x = linspace(-1, 2, 12) as 4 rows",
            "versions": {"numpyro": numpyro.__version__, "jax": jax.__version__},
            "x": array(X),
            "initializers": made,
            "activations": activation_rows(),
            "dropout": array(dropped[1](weights, X, rng=jax.random.key(8))),
            "module": network(),
            "random_module": random_network(),
        },
    )


if __name__ == "__main__":
    main()
