"""Makes vector_transforms.json: bijections of vectors and matrices, their log determinants and derivatives.

Each map is written here with mpmath (500 digits) from its definition. Derivatives are central differences with steps of
1e-80, exact to all digits of a double, and log determinants those of the matrices of such differences, by the elements
that determine the others: no closed form of a determinant is used. NumPyro's values in f64 are recorded beside where one
differs by more than 2e-13.

Install: pip install "jax==0.10.2" "numpyro==0.22.0" "mpmath==1.4.1".  Run: python make_vector_transforms.py
"""

import os

os.environ["JAX_PLATFORMS"] = "cpu"

import platform
import warnings

import jax
import jax.numpy as jnp
import jaxlib
import mpmath
import numpy as np
import numpyro
from common import number, write
from mpmath import mp, mpf
from numpyro.distributions import biject_to, constraints, transforms

jax.config.update("jax_enable_x64", True)
warnings.simplefilter("ignore")
mp.dps = 500
STEP = mpf(10) ** -80
RTOL = 2e-13


def expit(x):
    return 1 / (1 + mp.exp(-x))


def softplus(x):
    return mp.log1p(mp.exp(x))


def ordered(x):
    y = [x[0]]
    for v in x[1:]:
        y.append(y[-1] + mp.exp(v))
    return y


def stick_breaking(x):
    left, y = mpf(1), []
    for k, v in enumerate(x):
        part = expit(v - mp.log(len(x) - k))
        y.append(left * part)
        left *= 1 - part
    return y + [left]


def l1_ball(x):
    left, y = mpf(1), []
    for v in x:
        y.append(left * mp.tanh(v))
        left *= 1 - abs(mp.tanh(v))
    return y


def rows(x, n, diagonal):
    """The strict lower triangle of x and a diagonal, as rows."""
    x = list(x)
    return [[x.pop(0) for _ in range(i)] + [diagonal(i)] + [mpf(0)] * (n - 1 - i) for i in range(n)]


def size(x, more):
    n = 0
    while n * (n + 1) // 2 < len(x):
        n += 1
    return n + more


def corr_cholesky(x):
    out = rows([mp.tanh(v) for v in x], size(x, 1), lambda i: mpf(1))
    for i, row in enumerate(out):
        left = mpf(1)
        for j in range(i + 1):
            share, row[j] = row[j], row[j] * left
            left *= mp.sqrt(1 - share * share)
    return [v for row in out for v in row]


def lower(diagonal, scaled=False):
    def f(x):
        n = size(x, 0)
        below, last = x[: len(x) - n], x[len(x) - n :]
        out = rows(below, n, lambda i: mpf(1) if scaled else diagonal(last[i]))
        return [v * (diagonal(last[i]) if scaled else 1) for i, row in enumerate(out) for v in row]

    return f


def squared(f):
    """The product of a flattened matrix and its transpose."""

    def g(x):
        y = f(x)
        n = int(round(len(y) ** 0.5))
        return [sum(y[i * n + k] * y[j * n + k] for k in range(n)) for i in range(n) for j in range(n)]

    return g


def zero_sum(x):
    n = len(x) + 1
    total, root = sum(x), mp.sqrt(n)
    return [v - total / (root + n) for v in x] + [-total / root]


def zero_sum_2(shape):
    def f(x):
        r, c = shape
        wide = [zero_sum(list(x[i * c : (i + 1) * c])) for i in range(r)]
        columns = [zero_sum([row[j] for row in wide]) for j in range(c + 1)]
        return [columns[j][i] for i in range(r + 1) for j in range(c + 1)]

    return f


def affine(loc, tril):
    return lambda x: [mpf(loc[i]) + sum(mpf(tril[i][j]) * x[j] for j in range(i + 1)) for i in range(len(loc))]


def simplex_to_ordered(anchor):
    def f(x):
        x = list(x) + [1 - sum(x)]
        return [mp.log(sum(x[: k + 1]) / sum(x[k + 1 :])) + anchor for k in range(len(x) - 1)]

    return f


def square_cells(n, below):
    return [i * n + j for i in range(n) for j in range(i if below else i + 1)]


LOC, TRIL = [0.5, -1.0, 2.0], [[2.0, 0.0, 0.0], [-1.0, 0.5, 0.0], [0.25, 3.0, 1e-3]]
one, two = [[0.3]], [[0.0, 0.0], [0.7, -1.2], [-40.0, 40.0], [40.0, -40.0], [700.0, -700.0]]
three = [[0.0, 0.0, 0.0], [0.7, -1.2, 0.4], [-40.0, 3.0, 40.0], [40.0, 40.0, 1e-8], [-700.0, 1.0, 0.5]]
six = [[0.3, -0.2, 0.5, 1.0, -1.5, 0.1], [40.0, -40.0, 2.0, 5.0, -3.0, -40.0], [1e-8, 0.0, -1e-8, 1e-300, 0.0, 0.0]]

everything = lambda y: list(range(len(y)))
but_last = lambda y: list(range(len(y) - 1))
below = lambda y: square_cells(int(round(len(y) ** 0.5)), True)
triangle = lambda y: square_cells(int(round(len(y) ** 0.5)), False)

# name, NumPyro's transform, the map, the cells of a result that determine the others, unconstrained points
CASES = [
    ("ordered_vector", lambda: biject_to(constraints.ordered_vector), ordered, everything, one + two + three),
    ("positive_ordered_vector", lambda: biject_to(constraints.positive_ordered_vector), lambda x: [mp.exp(v) for v in ordered(x)], everything, one + two[:4] + three[:2] + [[-40.0, 3.0, -40.0]]),
    ("simplex", lambda: biject_to(constraints.simplex), stick_breaking, but_last, one + [[-700.0], [700.0]] + two + three),
    ("l1_ball", lambda: biject_to(constraints.l1_ball), l1_ball, everything, one + [[0.7, -1.2], [0.7, -1.2, 0.4], [-20.0, 3.0, 10.0]]),
    ("corr_cholesky", lambda: biject_to(constraints.corr_cholesky), corr_cholesky, below, one + [[-40.0], [300.0]] + three[:4] + [[-300.0, 1.0, 0.5]] + six),
    ("corr_matrix", lambda: biject_to(constraints.corr_matrix), squared(corr_cholesky), below, one + three[:2] + six[:1]),
    ("lower_cholesky", lambda: biject_to(constraints.lower_cholesky), lower(mp.exp), triangle, one + three + six),
    ("softplus_lower_cholesky", lambda: biject_to(constraints.softplus_lower_cholesky), lower(softplus), triangle, one + three + six),
    ("scaled_unit_lower_cholesky", lambda: biject_to(constraints.scaled_unit_lower_cholesky), lower(softplus, True), triangle, one + three + six),
    ("positive_definite", lambda: biject_to(constraints.positive_definite), squared(lower(mp.exp)), triangle, one + three[:4] + six[:2]),
    ("zero_sum(1)", lambda: biject_to(constraints.zero_sum(1)), zero_sum, None, one + two[:4] + three[:3]),
    ("softplus_positive", lambda: biject_to(constraints.softplus_positive), lambda x: [softplus(v) for v in x], everything, [[-700.0, -40.0, -1.2, 0.0, 1e-8, 0.7, 40.0, 700.0]]),
    ("LowerCholeskyAffine", lambda: transforms.LowerCholeskyAffine(jnp.array(LOC), jnp.array(TRIL)), affine(LOC, TRIL), everything, three[:4]),
    ("Power(1.5)", lambda: transforms.PowerTransform(1.5), lambda x: [v ** mpf(1.5) for v in x], everything, [[1e-8, 0.5, 1.0, 3.0, 1e8]]),
    ("Power(-2)", lambda: transforms.PowerTransform(-2.0), lambda x: [v**-2 for v in x], everything, [[1e-8, 0.5, 1.0, 3.0, 1e8]]),
]
# The same from simplex to ordered vectors, by all but the last probability.
SIMPLICES = [[0.25, 0.75], [0.5, 0.25, 0.25], [2.0**-60, 2.0**-40, 0.5, 0.5 - 2.0**-40 - 2.0**-60], [0.125, 0.375, 0.5 - 2.0**-50, 2.0**-50]]
# Constrained points, exact in binary, and the map back.
INVERSES = {
    "ordered_vector": [[-1.0], [-1.0, 2.0], [-2.5, 0.0, 1e-8], [1e6, 1e6 + 2.0**-20, 1e7]],
    "simplex": [[1.0], [0.25, 0.75], [0.5, 0.25, 0.25], [2.0**-60, 0.5, 0.5 - 2.0**-60], [1.0 - 2.0**-40, 2.0**-40 - 2.0**-90, 2.0**-90]],
}


def inverse(name, y):
    y = [mpf(v) for v in y]
    if name == "ordered_vector":
        return [y[0]] + [mp.log(b - a) for a, b in zip(y, y[1:])]
    return [mp.log(y[k] / sum(y[k + 1 :])) + mp.log(len(y) - 1 - k) for k in range(len(y) - 1)]


def jacobian(f, x):
    columns = []
    for i in range(len(x)):
        at = lambda s: f([v + s * STEP if j == i else v for j, v in enumerate(x)])
        columns.append([(b - a) / (2 * STEP) for a, b in zip(at(-1), at(1))])
    return columns


def log_abs_det(rows):
    """By elimination with the largest pivot; mpmath's own takes a small one for zero."""
    rows, total = [list(r) for r in rows], mpf(0)
    while rows:
        pivot = max(rows, key=lambda r: abs(r[0]))
        rows.remove(pivot)
        total += mp.log(abs(pivot[0]))
        rows = [[v - r[0] / pivot[0] * p for v, p in zip(r[1:], pivot[1:])] for r in rows]
    return total


def log_det(f, free, x):
    if free is None:  # Onto a subspace: the volume of the image.
        j = jacobian(f, x)
        return log_abs_det([[sum(a * b for a, b in zip(u, v)) for v in j] for u in j]) / 2
    cells = free(f(x))
    return log_abs_det([[column[c] for c in cells] for column in jacobian(f, x)])


def weights(n):
    """Of the sum whose derivative is recorded: no two alike."""
    return [0.25 + 0.5 * ((7 * i) % 5) - 0.75 * (i % 2) for i in range(n)]


def record(exact, theirs):
    exact, theirs = np.array([float(v) for v in exact]), np.asarray(theirs, np.float64).ravel()
    assert exact.shape == theirs.shape, (exact, theirs)
    agree = np.allclose(theirs, exact, rtol=RTOL, atol=RTOL, equal_nan=True)
    own = {} if agree else {"numpyro": [number(float(v)) for v in theirs]}
    return {"values": [number(float(v)) for v in exact], **own}


def point(make, f, free, x, embed=None):
    t, exact = make(), [mpf(v) for v in x]
    y = f(exact)
    w = weights(len(y))
    full = (lambda v: v) if embed is None else embed
    at = jnp.array(x)
    value = lambda v: t(full(v))
    volume = lambda v: jnp.sum(t.log_abs_det_jacobian(full(v), t(full(v))))
    slope = [sum(mpf(c) * d for c, d in zip(w, column)) for column in jacobian(f, exact)]
    log_slope = [column[0] for column in jacobian(lambda v: [log_det(f, free, v)], exact)]
    weighted = lambda v: jnp.sum(jnp.array(w) * value(v).ravel())
    return {
        "x": [number(v) for v in x],
        "forward": record(y, value(at)),
        "slope": record(slope, jax.grad(weighted)(at)),
        "log_det": record([log_det(f, free, exact)], volume(at)),
        "log_det_slope": record(log_slope, jax.grad(volume)(at)),
    }


def case(name, make, f, free, points):
    rows = [point(make, f, free, x) for x in points]
    backwards = [{"y": y, **record(inverse(name, y), make()._inverse(jnp.array(y)))} for y in INVERSES.get(name, [])]
    return {"name": name, "points": rows, "inverse": backwards}


def ordered_cases():
    """SimplexToOrdered; NumPyro's log determinant is recorded without anchor, for with one it is that of another map."""
    make = lambda: transforms.SimplexToOrderedTransform(0.0)
    embed = lambda v: jnp.concatenate([v, 1 - v.sum(keepdims=True)])
    rows = [point(make, simplex_to_ordered(mpf(0)), everything, x[:-1], embed) for x in SIMPLICES]
    return {"name": "SimplexToOrdered(0)", "points": [{**r, "x": x} for r, x in zip(rows, SIMPLICES)], "inverse": []}


def main():
    write(
        "vector_transforms.json",
        {
            "about": "flattened row-major. forward, log_det: mpmath, correctly rounded. slope: the derivative of the sum of "
            "forward times 0.25 + 0.5 (7 i mod 5) - 0.75 (i mod 2) by x; log_det_slope: that of log_det. inverse: x of y. "
            f"'numpyro' holds NumPyro's own where one differs by more than {RTOL}: parts of a stick near one or zero, which "
            "it clips, differences from one, overflow. SimplexToOrdered's x has one element that the others determine, and "
            "its slopes are by those others.",
            "versions": {
                "python": platform.python_version(),
                "jax": jax.__version__,
                "jaxlib": jaxlib.__version__,
                "numpyro": numpyro.__version__,
                "numpy": np.__version__,
                "mpmath": mpmath.__version__,
            },
            "cases": [case(*c) for c in CASES] + [ordered_cases()],
        },
    )


if __name__ == "__main__":
    main()
