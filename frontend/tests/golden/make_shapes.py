"""Makes shapes.json: shapes, indexing, reductions, scans and sorting by JAX, values and derivatives to second order.

jax_table.py says what a case holds. Operands are multiples of 1/64, so that single precision holds them exactly, and none
appears twice in an array. Where JAX has no derivative (scatters that multiply or compare), updates are made one by one.
Install: pip install "jax==0.10.2".  Run: python make_shapes.py
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax_table import write

rng = np.random.default_rng(20250311)


def between(low, high, *shape):
    n = int(np.prod(shape, dtype=int))
    return rng.choice(np.arange(round(64 * low), round(64 * high)), n, replace=False).reshape(shape) / 64


def plain(*shape):
    return between(-2, 2, *shape)


def positive(*shape):
    return between(0.25, 2, *shape)


def one_by_one(join):
    """A scatter along the first dimension whose updates come one after another."""

    def f(x, index, updates):
        for i, u in zip(index, updates):
            x = x.at[i].set(join(x[i], u))
        return x

    return f


def recurrence(a, b, axis):
    step = lambda y, ab: (ab[0] * y + ab[1],) * 2
    a, b = jnp.broadcast_arrays(a, b)
    a, b = jnp.moveaxis(a, axis, 0), jnp.moveaxis(b, axis, 0)
    return jnp.moveaxis(lax.scan(step, jnp.zeros(a.shape[1:]), (a, b))[1], 0, axis)


product, least, largest = one_by_one(jnp.multiply), one_by_one(jnp.minimum), one_by_one(jnp.maximum)
real = lambda f: lambda *x: f(*x).astype(float)

cases = {
    # Shapes.
    "squeeze": (lambda x: x.squeeze(1), [plain(2, 1, 3, 1)]),
    "squeeze all": (jnp.squeeze, [plain(2, 1, 3, 1)]),
    "expand_dims": (lambda x: jnp.expand_dims(x, -2), [plain(2, 3)]),
    "expand_dims two": (lambda x: jnp.expand_dims(x, (0, -1)), [plain(2, 3)]),
    "swapaxes": (lambda x: jnp.swapaxes(x, 0, -1), [plain(2, 3, 4)]),
    "moveaxis": (lambda x: jnp.moveaxis(x, 0, -1), [plain(2, 3, 4)]),
    "moveaxis back": (lambda x: jnp.moveaxis(x, 2, 1), [plain(2, 3, 4)]),
    "ravel": (jnp.ravel, [plain(2, 3)]),
    "flip": (lambda x: jnp.flip(x, 1), [plain(2, 3)]),
    "flip all": (jnp.flip, [plain(2, 3)]),
    "roll": (lambda x: jnp.roll(x, 2, 1), [plain(2, 3)]),
    "roll back": (lambda x: jnp.roll(x, -8, 0), [plain(5)]),
    "tile": (lambda x: jnp.tile(x, (2, 3)), [plain(2, 2)]),
    "tile longer": (lambda x: jnp.tile(x, (2, 1, 2)), [plain(2, 2)]),
    "tile shorter": (lambda x: jnp.tile(x, (2,)), [plain(2, 2)]),
    "repeat": (lambda x: jnp.repeat(x, 2, axis=0), [plain(2, 3)]),
    "pad": (lambda x, v: lax.pad(x, v, [(1, 2, 0), (0, 1, 0)]), [plain(2, 2), plain()]),
    "pad interior": (lambda x: lax.pad(x, 0.0, [(1, 0, 2)]), [plain(3)]),
    "pad negative": (lambda x, v: lax.pad(x, v, [(-1, 1, 1), (2, -2, 0)]), [plain(3, 3), plain()]),
    "concatenate_axis": (lambda x, y: jnp.concatenate([x, y], -1), [plain(2, 1), plain(2, 3)]),
    "stack": (lambda x, y: jnp.stack([x, y]), [plain(3), plain(3)]),
    "stack_axis": (lambda x, y: jnp.stack([x, y], -1), [plain(2, 2), plain(2, 2)]),
    "split": (lambda x: jnp.split(x, 2, 1)[1], [plain(2, 4)]),
    "split_at": (lambda x: jnp.split(x, [1, 1, 3])[2], [plain(4)]),
    "diff": (lambda x: jnp.diff(x, axis=0), [plain(3, 2)]),
    "tril": (lambda x: jnp.tril(x, 1), [plain(2, 3, 4)]),
    "triu": (lambda x: jnp.triu(x, -1), [plain(4, 3)]),
    "diag vector": (lambda x: jnp.diag(x), [plain(3)]),
    "diag vector above": (lambda x: jnp.diag(x, 2), [plain(2)]),
    "diag vector below": (lambda x: jnp.diag(x, -1), [plain(2)]),
    "diag matrix": (lambda x: jnp.diag(x), [plain(3, 4)]),
    "diag matrix above": (lambda x: jnp.diag(x, 2), [plain(3, 4)]),
    "diag matrix below": (lambda x: jnp.diag(x, -2), [plain(4, 3)]),
    "linspace": (lambda x, y: jnp.linspace(x, y, 5), [plain(), plain()]),
    "linspace of one": (lambda x, y: jnp.linspace(x, y, 1), [plain(), plain()]),
    # Indexing.
    "at position": (lambda x: x[1], [plain(3, 2)]),
    "at negative": (lambda x: x[-1, 0], [plain(3, 2)]),
    "at range": (lambda x: x[1:, -2:], [plain(3, 3)]),
    "at range beyond": (lambda x: x[-9:9, 5:], [plain(3, 3)]),
    "at inclusive": (lambda x: x[1:3, :], [plain(4, 2)]),
    "at steps": (lambda x: x[::2, 1::3], [plain(3, 6)]),
    "at steps back": (lambda x: x[::-1, 4:0:-2], [plain(3, 6)]),
    "at ellipsis": (lambda x: x[..., 0], [plain(2, 3, 2)]),
    "at ellipsis between": (lambda x: x[1, ..., 1:], [plain(2, 3, 2)]),
    "at new axes": (lambda x: x[None, :, None, 1], [plain(2, 3)]),
    "at list": (lambda x: x[jnp.array([2, 0, -1, 2])], [plain(3, 2)]),
    "at list second": (lambda x: x[:, jnp.array([2, 0])], [plain(2, 3, 2)]),
    "at matrix of positions": (lambda x: x[:, jnp.array([[2, 0], [1, -3]])], [plain(2, 3)]),
    "at pairs": (lambda x: x[jnp.array([0, 1, 1]), jnp.array([2, 0, -1])], [plain(2, 3)]),
    "at pairs of three": (lambda x: x[:, jnp.array([0, 1]), jnp.array([2, 0])], [plain(2, 2, 3)]),
    "at grid": (lambda x: x[jnp.array([[0], [1]]), jnp.array([2, 0, 1])], [plain(2, 3)]),
    "at pairs apart": (lambda x: x[jnp.array([0, 1]), :, jnp.array([2, 0])], [plain(2, 3, 3)]),
    "at position and list apart": (lambda x: x[1, :, jnp.array([2, 0])], [plain(2, 2, 3)]),
    "at position and list": (lambda x: x[:, 1, jnp.array([2, 0])], [plain(2, 2, 3)]),
    "at lists and new axis": (lambda x: x[jnp.array([0, 1]), None, jnp.array([2, 0])], [plain(2, 3)]),
    "at new axis before list": (lambda x: x[:, None, jnp.array([2, 0])], [plain(2, 3)]),
    "at range and list": (lambda x: x[1:, jnp.array([2, 0])], [plain(3, 3)]),
    # Updates.
    "at_set position": (lambda x, v: x.at[1].set(v), [plain(3, 2), plain(2)]),
    "at_set scalar": (lambda x, v: x.at[:, -1].set(v), [plain(3, 2), plain()]),
    "at_set steps": (lambda x, v: x.at[::2, 1:].set(v), [plain(3, 3), plain(2)]),
    "at_set steps back": (lambda x, v: x.at[::-1].set(v), [plain(3), plain(3)]),
    "at_set steps back apart": (lambda x, v: x.at[4:0:-2].set(v), [plain(6), plain(2)]),
    "at_set new axis": (lambda x, v: x.at[None, 1:].set(v), [plain(3), plain(1, 2)]),
    "at_set list": (lambda x, v: x.at[jnp.array([2, 0])].set(v), [plain(3, 2), plain(2, 2)]),
    "at_set outside": (lambda x, v: x.at[jnp.array([2, 7])].set(v), [plain(3), plain(2)]),
    "at_set pairs apart": (
        lambda x, v: x.at[jnp.array([0, 1]), :, jnp.array([2, 0])].set(v),
        [plain(2, 2, 3), plain(2, 2)],
    ),
    "at_set range and list": (lambda x, v: x.at[1:, jnp.array([2, 0])].set(v), [plain(3, 3), plain(2, 2)]),
    "at_add range": (lambda x, v: x.at[1:].add(v), [plain(3, 2), plain(2)]),
    "at_add repeated": (lambda x, v: x.at[jnp.array([2, 0, 2])].add(v), [plain(3), plain(3)]),
    "at_add grid": (
        lambda x, v: x.at[jnp.array([[0], [1]]), jnp.array([2, 0, -1])].add(v),
        [plain(2, 3), plain(2, 3)],
    ),
    "at_mul range": (lambda x, v: x.at[:2].multiply(v), [plain(3), plain(2)]),
    "at_mul repeated": (lambda x, v: product(x, [2, 0, 2], v), [plain(3, 2), plain(3, 2)]),
    "at_min range": (lambda x, v: x.at[:2].min(v), [plain(3), plain(2)]),
    "at_min repeated": (lambda x, v: least(x, [2, 0, 2], v), [plain(3), plain(3)]),
    "at_max repeated": (lambda x, v: largest(x, [2, 0, 2], v), [plain(3, 2), plain(3, 2)]),
    # Reading and adding up.
    "take": (lambda x: jnp.take(x, jnp.array([2, 0, 2]), axis=0), [plain(3, 2)]),
    "take outside": (lambda x: jnp.take(x, jnp.array([-2, 9]), axis=0, mode="clip"), [plain(3, 2)]),
    "take_axis": (lambda x: jnp.take(x, jnp.array([[2, 0], [1, 1]]), axis=1), [plain(2, 3, 2)]),
    "take_along_axis": (
        lambda x: jnp.take_along_axis(x, jnp.array([[2, 0, 0, 1], [1, 2, 0, 0]]), axis=1),
        [plain(2, 3)],
    ),
    "take_along_axis first": (
        lambda x: jnp.take_along_axis(x, jnp.array([[1, 0, 1]]), axis=0),
        [plain(2, 3)],
    ),
    "take_along_axis broadcast": (
        lambda x: jnp.take_along_axis(x, jnp.array([[[1], [0]]]), axis=2),
        [plain(3, 1, 2)],
    ),
    "put_along_axis": (
        lambda x, v: jnp.put_along_axis(x, jnp.array([[2], [0]]), v, axis=1, inplace=False),
        [plain(2, 3), plain(2, 1)],
    ),
    "dynamic_slice": (lambda x: lax.dynamic_slice(x, (1, 5), (2, 2)), [plain(3, 4)]),
    "dynamic_update_slice": (lambda x, v: lax.dynamic_update_slice(x, v, (1, -7)), [plain(3, 4), plain(2, 2)]),
    "segment_sum": (
        lambda x: jax.ops.segment_sum(x, jnp.array([2, 0, 2, 7]), num_segments=4),
        [plain(4, 2)],
    ),
    "segment_prod": (lambda x: product(jnp.ones(3), [2, 0, 2], x), [plain(3)]),
    "segment_max": (lambda x: largest(jnp.full(3, -jnp.inf), [2, 0, 2, 1], x), [plain(4)]),
    "segment_min": (lambda x: least(jnp.full(3, jnp.inf), [2, 0, 2, 1], x), [plain(4)]),
    # Sorting and searching.
    "sort": (lambda x: jnp.sort(x, axis=-1), [plain(2, 5)]),
    "sort first": (lambda x: jnp.sort(x, axis=0), [plain(5, 2)]),
    "sort_descending": (lambda x: jnp.sort(x, descending=True), [plain(5)]),
    "argsort": (real(jnp.argsort), [plain(2, 5)]),
    "argsort_descending": (real(lambda x: jnp.argsort(x, axis=0, descending=True)), [plain(5, 2)]),
    "top_k": (lambda x: lax.top_k(x, 2)[0], [plain(2, 5)]),
    "top_k positions": (real(lambda x: lax.top_k(x, 2)[1]), [plain(2, 5)]),
    "argmax": (real(lambda x: jnp.argmax(x, axis=-1)), [plain(2, 5)]),
    "argmin": (real(lambda x: jnp.argmin(x, axis=0)), [plain(5, 2)]),
    "searchsorted": (real(lambda x, v: jnp.searchsorted(x, v)), [np.sort(plain(7)), plain(2, 3)]),
    "searchsorted right": (
        real(lambda x, v: jnp.searchsorted(x, jnp.concatenate([x, v]), side="right")),
        [np.sort(plain(8)), plain(3)],
    ),
    # Reductions.
    "sum_axis": (lambda x: x.sum(axis=(0, -1)), [plain(2, 3, 2)]),
    "sum_axis keepdims": (lambda x: x.sum(axis=1, keepdims=True), [plain(2, 3, 2)]),
    "sum_axis none": (lambda x: x.sum(axis=()), [plain(2, 3)]),
    "prod": (jnp.prod, [plain(2, 3)]),
    "prod_axis": (lambda x: x.prod(axis=(0, 2)), [plain(2, 3, 2)]),
    "max_axis": (lambda x: x.max(axis=(0, 1)), [plain(2, 3, 2)]),
    "min_axis keepdims": (lambda x: x.min(axis=-1, keepdims=True), [plain(2, 3)]),
    "mean_axis": (lambda x: x.mean(axis=(0, 1)), [plain(2, 3, 2)]),
    "var": (jnp.var, [plain(2, 3)]),
    "var_axis": (lambda x: x.var(axis=-1, keepdims=True), [plain(2, 3)]),
    "var_ddof": (lambda x: x.var(axis=0, ddof=1), [plain(3, 2)]),
    "std_axis": (lambda x: x.std(axis=(0, 1)), [plain(2, 3, 2)]),
    "std_ddof": (lambda x: x.std(axis=0, ddof=1.5), [plain(3, 2)]),
    "logsumexp": (jax.nn.logsumexp, [plain(2, 3)]),
    "logsumexp_axis": (lambda x: jax.nn.logsumexp(x, axis=(0, 1), keepdims=True), [plain(2, 3, 2)]),
    "softmax": (lambda x: jax.nn.softmax(x, axis=0), [plain(3, 2)]),
    "softmax two": (lambda x: jax.nn.softmax(x, axis=(0, 2)), [plain(2, 2, 2)]),
    "log_softmax": (lambda x: jax.nn.log_softmax(x, axis=-1), [plain(2, 3)]),
    # Scans.
    "cumsum": (lambda x: lax.cumsum(x, axis=0), [plain(6, 2)]),
    "cumsum_reverse": (lambda x: lax.cumsum(x, axis=1, reverse=True), [plain(2, 6)]),
    "cumprod": (lambda x: lax.cumprod(x, axis=1), [plain(2, 6)]),
    "cumprod_reverse": (lambda x: lax.cumprod(x, axis=0, reverse=True), [plain(3, 2)]),
    "cummax": (lambda x: lax.cummax(x, axis=0), [plain(7)]),
    "cummax_reverse": (lambda x: lax.cummax(x, axis=0, reverse=True), [plain(4, 2)]),
    "cummin": (lambda x: lax.cummin(x, axis=1), [plain(2, 6)]),
    "cummin_reverse": (lambda x: lax.cummin(x, axis=0, reverse=True), [plain(7)]),
    "cumlogsumexp": (lambda x: lax.cumlogsumexp(x, axis=1), [plain(2, 6)]),
    "cumlogsumexp_reverse": (lambda x: lax.cumlogsumexp(x, axis=0, reverse=True), [plain(3, 2)]),
    "linear_recurrence": (lambda a, b: recurrence(a, b, 0), [plain(6, 2), plain(6, 2)]),
    "linear_recurrence broadcast": (lambda a, b: recurrence(a, b, 1), [plain(), plain(2, 5)]),
    # Elementwise.
    "log2": (jnp.log2, [positive(4)]),
    "log10": (jnp.log10, [positive(4)]),
    "logit": (jax.scipy.special.logit, [between(0, 1, 5)]),
    "trunc": (jnp.trunc, [plain(6)]),
    "floor_divide": (jnp.floor_divide, [plain(6), plain(6)]),
    "remainder": (jnp.remainder, [plain(6), plain(6)]),
    "copysign": (lambda x, y: jnp.copysign(x, y), [plain(6), plain(6)]),
    "clamp": (lambda x, low: jnp.clip(x, low, 1.0), [plain(6), plain()]),
    "nan_to_num": (jnp.nan_to_num, [plain(3)]),
    "exp": (jnp.exp, [plain(5)]),
    "expm1": (jnp.expm1, [plain(5)]),
    "log": (jnp.log, [positive(5)]),
    "log1p": (jnp.log1p, [positive(5)]),
    "sqrt": (jnp.sqrt, [positive(5)]),
    "rsqrt": (lax.rsqrt, [positive(5)]),
    "cbrt": (jnp.cbrt, [positive(5)]),
    "sin": (jnp.sin, [plain(5)]),
    "cos": (jnp.cos, [plain(5)]),
    "tan": (jnp.tan, [between(-1, 1, 5)]),
    "logistic": (jax.nn.sigmoid, [plain(5)]),
    "softplus": (jax.nn.softplus, [plain(5)]),
    "erf_inv": (lax.erf_inv, [between(-0.75, 0.75, 5)]),
    "floor": (jnp.floor, [plain(5)]),
    "ceil": (jnp.ceil, [plain(5)]),
    "round": (jnp.round, [plain(5)]),
    "abs": (jnp.abs, [plain(5)]),
    "sign": (jnp.sign, [plain(5)]),
    "reciprocal": (jnp.reciprocal, [positive(4)]),
    "maximum": (jnp.maximum, [plain(5), plain(5)]),
    "minimum": (jnp.minimum, [plain(2, 3), plain(3)]),
    "select": (lambda x, y: jnp.where(x > y, x * y, y), [plain(5), plain(5)]),
    "stop_gradient": (lambda x: x * lax.stop_gradient(x), [plain(3)]),
    # More shapes, sums and products.
    "sum": (jnp.sum, [plain(2, 3)]),
    "max": (jnp.max, [plain(2, 3)]),
    "min": (jnp.min, [plain(2, 3)]),
    "mean": (jnp.mean, [plain(2, 3)]),
    "std": (jnp.std, [plain(2, 3)]),
    "transpose": (lambda x: jnp.transpose(x, (2, 0, 1)), [plain(2, 3, 4)]),
    "matrix_transpose": (jnp.matrix_transpose, [plain(2, 3, 4)]),
    "broadcast_to": (lambda x: jnp.broadcast_to(x, (4, 2, 3)), [plain(2, 1)]),
    "sum_rightmost": (lambda x: x.sum(axis=(1, 2)), [plain(2, 3, 2)]),
    "dot_general": (lambda x, y: lax.dot_general(x, y, (([2], [1]), ([0], [2]))), [plain(2, 3, 2), plain(3, 2, 2)]),
    # Ties, which `round` takes to even numbers.
    "round_away": (
        lambda x: lax.round(x, lax.RoundingMethod.AWAY_FROM_ZERO),
        [np.array([-2.5, -1.5, -0.5, -0.25, 0.25, 0.5, 1.5, 2.5])],
    ),
}

write(__file__, __doc__, cases)
