"""Makes functions.json: functions composed of ops, with derivatives to second order, to 50 digits.

A row is [arguments, value, gradient, diagonal of the Hessian]; null where a derivative does not exist or is not finite.
Install: pip install "mpmath==1.3.0".  Run: python make_functions.py
"""

import json
import math
import pathlib
import platform

import mpmath
from mpmath import mp, mpf

mp.dps = 50
log, exp, sqrt = mpmath.log, mpmath.exp, mpmath.sqrt


def spread(low, high, count):
    return [low * (high / low) ** (k / (count - 1)) for k in range(count)]


def both(xs):
    return [s * x for x in xs for s in (1, -1)]


def logaddexp(x, y):
    return log(exp(x) + exp(y))


def xlogy(x, y):
    return mpf(0) if x == 0 else x * log(y)


def xlog1py(x, y):
    return mpf(0) if x == 0 else x * mpmath.log1p(y)


def ndtr(x):
    return mpmath.erfc(-x / sqrt(2)) / 2


def softplus(x):
    return mpmath.log1p(exp(x))


UNIT = [1e-12, 1e-5, 0.1, 0.5, 0.9, 1 - 1e-6]
REAL = both([1e-30, 1e-8, 0.01, 0.5, 0.999, 1.001, 3.0, 20.0])
PAIRS = [(0.3, 2.0), (-1.5, 0.7), (2.0, 2.0), (-30.0, 4.0), (3.0, -300.0), (1e-8, 0.5)]

CASES = {
    "exp2": (lambda x: mpf(2) ** x, [-30.5, -1.0, 0.0, 0.3, 10.0, 100.25]),
    "sinh": (mpmath.sinh, [0.0, *REAL, 700.0, -710.4]),
    "cosh": (mpmath.cosh, [0.0, *REAL, 700.0, -710.4]),
    "asin": (mpmath.asin, [0.0, *both(UNIT)]),
    "acos": (mpmath.acos, [0.0, *both(UNIT)]),
    "atan": (mpmath.atan, [0.0, *REAL, 1e100]),
    "asinh": (mpmath.asinh, [0.0, *REAL, 1e7, -1e9, 1e300]),
    "acosh": (mpmath.acosh, [1 + 1e-9, 1.001, 1.5, 3.0, 50.0, 1e7, 1e9, 1e300]),
    "atanh": (mpmath.atanh, [0.0, *both(UNIT)]),
    "log_sigmoid": (lambda x: -softplus(-x), [-700.0, -20.0, -1.0, 0.0, 1e-8, 1.0, 30.0]),
    "log1mexp": (lambda x: mpmath.log1p(-exp(x)) if x < -1 else log(-mpmath.expm1(x)), [-1e-10, -0.1, -0.69, -0.7, -5.0, -40.0, -700.0]),
    "ndtr": (ndtr, [-37.0, -5.0, -1.0, 0.0, 1e-8, 1.0, 6.0]),
    "powi_3": (lambda x: x**3, [-2.0, 0.0, 1.5]),
    "powi_minus_2": (lambda x: x**-2, [-2.0, 0.3, 1.5]),
    "polygamma_1": (lambda x: mpmath.psi(1, x), [1e-3, 0.3, 1.0, 4.5, 30.0, 1e4, -0.3, -2.5, -10.2]),
    "polygamma_2": (lambda x: mpmath.psi(2, x), [1e-3, 0.3, 1.0, 4.5, 30.0, 1e4, -0.3, -2.6, -10.2]),
    "polygamma_3": (lambda x: mpmath.psi(3, x), [1e-3, 0.3, 1.0, 4.5, 30.0, 1e4, -0.3, -2.5, -10.2]),
    "pow": (lambda x, y: x**y, [(0.3, 2.0), (1.5, -0.7), (2.0, 2.0), (1.0, 3.0), (30.0, 4.0), (1e-8, 0.5)]),
    "rem": (lambda x, y: x - y * mpmath.floor(x / y), [(5.3, 2.0), (7.0, 2.5)]),
    "atan2": (mpmath.atan2, [*PAIRS, (-1.0, -1.0), (1.0, -1e-8)]),
    "logaddexp": (logaddexp, [*PAIRS, (-700.0, -701.0)]),
    "logsubexp": (lambda x, y: log(exp(x) - exp(y)), [(2.0, 0.3), (0.5, 0.5 - 1e-6), (3.0, -300.0), (-20.0, -21.0)]),
    "xlogy": (xlogy, [(0.0, 0.5), (2.0, 0.3), (1e-8, 1e-8), (3.0, 1e10)]),
    "xlog1py": (xlog1py, [(0.0, -0.5), (2.0, 0.3), (1e-8, 1e-8), (3.0, 1e10)]),
    "hypot": (lambda x, y: sqrt(x * x + y * y), [*PAIRS, (1.0, 0.0), (3e200, -4e200), (3e-200, 4e-200)]),
}


# By hand where a difference would step over the special case.
AT_ZERO = {
    "xlogy": lambda y: ([float(log(y)), 0.0], [0.0, 0.0]),
    "xlog1py": lambda y: ([float(mpmath.log1p(y)), 0.0], [0.0, 0.0]),
}


def partial(f, args, i, order):
    """A derivative by the `i`th argument, from a difference in 400 digits with a step of 1e-60; null beyond doubles."""
    x = [mpf(a) for a in args]
    h = (abs(x[i]) if x[i] else mpf(1)) * mpf(10) ** -60
    low, middle, high = (f(*[v + d if j == i else v for j, v in enumerate(x)]) for d in (-h, mpf(0), h))
    d = (high - low) / (2 * h) if order == 1 else (low - 2 * middle + high) / h**2
    # What the digits or the step leave of an exact zero.
    noise = mpf(10) ** -250 * abs(middle / x[i] ** order) if x[i] else mpf(10) ** -100
    if abs(d) <= noise:
        return 0.0
    return float(d) if abs(d) < mpf(2) ** 1023 else None


def row(name, case):
    f, args = CASES[name][0], case if isinstance(case, tuple) else (case,)
    with mp.workdps(400):
        value = float(f(*[mpf(a) for a in args]))
        if name in AT_ZERO and args[0] == 0:
            return [list(args), value, *AT_ZERO[name](args[1])]
        return [list(args), value, *([partial(f, args, i, order) for i in range(len(args))] for order in (1, 2))]


ops = {name: [row(name, case) for case in cases] for name, (_, cases) in CASES.items()}
text = json.dumps(
    {"about": __doc__.strip().splitlines()[0], "versions": {"python": platform.python_version(), "mpmath": mpmath.__version__}},
    indent=1,
)[:-2]
text += ',\n "functions": {\n' + ",\n".join(
    f'  "{name}": [\n   ' + ",\n   ".join(json.dumps(r) for r in rows) + "\n  ]" for name, rows in ops.items()
)
pathlib.Path(__file__).with_name("functions.json").write_text(text + "\n }\n}\n")
