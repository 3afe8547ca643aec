"""Makes incomplete_beta.json: I_x(a, b) and its first derivatives at ordinary, bordering and extreme arguments.

A row is [a, b, x, I, dI/dx, dI/da, dI/db, conditions]: what relative changes of the arguments do to each of the four,
relatively, the largest of the three. "double" and "single" hold the same cases with arguments rounded to either type.

Reference: the continued fraction of Didonato and Morris (1992, BFRAC) summed to convergence in 60 digits and more, for
I_x(a, b) up to the mean and for 1 - I_y(b, a) beyond; the script compares it with mpmath's betainc at small parameters.
Derivatives by a and b are differences in that precision, of the tail on x's side of the mean, which keeps its digits.
Install: pip install "mpmath==1.4.1".  Run: python make_incomplete_beta.py
"""

import json
import pathlib
import platform
import struct

import mpmath
from mpmath import mp, mpf

DIGITS = 60


def log_beta(a, b):
    return mpmath.loggamma(a) + mpmath.loggamma(b) - mpmath.loggamma(a + b)


def fraction(a, b, x):
    y = 1 - x
    f = c = a * (a * y - b * x + 1) / (a + 1)
    d, n = mpf(0), 0
    while True:
        n += 1
        below = a + 2 * n - 1
        top = (a + (n - 1)) * (a + b + (n - 1)) * n * (b - n) * x * x / below**2
        bottom = n + n * (b - n) * x / below + (a + n) / (below + 2) * (a * y - b * x + 1 + n * (y + 1))
        c, d = bottom + top / c, 1 / (bottom + top * d)
        f *= c * d
        if abs(c * d - 1) < mp.eps:
            return f


def tail(a, b, x, turned):
    """I_x(a, b), or 1 - I_x(a, b) if turned."""
    if turned:
        return tail(b, a, 1 - x, False)
    return mpmath.exp(a * mpmath.log(x) + b * mpmath.log1p(-x) - log_beta(a, b)) / fraction(a, b, x)


def row(a, b, x):
    # Digits enough for the difference of one and the other tail, large exponents, and differences.
    extra = max(0, *(-int(mpmath.log10(v)) for v in (a, b, x, 1 - x))) + max(0, *(int(mpmath.log10(v)) for v in (a, b)))
    mp.dps = DIGITS + extra
    a, b, x = mpf(a), mpf(b), mpf(x)
    turned = x > (a + 1) / (a + b + 2)
    h = mpf(10) ** -20
    t = {(i, j): tail(a * (1 + i * h), b * (1 + j * h), x, turned) for i in (-1, 0, 1) for j in (-1, 0, 1)}
    value = 1 - t[0, 0] if turned else t[0, 0]
    sign = -1 if turned else 1
    # By relative changes of the parameters.
    by_a, by_b = (sign * (t[i, j] - t[-i, -j]) / (2 * h) for i, j in [(1, 0), (0, 1)])
    by_aa, by_bb = (sign * (t[i, j] - 2 * t[0, 0] + t[-i, -j]) / (h * h) for i, j in [(1, 0), (0, 1)])
    by_ab = sign * (t[1, 1] - t[1, -1] - t[-1, 1] + t[-1, -1]) / (4 * h * h)
    by_x = mpmath.exp((a - 1) * mpmath.log(x) + (b - 1) * mpmath.log1p(-x) - log_beta(a, b))
    both = mpmath.digamma(a + b)
    bends = [
        a * (mpmath.log(x) - mpmath.digamma(a) + both),
        b * (mpmath.log1p(-x) - mpmath.digamma(b) + both),
        (a - 1) - x * (b - 1) / (1 - x),
    ]
    conditions = [
        max(abs(by_a), abs(by_b), abs(x * by_x)) / value,
        max(abs(v) for v in bends),
        max(abs(by_aa), abs(by_ab), abs(x * by_x * bends[0])) / abs(by_a),
        max(abs(by_bb), abs(by_ab), abs(x * by_x * bends[1])) / abs(by_b),
    ]
    numbers = [float(v) for v in (a, b, x, value, by_x, by_a / a, by_b / b)]
    return [*numbers, [float(c) for c in conditions]]


mp.dps = DIGITS
for a, b, x in [(2.5, 3.5, 0.3), (0.1, 5.0, 0.9), (30.0, 20.0, 0.55)]:
    expected = mpmath.betainc(a, b, 0, x, regularized=True)
    turned = x > (a + 1) / (a + b + 2)
    found = tail(mpf(a), mpf(b), mpf(x), turned)
    found = 1 - found if turned else found
    assert abs(found / expected - 1) < mpf(10) ** -50, (a, b, x)

SIZES = [1e-100, 1e-10, 1e-3, 0.1, 0.5, 0.69, 0.71, 1.0, 2.5, 9.9, 10.1, 50.0, 1e3, 9.9e4, 1.01e5]
HUGE = [(1e6, 1e6), (1e6, 3e8), (3e8, 1e6), (1e8, 1e8), (1e6, 1e20), (2.5, 1e20), (1e20, 0.3), (1e20, 50.0), (300.0, 1e12), (1e100, 2e5)]
FRACTIONS = [1e-3, 0.5, 0.9, 0.99, 1.0, 1.01, 1.1, 1.5]


def cases():
    pairs = [(a, b) for i, a in enumerate(SIZES) for j, b in enumerate(SIZES) if (i + j) % 2 == 0 or i == j]
    for a, b in pairs + HUGE:
        mean, width = a / (a + b), (a * b / (a + b + 1)) ** 0.5 / (a + b)
        xs = [mean * f for f in FRACTIONS] + [mean + s * width for s in (-25.0, -4.0, -0.5, 1.0, 6.0)]
        xs += [1 - (1 - mean) * f for f in (1e-3, 0.3, 0.9)]
        if a < 1e3 and b < 1e3:
            xs += [1e-300, 1e-10, 0.01, 0.3, 0.7, 0.99, 1 - 2**-40, 1 - 2**-53]
        yield from ((a, b, x) for x in dict.fromkeys(xs) if 1e-300 <= x < 1)


def single(x):
    return struct.unpack("f", struct.pack("f", x))[0]


def fits(r, smallest, largest):
    """Whether all numbers are normal ones of the type; derivatives by the parameters may be smaller."""
    return all(smallest < abs(v) < largest for v in r[:5]) and all(abs(v) < largest for v in r[5:7])


double = [r for r in (row(*c) for c in cases()) if fits(r, 1e-300, 1e300)]
rounded = [tuple(map(single, c)) for c in cases() if all(1e-30 < v < 1e30 for v in c)]
singles = [r for r in (row(*c) for c in rounded if c[2] < 1) if fits(r, 1e-36, 1e36)]
head = {
    "about": __doc__.strip().splitlines()[0],
    "versions": {"python": platform.python_version(), "mpmath": mpmath.__version__},
}
text = json.dumps(head, indent=1)[:-2]
for kind, rows in [("double", double), ("single", singles)]:
    text += f',\n "{kind}": [\n  ' + ",\n  ".join(json.dumps(r) for r in rows) + "\n ]"
pathlib.Path(__file__).with_name("incomplete_beta.json").write_text(text + "\n}\n")
print(len(double), len(singles))
