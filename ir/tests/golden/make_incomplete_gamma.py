"""Makes incomplete_gamma.json: P(a, x), Q(a, x) and derivatives of P at ordinary, bordering and extreme arguments.

A row is [a, x, P, Q, dP/da, dP/dx, conditions]: what relative changes of the arguments do to each of the four, relatively,
the larger of the two. "double" and "single" hold the same cases with arguments rounded to either type.

References: the power series of P for small x and up to x = a, Legendre's continued fraction of Q above, both summed to
convergence in 60 digits and more; from a = 1e5 on Temme's expansion with 13 orders of exact coefficients, which the script
compares with the series at a = 3e4. Derivatives by a are differences in that precision.
Install: pip install "mpmath==1.3.0".  Run: python make_incomplete_gamma.py
"""

import json
import pathlib
import platform
import struct
from fractions import Fraction

import mpmath
from mpmath import mp, mpf

mp.dps = 60
ORDERS, TERMS = 13, 60


def temme_coefficients():
    count = TERMS + 2 * ORDERS + 2
    alpha = [Fraction(0), Fraction(1)]
    for n in range(2, count + 2):
        alpha.append((alpha[n - 1] - sum(k * alpha[k] * alpha[n - k + 1] for k in range(2, n))) / (n + 1))
    log = [Fraction(0)] * (ORDERS + 1)
    for k in range(1, ORDERS + 1, 2):
        numerator, denominator = mpmath.bernfrac(k + 1)
        log[k] = Fraction(int(numerator), int(denominator)) / (k * (k + 1))
    gamma = [Fraction(1)]
    for n in range(1, ORDERS + 1):
        gamma.append(sum(j * log[j] * gamma[n - j] for j in range(1, n + 1)) / n)
    first = [Fraction(-1, 3)] + [(n + 2) * alpha[n + 2] for n in range(1, count)]
    rows = [first]
    for k in range(1, ORDERS):
        before = rows[-1]
        rows.append([(-1) ** k * gamma[k] * first[n] + (n + 2) * before[n + 2] for n in range(len(before) - 2)])
    return [[mpf(c.numerator) / c.denominator for c in row[:TERMS]] for row in rows]


TEMME = temme_coefficients()


def temme(a, x):
    ratio = x / a
    eta = mpmath.sqrt(2 * (ratio - 1 - mpmath.log(ratio))) * mpmath.sign(ratio - 1)
    total = mpmath.fsum(mpmath.polyval(row[::-1], eta) / a**k for k, row in enumerate(TEMME))
    rest = mpmath.exp(-a * eta * eta / 2) / mpmath.sqrt(2 * mp.pi * a) * total
    y = eta * mpmath.sqrt(a / 2)
    return mpmath.erfc(-y) / 2 - rest, mpmath.erfc(y) / 2 + rest


def series(a, x):
    term = total = mpf(1)
    n = 0
    while term > total * mp.eps:
        n += 1
        term *= x / (a + n)
        total += term
    p = mpmath.exp(a * mpmath.log(x) - x - mpmath.loggamma(a + 1)) * total
    return p, 1 - p


def fraction(a, x):
    b = x + 1 - a
    c, d = mpf(10) ** 400, 1 / b
    h, n = d, 0
    while True:
        n += 1
        top = -n * (n - a)
        b += 2
        d = 1 / (top * d + b)
        c = b + top / c
        h *= c * d
        if abs(c * d - 1) < mp.eps:
            q = mpmath.exp(a * mpmath.log(x) - x - mpmath.loggamma(a)) * h
            return 1 - q, q


def method(a, x):
    if a >= 1e5:
        return temme if abs(x / a - 1) < 0.4 else None
    return series if x <= max(a, 2) else fraction


for ratio in ("0.98", "1", "1.01"):
    a, x = mpf(30000), 30000 * mpf(ratio)
    for found, expected in zip(temme(a, x), (series if x <= a else fraction)(a, x)):
        assert abs(found / expected - 1) < mpf(10) ** -45, ratio


def row(a, x):
    f = method(a, x)
    if f is None:
        return None
    # Digits enough for Q next to one minus it, and for differences.
    mp.dps = 60 + max(0, -int(mpmath.log10(a)))
    a, x = mpf(a), mpf(x)
    p, q = f(a, x)
    by_x = mpmath.exp((a - 1) * mpmath.log(x) - x - mpmath.loggamma(a))
    h = a * mpf(10) ** -20
    below, above = f(a - h, x), f(a + h, x)
    side = 0 if p < q else 1
    by_a = (above[side] - below[side]) / (2 * h)
    by_aa = (above[side] - 2 * (p, q)[side] + below[side]) / (h * h)
    if side:
        by_a, by_aa = -by_a, -by_aa
    by_ax = by_x * (mpmath.log(x) - mpmath.digamma(a))
    by_xx = by_x * ((a - 1) / x - 1)
    move = max(abs(a * by_a), abs(x * by_x))
    conditions = [
        move / p,
        move / q,
        max(abs(a * by_aa), abs(x * by_ax)) / abs(by_a),
        max(abs(a * by_ax), abs(x * by_xx)) / by_x,
    ]
    values = [float(v) for v in (p, q, by_a, by_x)]
    mp.dps = 60
    return [float(a), float(x), *values, [float(c) for c in conditions]]


def cases():
    for a in [1e-100, 1e-30, 1e-10, 1e-3, 0.1, 0.4, 0.5, 0.9, 1.0, 1.5, 2.5, 5.0, 9.9, 10.0, 20.0, 31.9]:
        for x in [1e-300, 1e-100, 1e-10, 1e-3, 0.1, 0.3, 0.499, 0.5, 0.7, 1.0, 1.09, 1.1, 1.11, 1.5, 2.0, 3.0, 7.0, 30.0, 100.0, 600.0]:
            yield a, x
    for a in [2.0, 5.0, 9.9, 10.0, 20.0, 31.9, 32.0, 50.0, 100.0, 300.0, 1e3, 5e3, 3e4]:
        for ratio in [0.01, 0.1, 0.3, 0.5, 0.57, 0.58, 0.59, 0.7, 0.9, 0.99, 1.0, 1.001, 1.1, 1.3, 1.5, 1.57, 1.58, 1.8, 2.5, 5.0]:
            yield a, a * ratio
    for a in [1e5, 1e6, 1e8, 1e10, 1e15]:
        for sigmas in [-20.0, -5.0, -1.0, -0.01, 0.0, 0.3, 2.0, 10.0, 30.0]:
            yield a, a + sigmas * a**0.5


def single(x):
    return struct.unpack("f", struct.pack("f", x))[0]


def fits(r, smallest, largest):
    """Whether all numbers are normal ones of the type."""
    return r is not None and all(v == 0 or smallest < abs(v) < largest for v in r[:6])


double = [r for r in (row(a, x) for a, x in cases()) if fits(r, 1e-300, 1e300)]
rounded = [(single(a), single(x)) for a, x in cases() if 1e-30 <= a <= 1e30 and 1e-30 <= x]
singles = [r for r in (row(a, x) for a, x in rounded) if fits(r, 1e-36, 1e36)]
head = {
    "about": __doc__.strip().splitlines()[0],
    "versions": {"python": platform.python_version(), "mpmath": mpmath.__version__},
}
text = json.dumps(head, indent=1)[:-2]
for kind, rows in [("double", double), ("single", singles)]:
    text += f',\n "{kind}": [\n  ' + ",\n  ".join(json.dumps(r) for r in rows) + "\n ]"
pathlib.Path(__file__).with_name("incomplete_gamma.json").write_text(text + "\n}\n")
print(len(double), len(singles))
