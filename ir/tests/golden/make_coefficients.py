"""Makes ../../src/ops/coefficients.rs: polynomial coefficients of the special functions' expansions.

Each function is interpolated at 80 Chebyshev points in 50 digits, its series cut where terms fall below 1e-18 of the
largest, and rewritten in powers of t, which loses nothing: the script checks that Horner's rule in doubles stays within
1e-15 of the function. Series in Bernoulli numbers are exact fractions rounded once.
Install: pip install "mpmath==1.3.0".  Run: python make_coefficients.py && rustfmt --edition 2024 coefficients.rs
"""

import pathlib
from fractions import Fraction

from mpmath import mp, mpf
import mpmath

mp.dps = 50
POINTS = 80


def series(f):
    """Chebyshev coefficients of f on [-1, 1]."""
    half = mpf(1) / 2
    xs = [mpmath.cos(mp.pi * (k + half) / POINTS) for k in range(POINTS)]
    fs = [f(x) for x in xs]
    c = [
        2 / mpf(POINTS) * mpmath.fsum(fs[k] * mpmath.cos(mp.pi * j * (k + half) / POINTS) for k in range(POINTS))
        for j in range(POINTS)
    ]
    c[0] /= 2
    largest = max(abs(x) for x in c)
    return c[: 1 + max(j for j in range(POINTS) if abs(c[j]) > mpf(10) ** -18 * largest)]


def powers(c):
    """The polynomial sum of c[j] T_j in powers of t, lowest first."""
    before, now = [mpf(1)], [mpf(0), mpf(1)]
    out = [mpf(0)] * len(c)
    out[0] = c[0]
    for j in range(1, len(c)):
        for i, x in enumerate(now):
            out[i] += c[j] * x
        after = [mpf(0)] + [2 * x for x in now]
        for i, x in enumerate(before):
            after[i] -= x
        before, now = now, after
    return out


def fit(f):
    coefficients = [float(x) for x in reversed(powers(series(f)))]
    for i in range(-100, 101):
        p = 0.0
        for c in coefficients:
            p = p * (i / 100) + c
        exact = f(mpf(i) / 100)
        assert abs((p - exact) / exact) < 1e-15, (f.__doc__, i)
    return coefficients


def erfcx(x):
    if x < 50:
        return mpmath.exp(x * x) * mpmath.erfc(x)
    total = term = mpf(1)
    for k in range(1, 30):
        term *= -(2 * k - 1) / (2 * x * x)
        total += term
    return total / (x * mpmath.sqrt(mp.pi))


def scaled_erfcx(t):
    x = 3 * (1 + t) / (1 - t) if t < 1 else None
    return 2 / mpmath.sqrt(mp.pi) if x is None else (1 + 2 * x) * erfcx(x)


def erf_ratio(t):
    x = mpmath.sqrt((t + 1) / 2)
    return mpmath.erf(x) / x if x else 2 / mpmath.sqrt(mp.pi)


def atan_ratio(t):
    z = (t + 1) / 2 * (3 - 2 * mpmath.sqrt(2))
    x = mpmath.sqrt(z)
    return (mpmath.atan(x) / x - 1) / z if z else -mpf(1) / 3


def lgamma_ratio(t):
    z = t / 2
    return mpmath.loggamma(2 + z) / z if z else mpmath.psi(0, 2)


def bessel_small(order):
    def f(t):
        x = 4 * (t + 1)
        if order == 0:
            return mpmath.exp(-x) * mpmath.besseli(0, x)
        return mpmath.exp(-x) * mpmath.besseli(1, x) / x if x else mpf(1) / 2

    return f


def bessel_large(order):
    def f(t):
        if t <= -1:
            return 1 / mpmath.sqrt(2 * mp.pi)
        x = 16 / (t + 1)
        return mpmath.sqrt(x) * mpmath.exp(-x) * mpmath.besseli(order, x)

    return f


def bernoulli(count, denominator):
    return [float(mpmath.bernoulli(2 * k) / denominator(2 * k)) for k in range(count, 0, -1)]


def temme(lengths):
    """The expansions in η of c₀(η), c₁(η), … of Temme's uniform expansion (DLMF 8.12.9 to 8.12.12), as exact fractions."""
    count = max(lengths) + 2 * len(lengths) + 2
    alpha = [Fraction(0), Fraction(1)]
    for n in range(2, count + 2):
        alpha.append((alpha[n - 1] - sum(k * alpha[k] * alpha[n - k + 1] for k in range(2, n))) / (n + 1))
    # The coefficients of Γ(a) √(a/2π) (e/a)ᵃ in 1/a, from its logarithm, Stirling's series.
    order = len(lengths)
    log = [Fraction(0)] * (order + 1)
    for k in range(1, order + 1, 2):
        numerator, denominator = mpmath.bernfrac(k + 1)
        log[k] = Fraction(int(numerator), int(denominator)) / (k * (k + 1))
    gamma = [Fraction(1)]
    for n in range(1, order + 1):
        gamma.append(sum(j * log[j] * gamma[n - j] for j in range(1, n + 1)) / n)
    first = [Fraction(-1, 3)] + [(n + 2) * alpha[n + 2] for n in range(1, count)]
    rows = [first]
    for k in range(1, order):
        before = rows[-1]
        rows.append([(-1) ** k * gamma[k] * first[n] + (n + 2) * before[n + 2] for n in range(len(before) - 2)])
    return [[float(x) for x in reversed(row[:n])] for row, n in zip(rows, lengths)]


def multiply(p, q):
    out = [Fraction(0)] * (len(p) + len(q) - 1)
    for i, a in enumerate(p):
        for j, b in enumerate(q):
            out[i + j] += a * b
    return out


def add(p, q, factor=1):
    at = lambda r, i: r[i] if i < len(r) else Fraction(0)
    return [at(p, i) + factor * at(q, i) for i in range(max(len(p), len(q)))]


def beta(count):
    """The coefficients e₁, e₂, … of η/z = 1 + e₁ η + …, polynomials in D, where z(η) solves z z′ = η (1 + D z − z²).

    Each holds one parity of powers of D: given are its coefficients in D², of which the odd ones take a factor D.
    """
    z = [[Fraction(0)], [Fraction(1)]]
    for n in range(2, count + 2):
        right = multiply([Fraction(0), Fraction(1)], z[n - 1])
        for i in range(1, n - 1):
            right = add(right, multiply(z[i], z[n - 1 - i]), -1)
        for i in range(2, n):
            right = add(right, multiply(z[i], z[n + 1 - i]), -(n + 1 - i))
        z.append([c / (n + 1) for c in right])
    inverse = [[Fraction(1)]]
    for n in range(1, count + 1):
        total = [Fraction(0)]
        for k in range(1, n + 1):
            total = add(total, multiply(z[k + 1], inverse[n - k]), -1)
        inverse.append(total[: n + 1])
    return [[float(c) for c in reversed(row[n % 2 :: 2])] for n, row in enumerate(inverse) if n]


# name: (what it is, coefficients, or several lists of them)
TABLES = {
    "ATAN": ("`(atan(x)/x − 1)/x²` on [0, tan(π/8)], in t = 2x²/tan²(π/8) − 1.", fit(atan_ratio)),
    "ERFCX": ("`(1 + 2x) e^x² erfc(x)` on [0, ∞), in t = (x − 3)/(x + 3).", fit(scaled_erfcx)),
    "ERF": ("`erf(x)/x` on [0, 1], in t = 2x² − 1.", fit(erf_ratio)),
    "LGAMMA": ("`lgamma(2 + z)/z` on [−½, ½], in t = 2z.", fit(lgamma_ratio)),
    "STIRLING": ("`B₂ₖ / (2k (2k − 1))`, in 1/x²: Stirling's series of lgamma.", bernoulli(11, lambda k: k * (k - 1))),
    "DIGAMMA": ("`B₂ₖ / 2k`, in 1/x²: the asymptotic series of digamma, less its first terms.", bernoulli(9, lambda k: k)),
    "ZETA": ("`B₂ₖ / (2k)!`, from k = 1: Euler and Maclaurin's correction.", bernoulli(10, mpmath.factorial)[::-1]),
    "LOG1P": (
        "`(atanh(r)/r − 1)/r²` in r², for `ln(1 + u) − u` with r = u/(2 + u) and |u| ≤ 0.6.",
        [1 / (2 * k + 1) for k in range(19, 0, -1)],
    ),
    "TEMME": (
        "`cₖ(η)` of Temme's expansion, for |η| ≤ ½ and orders that suffice from a = 32 on.",
        temme([17, 15, 13, 11, 9, 7, 5]),
    ),
    "BETA": (
        "`eₘ(D)`, m from 1, of the uniform expansion of the incomplete beta function, in D²; odd ones take a factor D.",
        beta(9),
    ),
    "I0E_SMALL": ("`e⁻ˣ I₀(x)` on [0, 8], in t = x/4 − 1.", fit(bessel_small(0))),
    "I0E_LARGE": ("`√x e⁻ˣ I₀(x)` on [8, ∞), in t = 16/x − 1.", fit(bessel_large(0))),
    "I1E_SMALL": ("`e⁻ˣ I₁(x)/x` on [0, 8], in t = x/4 − 1.", fit(bessel_small(1))),
    "I1E_LARGE": ("`√x e⁻ˣ I₁(x)` on [8, ∞), in t = 16/x − 1.", fit(bessel_large(1))),
}

text = """//! Coefficients of the special functions' expansions, highest power first; tests/golden/make_coefficients.py wrote them.

#![allow(clippy::excessive_precision, clippy::approx_constant, reason = "written by a program")]
"""
for name, (doc, values) in TABLES.items():
    if isinstance(values[0], list):
        numbers = ", ".join("&" + repr(x) for x in values)
        ty = f"[&[f64]; {len(values)}]"
    else:
        numbers = ", ".join(repr(x) for x in values)
        ty = f"[f64; {len(values)}]"
    text += f"\n/// {doc}\npub(super) const {name}: {ty} = [{numbers}];\n"
path = pathlib.Path(__file__).parents[2] / "src/ops/coefficients.rs"
path.write_text(text)
