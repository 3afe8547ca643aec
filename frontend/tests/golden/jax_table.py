"""What the generators of tables by JAX share: each case's value and derivatives to second order, written as JSON.

A case holds operands, the value of a function of them, the gradient of the sum of its elements times weights by every
operand, and the gradient of the weighted sum of those gradients. Weights of an array with salt s: sin((i + s) 2.399963) +
0.1 for its i-th element; of the value s = 1, of the gradient by operand k s = 5 + k.
"""

import json
import pathlib
import platform

import jax

jax.config.update("jax_enable_x64", True)

import jax.numpy as jnp
import numpy as np


def weights(shape, salt):
    i = np.arange(np.prod(shape, dtype=int), dtype=float)
    return (np.sin((i + salt) * 2.399963) + 0.1).reshape(shape)


def array(x):
    x = np.asarray(x, dtype=float)
    return {"shape": list(x.shape), "values": [float(v) for v in x.ravel()]}


def run(f, args):
    args = [jnp.asarray(x) for x in args]
    which = tuple(range(len(args)))
    first = lambda *x: jnp.sum(f(*x) * weights(f(*args).shape, 1))
    by = jax.grad(first, which)
    second = lambda *x: sum(jnp.sum(g * weights(g.shape, 5 + k)) for k, g in enumerate(by(*x)))
    return {
        "operands": [array(x) for x in args],
        "value": array(f(*args)),
        "first": [array(g) for g in by(*args)],
        "second": [array(g) for g in jax.grad(second, which)(*args)],
    }


def write(script, about, cases, **versions):
    """Writes the table of `cases`, a function and its operands each, beside the script make_NAME.py as NAME.json."""
    known = {"python": platform.python_version(), "jax": jax.__version__, "numpy": np.__version__}
    table = {
        "about": about.strip().splitlines()[0],
        "versions": known | versions,
        "cases": {name: run(f, args) for name, (f, args) in cases.items()},
    }
    script = pathlib.Path(script)
    name = script.stem.removeprefix("make_")
    script.with_name(f"{name}.json").write_text(json.dumps(table) + "\n")
