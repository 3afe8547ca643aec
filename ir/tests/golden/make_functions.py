"""Makes functions.json: special functions with first derivatives at ordinary, bordering and extreme arguments, to 60 digits.

A row is [arguments, value, derivatives, condition, curvature]: the derivative by each argument (null where there is none, or none in range),
the condition number max |x f'/f|, and max |x f''|, from which a test knows what a rounding of the argument may do.
Arguments are exact; "double" and "single" hold the same cases with arguments rounded to either type.
Install: pip install "mpmath==1.3.0".  Run: python make_functions.py
"""

import json
import math
import pathlib
import platform
import struct

import mpmath
from mpmath import mp, mpf

mp.dps = 60
PI = mp.pi


def around(*borders):
    """Each border with its neighbours and a point 1e-9 to either side."""
    out = []
    for b in borders:
        out += [b, math.nextafter(b, math.inf), math.nextafter(b, -math.inf), b * (1 + 1e-9), b * (1 - 1e-9)]
    return out


def spread(low, high, count):
    """Points in geometric progression."""
    return [low * (high / low) ** (k / (count - 1)) for k in range(count)]


def both(xs):
    return [s * x for x in xs for s in (1, -1)]


def erfcx(x):
    if x < 60:
        return mpmath.exp(x * x) * mpmath.erfc(x)
    total = term = mpf(1)
    for k in range(1, 40):
        term *= -(2 * k - 1) / (2 * x * x)
        total += term
    return total / (x * mpmath.sqrt(PI))


def log_ndtr(x):
    if x < 0:
        return mpmath.log(erfcx(-x / mpmath.sqrt(2)) / 2) - x * x / 2
    return mpmath.log1p(-mpmath.erfc(x / mpmath.sqrt(2)) / 2)


def hazard(x):
    """The derivative of log_ndtr."""
    if x < 0:
        return mpmath.sqrt(2 / PI) / erfcx(-x / mpmath.sqrt(2))
    return mpmath.npdf(x) / (1 - mpmath.erfc(x / mpmath.sqrt(2)) / 2)


def ndtri(p):
    """Newton's method on ln Φ, from the asymptotic guess."""
    if p == mpf(1) / 2:
        return mpf(0)
    if p > mpf(1) / 2:
        return -ndtri(1 - p)
    x = -mpmath.sqrt(-2 * mpmath.log(p)) if p < 0.1 else mpf(-1)
    for _ in range(100):
        step = (log_ndtr(x) - mpmath.log(p)) / hazard(x)
        x -= step
        if abs(step) < mpf(10) ** -55:
            return x
    raise AssertionError(p)


def lgamma(x):
    """By reflection on the negative axis; by Stirling's series far out, where mpmath takes hours."""
    if x < 0:
        return mpmath.log(abs(PI / mpmath.sinpi(x))) - lgamma(1 - x)
    if x < 1000:
        return mpmath.loggamma(x)
    rest = mpmath.fsum(mpmath.bernoulli(2 * k) / (2 * k * (2 * k - 1) * x ** (2 * k - 1)) for k in range(1, 25))
    return (x - mpf(1) / 2) * mpmath.log(x) - x + mpmath.log(2 * PI) / 2 + rest


def hurwitz(s, q):
    """Euler and Maclaurin's sum from 100 on; mpmath takes minutes for large q."""
    head = mpmath.fsum((q + k) ** -s for k in range(100)) if q < 1e8 else mpf(0)
    a = q + 100 if q < 1e8 else q
    total, rising = a / (s - 1) + mpf(1) / 2, s / a
    for k in range(1, 26):
        total += mpmath.bernoulli(2 * k) / mpmath.factorial(2 * k) * rising
        rising *= (s + 2 * k - 1) * (s + 2 * k) / a**2
    return head + total * a**-s


for s, q in [(mpf(2), mpf(1)), (mpf(7) / 5, mpf(3)), (mpf(100), mpf(30))]:
    assert abs(hurwitz(s, q) / mpmath.zeta(s, q) - 1) < mpf(10) ** -40


def psi(n, x):
    """By reflection on the negative axis; from Hurwitz's function or the asymptotic series elsewhere."""
    if x < 0:
        mirrored = (-1) ** n * psi(n, 1 - x)
        return mirrored - PI ** (n + 1) * COT[n](mpmath.cospi(x) / mpmath.sinpi(x))
    if n:
        return (-1) ** (n + 1) * mpmath.factorial(n) * hurwitz(mpf(n + 1), x)
    if x < 1000:
        return mpmath.psi(0, x)
    return mpmath.log(x) - 1 / (2 * x) - mpmath.fsum(mpmath.bernoulli(2 * k) / (2 * k * x ** (2 * k)) for k in range(1, 25))


# The derivatives of cot(πx), by π each, in c = cot(πx).
COT = [lambda c: c, lambda c: -(1 + c * c), lambda c: 2 * c * (1 + c * c)]


def bessel(order):
    def f(x):
        return mpmath.besseli(order, x)

    return f


def scaled(order, x):
    return mpmath.exp(-abs(x)) * mpmath.besseli(order, x)


def over(i1, x):
    return i1 / x if x else mpf(1) / 2


def sign(x):
    return mpmath.sign(x)


def i0e_first(x):
    return scaled(1, x) - sign(x) * scaled(0, x)


def i1e_first(x):
    i0, i1 = scaled(0, x), scaled(1, x)
    return i0 - over(i1, x) - sign(x) * i1


def i1_first(x):
    return mpmath.besseli(0, x) - over(mpmath.besseli(1, x), x)


def gauss(x):
    return 2 / mpmath.sqrt(PI) * mpmath.exp(-x * x)


MIDDLE = spread(1e-3, 30.0, 25)
TINY = [1e-300, 1e-30, 1e-10]
BESSEL = both(TINY + MIDDLE + around(8.0) + [50.0, 300.0])

# name: (value, derivative by the last argument, second derivative by it, cases)
CASES = {
    "erf": (mpmath.erf, gauss, lambda x: -2 * x * gauss(x), both(TINY + spread(1e-3, 6.0, 25) + around(1.0))),
    "erfc": (mpmath.erfc, lambda x: -gauss(x), lambda x: 2 * x * gauss(x), both(TINY + spread(1e-3, 26.0, 25))),
    "erfcx": (
        erfcx,
        lambda x: 2 * x * erfcx(x) - 2 / mpmath.sqrt(PI),
        lambda x: 2 * erfcx(x) + 2 * x * (2 * x * erfcx(x) - 2 / mpmath.sqrt(PI)),
        TINY + spread(1e-3, 1e8, 30) + [1e30, 1e300, -1e-10, -0.3, -2.0, -10.0, -26.0],
    ),
    "log1p_square": (
        lambda x: mpmath.log1p(x * x),
        lambda x: 2 * x / (1 + x * x),
        lambda x: 2 * (1 - x * x) / (1 + x * x) ** 2,
        both(TINY + spread(1e-3, 1e8, 30) + around(1.0, 1e10) + [1e30, 1e154, 1e160, 1e300]),
    ),
    "log_ndtr": (
        log_ndtr,
        hazard,
        lambda x: -hazard(x) * (x + hazard(x)),
        both(TINY + spread(1e-3, 37.0, 25)) + [-50.0, -1e4, -1e8, -1e30, -1e100],
    ),
    "ndtri": (
        ndtri,
        lambda p: 1 / mpmath.npdf(ndtri(p)),
        lambda p: ndtri(p) / mpmath.npdf(ndtri(p)) ** 2,
        spread(1e-300, 0.4, 30) + around(0.075, 0.925) + [0.45, 0.5, 0.5000001, 0.55, 0.7, 0.99, 1 - 1e-6, 1 - 1e-12, 1 - 2**-53, math.exp(-25.0)],
    ),
    "lgamma": (
        lgamma,
        lambda x: psi(0, x),
        lambda x: psi(1, x),
        TINY
        + spread(1e-3, 1e4, 40)
        + around(0.5, 1.0, 1.5, 2.0, 2.5, 3.5, 5.0, 7.5, 8.0)
        + [1e10, 1e30, 1e300, 1.4616321449683622]
        + [-1e-300, -1e-10, -0.1, -0.5, -0.9999, -1.5, -2.457024738220801, -2.747682646727413, -3.143580888349980, -10.3, -50.5, -100.3, -1000.7, -1e10 - 0.5],
    ),
    "digamma": (
        lambda x: psi(0, x),
        lambda x: psi(1, x),
        lambda x: psi(2, x),
        TINY
        + spread(1e-3, 1e4, 40)
        + around(1.0, 10.0, 1.4616321449683622)
        + [1e10, 1e30, 1e300]
        + [-1e-300, -1e-10, -0.1, -0.5, -0.50408300826446, -0.9999, -1.5, -1.573498473162390, -10.3, -50.5, -100.3, -1000.7, -1e6 - 0.5],
    ),
    "zeta": (
        hurwitz,
        lambda s, q: -s * hurwitz(s + 1, q),
        lambda s, q: s * (s + 1) * hurwitz(s + 2, q),
        [(s, q) for s in [1 + 1e-9, 1.1, 1.5, 2.0, 3.0, 4.5, 10.0, 30.0] for q in [1e-5, 0.3, 1.0, 2.5, 9.999, 10.0, 40.0, 1e4, 1e6]]
        + [(100.0, 1.0), (100.0, 30.0), (100.0, 500.0)],
    ),
    "i0e": (
        lambda x: scaled(0, x),
        i0e_first,
        lambda x: i1e_first(x) - sign(x) * i0e_first(x),
        BESSEL + [1e4, 1e6],
    ),
    "i1e": (
        lambda x: scaled(1, x),
        i1e_first,
        lambda x: mpmath.diff(i1e_first, x) if abs(x) > 1e-5 else -2 * sign(x) * mpf(1) / 2,
        BESSEL + [1e4, 1e6],
    ),
    "i0": (bessel(0), bessel(1), i1_first, BESSEL + [700.0]),
    "i1": (bessel(1), i1_first, lambda x: mpmath.diff(i1_first, x) if abs(x) > 1e-5 else 3 * x / 8, BESSEL + [700.0]),
}


def row(name, args):
    value, first, second, _ = CASES[name]
    x = [mpf(a) for a in args]
    f, d = value(*x), first(*x)
    steps = [abs(x[-1] * d)]
    if name == "zeta":
        steps.append(abs(x[0] * mpmath.diff(lambda s: hurwitz(s, x[1]), x[0])))
    condition = max(steps) / abs(f) if f else mpf(0)
    curvature = abs(x[-1] * second(*x))
    largest = mpf(2) ** 1023
    derivatives = [None] * (len(x) - 1) + [float(d) if abs(d) < largest else None]
    return [list(args), float(f), derivatives, float(condition), float(min(curvature, largest))]


def single(x):
    return struct.unpack("f", struct.pack("f", x))[0]


def fits(args, r):
    """Whether single precision holds the arguments, the value and the derivative as normal numbers."""
    numbers = [*args, r[1], r[2][-1] or 0.0]
    return all(x == 0 or 1.2e-38 < abs(x) < 3.4e38 for x in numbers)


def rows(name):
    doubles, singles = [], []
    for case in CASES[name][3]:
        args = case if isinstance(case, tuple) else (case,)
        r = row(name, args)
        doubles.append(r)
        if all(abs(a) < 3.4e38 for a in args):
            rounded = tuple(single(a) for a in args)
            if all(a for a in rounded) and not (name == "ndtri" and rounded[0] == 1) and not (name == "zeta" and rounded[0] == 1):
                if name in ("lgamma", "digamma") and rounded[0] <= 0 and rounded[0] == math.floor(rounded[0]):
                    continue
                r = row(name, rounded)
                if fits(rounded, r):
                    singles.append(r)
    return {"double": doubles, "single": singles}


head = {
    "about": __doc__.strip().splitlines()[0],
    "versions": {"python": platform.python_version(), "mpmath": mpmath.__version__},
}
text = json.dumps(head, indent=1)[:-2] + ',\n "ops": {\n'
blocks = []
for name in CASES:
    parts = []
    for kind, table in rows(name).items():
        parts.append(f'   "{kind}": [\n    ' + ",\n    ".join(json.dumps(r) for r in table) + "\n   ]")
    blocks.append(f'  "{name}": {{\n' + ",\n".join(parts) + "\n  }")
text += ",\n".join(blocks) + "\n }\n}\n"
pathlib.Path(__file__).with_name("functions.json").write_text(text)
