"""Makes stable_rewrites.json: for each rewrite of a formula, arguments at which the formula fails, with its exact value.

The arguments are those of ../../../tests/filetests/stable_rewrites/NAME.ir, and the values those of its first output,
with the derivative of their sum by each element of the first argument, to 60 digits, rounded to double. "fails" says
which of the two the formula gets wrong in doubles. Where a derivative is null it does not exist.
Install: pip install "mpmath==1.4.1".  Run: python make_stable_rewrites.py
"""

import json
import pathlib
import platform

import mpmath
from mpmath import mp, mpf

mp.dps = 60


def softplus(x):
    return mpmath.log1p(mpmath.exp(x))


def lse(xs):
    return mpmath.log(sum(mpmath.exp(x) for x in xs))


def scalar(f):
    return lambda *args: [f(*(a[0] for a in args))]


VALUE, SLOPE = "value", "slope"

# Name: function of lists to a list, and arguments with what fails there.
CASES = {
    "log_logistic": (scalar(lambda x: -softplus(-x)), [([-800.0], VALUE), ([-740.0], VALUE)]),
    "log_one_minus_logistic": (scalar(lambda x: -softplus(x)), [([40.0], VALUE), ([800.0], VALUE)]),
    "logit_logistic": (scalar(lambda x: x), [([37.0], VALUE), ([-800.0], VALUE)]),
    "log_one_plus_exp": (scalar(softplus), [([800.0], VALUE), ([-40.0], VALUE)]),
    "log_one_minus_exp": (scalar(lambda x: mpmath.log(-mpmath.expm1(x))), [([-1e-20], VALUE), ([-1e-10], VALUE), ([-50.0], VALUE)]),
    "log_add_exp": (scalar(lambda x, y: lse([x, y])), [([800.0], [799.0], VALUE), ([-800.0], [-801.5], VALUE)]),
    "log_sum_exp": (lambda x: [lse(x[:3]), lse(x[3:])], [([800.0, 801.0, 2.0, -900.0, -901.0, -900.5], VALUE)]),
    "log_exp_ratio": (lambda x: [a - lse(x) for a in x], [([1.0, -800.0, 2.0], VALUE), ([800.0, 801.0, 2.0], VALUE)]),
    "log_erfc": (scalar(lambda x: mpmath.log(mpmath.erfc(x))), [([30.0], VALUE), ([1e5], VALUE)]),
    "log_one_plus": (scalar(mpmath.log1p), [([1e-20], VALUE), ([-3e-9], VALUE)]),
    "log_one_minus": (scalar(lambda x: mpmath.log1p(-x)), [([1e-20], VALUE), ([3e-9], VALUE)]),
    "log_exp": (scalar(lambda x: x), [([800.0], VALUE), ([-800.0], VALUE)]),
    "exp_log": (scalar(lambda x: x), [([1e300], VALUE), ([1e-300], VALUE)]),
    "exp_minus_one": (scalar(mpmath.expm1), [([1e-20], VALUE), ([-3e-9], VALUE)]),
    "one_minus_exp": (scalar(lambda x: -mpmath.expm1(x)), [([1e-20], VALUE), ([-3e-9], VALUE)]),
    "one_minus_logistic": (scalar(lambda x: 1 / (1 + mpmath.exp(x))), [([40.0], VALUE), ([20.0], VALUE)]),
    "one_minus_erf": (scalar(mpmath.erfc), [([6.0], VALUE), ([4.0], VALUE)]),
    "logistic_of_minus": (scalar(lambda x: 1 / (1 + mpmath.exp(x))), [([800.0], SLOPE), ([400.0], SLOPE)]),
    "logistic_of": (scalar(lambda x: 1 / (1 + mpmath.exp(-x))), [([800.0], VALUE)]),
    "sqrt_square": (scalar(abs), [([1e200], VALUE), ([-1e-200], VALUE)]),
    "x_log_y": (scalar(lambda x, y: x * mpmath.log(y) if x else mpf(0)), [([0.0], [0.0], VALUE)]),
    "x_log1p_y": (scalar(lambda x, y: x * mpmath.log1p(y) if x else mpf(0)), [([0.0], [-1.0], VALUE)]),
}


def slope(f, args, i):
    """The derivative of the sum of f by element i of the first argument; none at a singularity."""
    first, rest = args[0], args[1:]
    at = first[i]

    def along(t):
        return sum(f(first[:i] + [t] + first[i + 1 :], *rest))

    if any(0 == a[0] for a in args):
        return None
    return float(mpmath.diff(along, at, h=abs(at) * mpf(10) ** -25))


rows = {}
for name, (f, cases) in CASES.items():
    rows[name] = []
    for *args, fails in cases:
        exact = [[mpf(x) for x in a] for a in args]
        rows[name].append(
            {
                "args": args,
                "value": [float(v) for v in f(*exact)],
                "slope": [slope(f, exact, i) for i in range(len(exact[0]))],
                "fails": fails,
            }
        )
table = {
    "about": __doc__.strip().splitlines()[0],
    "versions": {"python": platform.python_version(), "mpmath": mpmath.__version__},
    "rows": rows,
}
pathlib.Path(__file__).with_name("stable_rewrites.json").write_text(json.dumps(table, indent=1) + "\n")
