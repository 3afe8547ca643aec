"""Random compositions of tensor functions, with values and gradients by JAX: programs.json.

Usage: python make_programs.py > programs.json   (needs jax)

A program is a list of inputs and a list of steps; a step applies a function of the table below to earlier values (inputs
first). Its result is the weighted sum of the last three values. Values are kept tame, so that no digits are lost to
overflow or cancellation that the order of operations would decide.
"""

import json
import platform

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.linalg import solve_triangular
from jax.scipy.special import erf, gammaln, logsumexp

jax.config.update("jax_enable_x64", True)

PROGRAMS, STEPS = 60, 9


def spd(x):
    t = jnp.tanh(x)
    return t @ t.T + 2.0 * jnp.eye(x.shape[0])


def affine_scan(x):
    def step(c, row):
        c = jnp.tanh(0.5 * c + row)
        return c, c * row

    last, ys = jax.lax.scan(step, jnp.zeros(x.shape[1:]), x)
    return ys + last


def choose(x):
    return jax.lax.cond(jnp.mean(x) > 0, lambda: jnp.sin(x), lambda: jnp.cos(x) * x)


def own_gradient(x):
    return jax.grad(lambda x: jnp.sum(jnp.log1p(x**2) * jnp.sin(x)))(x)


def any_rank(x):
    return True


def rank(n):
    return lambda x: x.ndim == n


def nonscalar(x):
    return x.ndim > 0


ONE = {
    "sin": (jnp.sin, any_rank),
    "cos": (jnp.cos, any_rank),
    "tanh": (jnp.tanh, any_rank),
    "atan": (jnp.arctan, any_rank),
    "softplus": (jax.nn.softplus, any_rank),
    "log_sigmoid": (jax.nn.log_sigmoid, any_rank),
    "logistic": (jax.nn.sigmoid, any_rank),
    "erf": (erf, any_rank),
    "log1p_square": (lambda x: jnp.log1p(x**2), any_rank),
    "sqrt1_square": (lambda x: jnp.sqrt(1 + x**2), any_rank),
    "lgamma": (lambda x: gammaln(1.0 + jax.nn.softplus(x)), any_rank),
    "exp_tanh": (lambda x: jnp.exp(jnp.tanh(x)), any_rank),
    "sum_last": (lambda x: jnp.sum(x, -1), nonscalar),
    "mean_first": (lambda x: jnp.mean(x, 0), nonscalar),
    "max_last": (lambda x: jnp.max(x, -1), nonscalar),
    "logsumexp_first": (lambda x: logsumexp(x, 0), nonscalar),
    "prod_last": (lambda x: jnp.prod(jnp.tanh(x), -1), nonscalar),
    "softmax_last": (lambda x: jax.nn.softmax(x, -1), nonscalar),
    "log_softmax_first": (lambda x: jax.nn.log_softmax(x, 0), nonscalar),
    "cumsum_last": (lambda x: jnp.cumsum(x, -1), nonscalar),
    "var_last": (lambda x: jnp.var(x, -1), nonscalar),
    "flip_last": (lambda x: jnp.flip(x, -1), nonscalar),
    "roll_first": (lambda x: jnp.roll(x, 1, 0), nonscalar),
    "doubled": (lambda x: jnp.concatenate([x, jnp.sin(x)], 0), nonscalar),
    "every_other": (lambda x: x[::2], nonscalar),
    "take": (lambda x: jnp.take(x, jnp.array([0, x.shape[0] - 1, 0]), 0), nonscalar),
    "pad": (lambda x: jnp.pad(x, ((1, 2),)), rank(1)),
    "transpose": (lambda x: x.T, rank(2)),
    "ravel": (lambda x: x.reshape(-1), rank(2)),
    "gram": (lambda x: jnp.tanh(x) @ jnp.tanh(x).T, rank(2)),
    "einsum": (lambda x: jnp.einsum("ij,kj->i", jnp.tanh(x), jnp.sin(x)), rank(2)),
    "outer": (lambda x: jnp.outer(jnp.sin(x), jnp.tanh(x)), rank(1)),
    "cholesky": (lambda x: jnp.linalg.cholesky(spd(x)), rank(2)),
    "solve": (lambda x: solve_triangular(jnp.linalg.cholesky(spd(x)), jnp.sin(x), lower=True), rank(2)),
    "scan": (affine_scan, rank(2)),
    "fori": (lambda x: jax.lax.fori_loop(0, 3, lambda i, x: jnp.sin(x) + 0.1 * i, x), any_rank),
    "cond": (choose, any_rank),
    "vmap": (jax.vmap(lambda r: r / jnp.sqrt(1 + jnp.sum(r**2))), rank(2)),
    "grad": (own_gradient, any_rank),
}
TWO = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * jnp.tanh(y),
    "div": lambda x, y: x / (2 + jnp.sin(y)),
    "maximum": jnp.maximum,
    "minimum": jnp.minimum,
    "logaddexp": jnp.logaddexp,
    "atan2": lambda x, y: jnp.arctan2(x, 2 + jnp.cos(y)),
    "hypot": lambda x, y: jnp.hypot(x + 3, y),
    "select": lambda x, y: jnp.where(x > y, jnp.sin(x), y),
}


def run(program, inputs):
    values = list(inputs)
    for name, args in program:
        f = TWO[name] if name in TWO else ONE[name][0]
        values.append(f(*[values[i] for i in args]))
    return values


def result(program, inputs):
    values = run(program, inputs)
    total = 0.0
    for k, v in enumerate(values[-3:]):
        weights = jnp.cos(1.0 + k + jnp.arange(v.size, dtype=float)).reshape(v.shape)
        total = total + jnp.sum(v * weights)
    return total


def broadcasts(x, y):
    try:
        return np.broadcast_shapes(x.shape, y.shape) is not None
    except ValueError:
        return False


def program(rng):
    inputs = [np.round(rng.normal(size=shape), 3) for shape in [(3, 4), (4,), ()]]
    steps, values = [], [jnp.asarray(x) for x in inputs]
    while len(steps) < STEPS:
        # Later values more often, so that programs are deep.
        pick = lambda: int(len(values) - 1 - min(rng.geometric(0.4) - 1, len(values) - 1))
        if rng.random() < 0.35:
            name, args = str(rng.choice(list(TWO))), [pick(), pick()]
            fits = broadcasts(values[args[0]], values[args[1]])
        else:
            name, args = str(rng.choice(list(ONE))), [pick()]
            fits = ONE[name][1](values[args[0]])
        if not fits:
            continue
        value = run([(name, args)], values)[-1]
        tame = value.size <= 60 and bool(jnp.all(jnp.isfinite(value))) and float(jnp.max(jnp.abs(value))) < 30
        if value.size and tame:
            steps.append((name, args))
            values.append(value)
    return inputs, steps


def main():
    rng = np.random.default_rng(20261125)
    rows = []
    while len(rows) < PROGRAMS:
        inputs, steps = program(rng)
        arrays = [jnp.asarray(x) for x in inputs]
        value, gradient = jax.value_and_grad(lambda xs: result(steps, xs))(arrays)
        if not all(bool(jnp.all(jnp.isfinite(g))) for g in gradient):
            continue
        rows.append(
            {
                "inputs": [{"dims": list(x.shape), "data": x.ravel().tolist()} for x in inputs],
                "steps": [[name, args] for name, args in steps],
                "value": float(value),
                "gradient": [np.asarray(g).ravel().tolist() for g in gradient],
            }
        )
    used = {name for row in rows for name, _ in row["steps"]}
    missing = (set(ONE) | set(TWO)) - used
    assert not missing, missing
    versions = {"jax": jax.__version__, "numpy": np.__version__, "python": platform.python_version()}
    print(json.dumps({"made_by": "make_programs.py", "versions": versions, "programs": rows}, indent=None))


if __name__ == "__main__":
    main()
