"""Makes special.json: ops of one float at ordinary and extreme arguments, to 50 digits, rounded to double.

The argument is the exact value of the double named; results beyond the range of doubles are inf or -inf.
Install: pip install "mpmath==1.3.0".  Run: python make_special.py
"""

import json
import pathlib
import platform

import mpmath
from mpmath import mp, mpf

mp.dps = 50


def softplus(x):
    return mpmath.log1p(mpmath.exp(x))


def logistic(x):
    return 1 / (1 + mpmath.exp(-x))


def erf_inv(x):
    y = mpmath.erfinv(x)
    assert abs(mpmath.erf(y) - x) <= mpf(10) ** -45 * abs(x), x
    return y


CASES = {
    "erf_inv": (erf_inv, [-0.999999, -0.9, -0.5, -1e-3, 1e-300, 1e-8, 0.1, 0.5, 0.75, 0.9, 0.99, 0.9999, 1 - 1e-9, 1 - 2**-53]),
    "softplus": (softplus, [-745.0, -100.0, -36.5, -1.0, -1e-10, 1e-10, 0.5, 1.0, 18.0, 36.5, 700.0, 1e300]),
    "logistic": (logistic, [-745.0, -100.0, -36.5, -1.0, -1e-10, 1e-10, 0.5, 1.0, 18.0, 36.5, 700.0]),
    "log1p": (mpmath.log1p, [-1 + 2**-53, -0.5, -1e-5, -1e-17, 5e-324, 1e-300, 1e-17, 1e-5, 0.5, 1e10, 1.7e308]),
    "tan": (mpmath.tan, [-1.5707963267948966, -1.0, -1e-9, 1e-300, 0.5, 0.7853981633974483, 1.57, 1.5707963267948966, 3.0, 1e6, 1e22]),
}

table = {
    "about": __doc__.strip().splitlines()[0],
    "versions": {"python": platform.python_version(), "mpmath": mpmath.__version__},
    "ops": {name: [[float(x), float(f(mpf(x)))] for x in xs] for name, (f, xs) in CASES.items()},
}
text = json.dumps(table, indent=1)
pathlib.Path(__file__).with_name("special.json").write_text(text + "\n")
