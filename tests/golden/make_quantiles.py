"""Makes quantiles.json: quantiles without a formula and their slopes by the parameters and the probability.

Newton's method at 60 digits on the logarithm of the smaller tail, from SciPy's quantile; the slopes are the inverse
function's, with the distribution function's slopes by parameters from differences of 60 digits.
Run: python make_quantiles.py
"""

import json
import pathlib

import mpmath
import scipy
import scipy.stats as st
from mpmath import mp, mpf

mp.dps = 60
PROBABILITIES = [1e-100, 1e-5, 0.3, 0.5, 0.99, 1 - 2**-30]


def gamma_tails(x, a):
    return mp.gammainc(a, 0, x, regularized=True), mp.gammainc(a, x, mp.inf, regularized=True)


def beta_tails(x, a, b):
    return mp.betainc(a, b, 0, x, regularized=True), mp.betainc(b, a, 0, 1 - x, regularized=True)


def t_tails(x, df):
    tail = mp.betainc(df / 2, mpf(1) / 2, 0, df / (df + x * x), regularized=True) / 2
    return (1 - tail, tail) if x > 0 else (tail, 1 - tail)


DISTRIBUTIONS = {
    "Gamma": (gamma_tails, lambda x, a: x ** (a - 1) * mp.exp(-x) / mp.gamma(a), lambda a: st.gamma(a)),
    "Beta": (
        beta_tails,
        lambda x, a, b: x ** (a - 1) * (1 - x) ** (b - 1) / mp.beta(a, b),
        lambda a, b: st.beta(a, b),
    ),
    "StudentT": (
        t_tails,
        lambda x, df: mp.gamma((df + 1) / 2) / mp.gamma(df / 2) / mp.sqrt(df * mp.pi) * (1 + x * x / df) ** (-(df + 1) / 2),
        lambda df: st.t(df),
    ),
}
PARAMETERS = {
    "Gamma": [[0.01], [0.5], [1.0], [30.0], [2000.0]],
    "Beta": [[0.05, 0.5], [1.0, 1.0], [30.0, 0.7], [300.0, 200.0]],
    "StudentT": [[0.3], [1.0], [4.5], [1000.0]],
}


def quantile(name, parameters, q):
    tails, density, of_scipy = DISTRIBUTIONS[name]
    x = mpf(float(of_scipy(*map(float, parameters)).ppf(float(q))))
    if name == "Gamma" and not x > mpf(10) ** -290:
        x = (q * mp.gamma(parameters[0] + 1)) ** (1 / parameters[0])
    if name == "Beta" and not mpf(10) ** -290 < x < 1:
        a, b = parameters
        x = (q * a * mp.beta(a, b)) ** (1 / a) if q < 0.5 else 1 - ((1 - q) * b * mp.beta(a, b)) ** (1 / b)
    for _ in range(100):
        below, above = tails(x, *parameters)
        # Along the logarithm of x, or of its odds; near zero along x itself.
        along = {"Gamma": x, "Beta": x * (1 - x), "StudentT": max(abs(x), mpf(1))}[name]
        p, sign, goal = (below, 1, q) if q <= 0.5 else (above, -1, 1 - q)
        step = sign * mp.log(p / goal) * p / (density(x, *parameters) * along)
        if name == "Gamma":
            x *= mp.exp(-step)
        elif name == "Beta":
            odds = x / (1 - x) * mp.exp(-step)
            x = odds / (1 + odds)
        else:
            x = x - step if abs(x) <= 1 else x * mp.exp(-step * mp.sign(x))
        if abs(step) < mpf(10) ** -35:
            return x
    raise ArithmeticError((name, parameters, q))


def row(name, parameters, q):
    tails, density, _ = DISTRIBUTIONS[name]
    exact = [mpf(p) for p in parameters]
    x = quantile(name, exact, mpf(q))
    by_q = 1 / density(x, *exact)
    slopes = []
    for i, p in enumerate(exact):
        h = p * mpf(10) ** -18
        moved = [tails(x, *(v + s * h if j == i else v for j, v in enumerate(exact)))[0] for s in (1, -1)]
        slopes.append(float(-(moved[0] - moved[1]) / (2 * h) * by_q))
    return [name, parameters, q, float(x), float(by_q), slopes]


if __name__ == "__main__":
    rows = []
    for name, cases in PARAMETERS.items():
        for parameters in cases:
            for q in PROBABILITIES:
                made = row(name, parameters, q)
                # Beyond the range of numbers, or rounded to an end, slopes say nothing.
                if made[3] != 0 and abs(made[3]) < 1e300 and made[3] != (1 if name == "Beta" else None):
                    rows.append(made)
    about = "Distribution, parameters, probability, quantile, its slope by the probability, its slopes by the parameters."
    made_by = {"mpmath": mpmath.__version__, "scipy": scipy.__version__}
    text = ",\n".join(json.dumps(r) for r in rows)
    head = json.dumps({"about": about, "versions": made_by})[:-1]
    pathlib.Path(__file__).with_name("quantiles.json").write_text(f'{head}, "rows": [\n{text}\n]}}\n')
