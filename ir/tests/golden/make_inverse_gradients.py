"""Makes inverse_gradients.json: log determinants and quadratic forms of covariances with their gradients, in 60 digits.

A case is a covariance `a` of a squared exponential kernel (exact doubles, row by row), a vector `b`, half the logarithm of
a's determinant, b' a^-1 b, the gradients of both by `a` (a^-1 / 2 and -a^-1 b b' a^-1), of the latter by `b`, and a's
condition.
Install: pip install "mpmath==1.4.1".  Run: python make_inverse_gradients.py
"""

import json
import math
import pathlib
import platform

import mpmath
from mpmath import mp

mp.dps = 60


def case(n, noise):
    x = [0.4 * i + 0.1 * math.sin(3.0 * i) for i in range(n)]
    kernel = lambda i, j: math.exp(-0.5 * ((x[i] - x[j]) / 1.5) ** 2) + (noise if i == j else 0.0)
    a = mp.matrix([[kernel(i, j) for j in range(n)] for i in range(n)])
    b = mp.matrix([math.sin(1.7 * i + 0.3) for i in range(n)])
    inverse = a**-1
    alpha = inverse * b
    values = mp.eigsy(a, eigvals_only=True)
    flat = lambda m: [float(m[i, j]) for i in range(m.rows) for j in range(m.cols)]
    return {
        "n": n,
        "a": flat(a),
        "b": flat(b),
        "half_log_determinant": float(mpmath.log(mp.det(a)) / 2),
        "quadratic_form": float((b.T * alpha)[0]),
        "log_determinant_by_a": flat(inverse / 2),
        "quadratic_form_by_a": flat(-alpha * alpha.T),
        "quadratic_form_by_b": flat(2 * alpha),
        "condition": float(max(values) / min(values)),
    }


cases = [case(n, noise) for n, noise in [(1, 0.5), (2, 0.1), (6, 1.0), (6, 1e-9), (20, 0.01), (20, 1e-9)]]
out = {"python": platform.python_version(), "mpmath": mpmath.__version__, "cases": cases}
pathlib.Path(__file__).with_name("inverse_gradients.json").write_text(json.dumps(out) + "\n")
