"""Makes extreme_distributions.json: log densities and their slopes far from the ordinary, exactly.

Each row is a univariate distribution at one value, by mpmath from closed forms written here: log_prob and its derivatives
by the value and every real parameter, by differences with steps that leave hundreds of digits. condition: for each of
these numbers the sum over the arguments x of |x| times its own derivative, so how much of it a rounding of the arguments
changes.

Install: pip install "mpmath==1.4.1".
Run: python make_extreme_distributions.py
"""

import mpmath
from common import write
from mpmath import mp, mpf

mp.dps = 300
LOG_2PI = mp.log(2 * mp.pi)


def ndtr(z):
    return mp.erfc(-z / mp.sqrt(2)) / 2


def log_ndtr_between(a, b):
    """ln(Φ(b) − Φ(a)), from the tail where both are small."""
    return mp.log(ndtr(-a) - ndtr(-b)) if a > 0 else mp.log(ndtr(b) - ndtr(a))


def beta_log(a, b):
    return mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b)


def choose_log(n, k):
    return mp.loggamma(n + 1) - mp.loggamma(k + 1) - mp.loggamma(n - k + 1)


def softplus(x):
    return mp.log1p(mp.exp(x))


def power_log(x, y):
    """x ln y, zero where x is."""
    return mpf(0) if x == 0 else x * mp.log(y)


def normal(v, loc, scale):
    z = (v - loc) / scale
    return -z * z / 2 - mp.log(scale) - LOG_2PI / 2


def student_t(v, df, loc, scale):
    z = (v - loc) / scale
    constant = mp.loggamma((df + 1) / 2) - mp.loggamma(df / 2) - mp.log(mp.pi * df) / 2 - mp.log(scale)
    return constant - (df + 1) / 2 * mp.log1p(z * z / df)


def gamma(v, a, rate):
    return a * mp.log(rate) - mp.loggamma(a) + (a - 1) * mp.log(v) - rate * v


def negative_binomial(v, a, log_success, log_failure):
    powers = (mpf(0) if v == 0 else v * log_success) + a * log_failure
    return mp.loggamma(v + a) - mp.loggamma(a) - mp.loggamma(v + 1) + powers


def gamma_poisson(v, a, rate):
    return negative_binomial(v, a, -mp.log1p(rate), -mp.log1p(1 / rate))


def negative_binomial2(v, mean, a):
    log_success = mpf(0) if v == 0 else mp.log(mean) - mp.log(a + mean)
    return negative_binomial(v, a, log_success, -mp.log1p(mean / a))


def ordered_logistic(v, predictor, *cuts):
    cdf = [mpf(0)] + [1 / (1 + mp.exp(predictor - c)) for c in cuts] + [mpf(1)]
    return mp.log(cdf[int(v) + 1] - cdf[int(v)])


def zero_inflated(v, gate, rate):
    poisson = power_log(v, rate) - rate - mp.loggamma(v + 1)
    return mp.log(gate + (1 - gate) * mp.exp(-rate)) if v == 0 else mp.log1p(-gate) + poisson


def truncated_normal(v, loc, scale, low=None, high=None):
    a = -mp.inf if low is None else (low - loc) / scale
    b = mp.inf if high is None else (high - loc) / scale
    return normal(v, loc, scale) - log_ndtr_between(a, b)


def asymmetric_laplace(v, loc, scale, asymmetry):
    left, right = scale * asymmetry, scale / asymmetry
    return -abs(v - loc) / (left if v < loc else right) - mp.log(left + right)


FAMILIES = {
    "LogNormal": lambda v, loc, scale: normal(mp.log(v), loc, scale) - mp.log(v),
    "StudentT": student_t,
    "Gamma": gamma,
    "InverseGamma": lambda v, a, rate: gamma(1 / v, a, rate) - 2 * mp.log(v),
    "Chi2": lambda v, df: gamma(v, df / 2, mpf(1) / 2),
    "Beta": lambda v, a, b: (a - 1) * mp.log(v) + (b - 1) * mp.log1p(-v) - beta_log(a, b),
    "Laplace": lambda v, loc, scale: -abs(v - loc) / scale - mp.log(2 * scale),
    "Logistic": lambda v, loc, scale: -softplus((loc - v) / scale) - softplus((v - loc) / scale) - mp.log(scale),
    "Gumbel": lambda v, loc, scale: -(v - loc) / scale - mp.exp((loc - v) / scale) - mp.log(scale),
    "Weibull": lambda v, scale, k: mp.log(k / scale) + (k - 1) * mp.log(v / scale) - (v / scale) ** k,
    "Pareto": lambda v, scale, alpha: mp.log(alpha) + alpha * mp.log(scale) - (alpha + 1) * mp.log(v),
    "VonMises": lambda v, loc, k: k * mp.cos(v - loc) - mp.log(mp.besseli(0, k)) - LOG_2PI,
    "Poisson": lambda v, rate: power_log(v, rate) - rate - mp.loggamma(v + 1),
    "BinomialProbs": lambda v, p, n: choose_log(n, v) + power_log(v, p) + power_log(n - v, 1 - p),
    "BinomialLogits": lambda v, x, n: choose_log(n, v) - v * softplus(-x) - (n - v) * softplus(x),
    "GeometricProbs": lambda v, p: v * mp.log1p(-p) + mp.log(p),
    "GeometricLogits": lambda v, x: -softplus(-x) - v * softplus(x),
    "GammaPoisson": gamma_poisson,
    "NegativeBinomial2": negative_binomial2,
    "NegativeBinomialProbs": lambda v, a, p: negative_binomial(v, a, mp.log(p), mp.log1p(-p)),
    "NegativeBinomialLogits": lambda v, a, x: negative_binomial(v, a, -softplus(-x), -softplus(x)),
    "BetaBinomial": lambda v, a, b, n: choose_log(n, v) + beta_log(v + a, n - v + b) - beta_log(a, b),
    "OrderedLogistic": ordered_logistic,
    "CategoricalLogits": lambda v, *x: x[int(v)] - mp.log(sum(mp.exp(y) for y in x)),
    "TruncatedNormal": truncated_normal,
    "ZeroInflatedPoisson": zero_inflated,
    "AsymmetricLaplace": asymmetric_laplace,
    "SoftLaplace": lambda v, loc, scale: mp.log(2 / mp.pi / scale) - mp.log(2 * mp.cosh((v - loc) / scale)),
    "Kumaraswamy": lambda v, a, b: mp.log(a * b) + (a - 1) * mp.log(v) + (b - 1) * mp.log(1 - v**a),
    "Levy": lambda v, loc, scale: (mp.log(scale) - LOG_2PI - scale / (v - loc)) / 2 - 3 * mp.log(v - loc) / 2,
    "LogUniform": lambda v, low, high: -mp.log(v) - mp.log(mp.log(high / low)),
}
DISCRETE = {
    "Poisson", "BinomialProbs", "BinomialLogits", "GeometricProbs", "GeometricLogits", "GammaPoisson",
    "NegativeBinomial2", "NegativeBinomialProbs", "NegativeBinomialLogits", "BetaBinomial", "OrderedLogistic",
    "CategoricalLogits", "ZeroInflatedPoisson",
}  # fmt: skip
# Positions of parameters that are integers, and so have no slope.
COUNTS = {"BinomialProbs": [1], "BinomialLogits": [1], "BetaBinomial": [2]}

# (distribution, parameters, value)
ROWS = [
    ("LogNormal", (0.0, 1.0), 1e-300), ("LogNormal", (0.0, 1.0), 1e300), ("LogNormal", (700.0, 1e-3), 1e304),
    ("LogNormal", (-3.0, 50.0), 1e-200), ("LogNormal", (0.0, 1e-8), 1.0),
    ("StudentT", (1e10, 0.0, 1.0), 2.0), ("StudentT", (1e10, 0.0, 1.0), 40.0), ("StudentT", (1e150, 0.0, 1.0), 3.0),
    ("StudentT", (3.0, 0.0, 1.0), 1e200), ("StudentT", (1e-5, 0.0, 1.0), 5.0), ("StudentT", (1e-5, 0.0, 1.0), -1e100),
    ("StudentT", (2.5, 1e8, 1e-3), 1e8), ("StudentT", (4.0, 0.0, 1e-200), 1e-201), ("StudentT", (20.0, 1.0, 2.0), -30.0),
    ("Gamma", (1e-10, 1.0), 1e-5), ("Gamma", (1e-300, 1.0), 1e-300), ("Gamma", (1e10, 1.0), 1e10),
    ("Gamma", (1e10, 1.0), 1.0003e10), ("Gamma", (1e6, 1e-3), 1.001e9), ("Gamma", (0.5, 1e300), 1e-300),
    ("Gamma", (3.0, 1e-200), 1e200), ("Gamma", (50.0, 2.0), 1e-100), ("Gamma", (9.999, 1.0), 30.0),
    ("Gamma", (10.0, 1.0), 30.0), ("InverseGamma", (1e10, 1e10), 1.00001), ("InverseGamma", (1e-8, 1.0), 1e100),
    ("InverseGamma", (3.0, 1e-200), 1e-200), ("InverseGamma", (2.0, 1.0), 1e-3), ("Chi2", (1e9,), 1e9),
    ("Chi2", (1e-6,), 1e-9),
    ("Beta", (2.0, 3.0), 1e-300), ("Beta", (2.0, 3.0), 0.9999999999999999), ("Beta", (1e-10, 1e-10), 0.5),
    ("Beta", (1e-10, 2.0), 1e-200), ("Beta", (1e10, 1e10), 0.500001), ("Beta", (1e10, 3.0), 0.9999999999),
    ("Beta", (3.0, 1e10), 2e-10), ("Beta", (150.0, 1e8), 1.6e-6), ("Beta", (1.0, 1.0), 1e-300),
    ("Beta", (99.0, 99.0), 0.4), ("Beta", (101.0, 101.0), 0.4), ("Beta", (0.5, 0.5), 1e-16),
    ("Laplace", (0.0, 1e-300), 1e-300), ("Laplace", (0.0, 1.0), 1e300), ("Logistic", (0.0, 1.0), 800.0),
    ("Logistic", (0.0, 1.0), -800.0), ("Logistic", (5.0, 1e-5), 5.01), ("Gumbel", (0.0, 1.0), 800.0),
    ("Gumbel", (0.0, 1.0), -6.5), ("Gumbel", (0.0, 1e-3), 1.0), ("Weibull", (1.0, 1e-3), 1e-200),
    ("Weibull", (1e200, 2.0), 3e200), ("Weibull", (2.0, 300.0), 2.03), ("Weibull", (1.0, 50.0), 1e-5),
    ("Pareto", (1.0, 1e10), 1.0000000001), ("Pareto", (1e-200, 2.0), 1e200), ("Pareto", (3.0, 1e-8), 1e100),
    ("VonMises", (0.0, 1e10), 1e-5), ("VonMises", (1.0, 1e-8), -3.0), ("VonMises", (3.0, 1000.0), -3.1),
    ("Poisson", (0.0,), 0), ("Poisson", (1e-300,), 0), ("Poisson", (1e-300,), 3), ("Poisson", (1e10,), 10**10),
    ("Poisson", (1e10,), 10**10 + 300000), ("Poisson", (1e6,), 1000000), ("Poisson", (1e6,), 0),
    ("Poisson", (3.0,), 10**6), ("Poisson", (1e-5,), 1), ("Poisson", (9.5,), 10),
    ("BinomialProbs", (0.5, 10**10), 5 * 10**9), ("BinomialProbs", (1e-10, 10**10), 3), ("BinomialProbs", (0.3, 0), 0),
    ("BinomialProbs", (0.9999999999, 10**6), 10**6), ("BinomialProbs", (1e-300, 5), 5), ("BinomialProbs", (0.3, 20), 0),
    ("BinomialLogits", (800.0, 10), 10), ("BinomialLogits", (800.0, 10), 3), ("BinomialLogits", (-800.0, 10), 0),
    ("BinomialLogits", (-800.0, 10), 7), ("BinomialLogits", (0.0, 10**9), 500000123), ("BinomialLogits", (-20.0, 10**9), 2),
    ("BinomialLogits", (1e-8, 1), 1),
    ("GeometricProbs", (1e-300,), 5), ("GeometricProbs", (1e-10,), 10**10), ("GeometricProbs", (0.9999999999,), 3),
    ("GeometricLogits", (800.0,), 0), ("GeometricLogits", (800.0,), 3), ("GeometricLogits", (-800.0,), 10**6),
    ("GammaPoisson", (1e10, 1e10), 3), ("GammaPoisson", (1e-10, 1.0), 2), ("GammaPoisson", (5.0, 1e-200), 10**6),
    ("GammaPoisson", (5.0, 1e200), 1), ("NegativeBinomial2", (5.0, 1e10), 3), ("NegativeBinomial2", (5.0, 1e150), 3),
    ("NegativeBinomial2", (1e6, 1e10), 1000700), ("NegativeBinomial2", (0.0, 2.0), 0),
    ("NegativeBinomial2", (1e-8, 1e8), 1), ("NegativeBinomial2", (1e8, 1e-3), 0), ("NegativeBinomial2", (1e9, 3.0), 10**9),
    ("NegativeBinomial2", (50.0, 1e-10), 4), ("NegativeBinomialProbs", (1e8, 1e-8), 2),
    ("NegativeBinomialProbs", (3.0, 0.9999999999), 10**10), ("NegativeBinomialLogits", (3.0, 800.0), 2),
    ("NegativeBinomialLogits", (3.0, -800.0), 2), ("NegativeBinomialLogits", (1e10, -22.0), 4),
    ("BetaBinomial", (1e10, 1e10, 20), 9), ("BetaBinomial", (1e-10, 1e-10, 20), 20), ("BetaBinomial", (1e-10, 3.0, 5), 2),
    ("BetaBinomial", (2.0, 3.0, 10**6), 400000), ("BetaBinomial", (5.0, 1e8, 1000), 0),
    ("OrderedLogistic", (0.0, -800.0, 800.0), 1), ("OrderedLogistic", (0.0, 799.0, 800.0), 1),
    ("OrderedLogistic", (0.0, 799.0, 800.0), 2), ("OrderedLogistic", (500.0, -1.0, 1.0), 0),
    ("OrderedLogistic", (0.0, 1.0, 1.000000001), 1), ("CategoricalLogits", (800.0, 0.0, -800.0), 2),
    ("CategoricalLogits", (1e-9, 0.0, 0.0), 0), ("CategoricalLogits", (1e6, 999999.0, 0.0), 0),
    ("TruncatedNormal", (0.0, 1.0, 30.0, 31.0), 30.1), ("TruncatedNormal", (0.0, 1.0, -31.0, -30.0), -30.01),
    ("TruncatedNormal", (0.0, 1.0, -1e-9, 1e-9), 0.0), ("TruncatedNormal", (0.0, 1.0, 2.0, 2.000001), 2.0000005),
    ("TruncatedNormal", (0.0, 1.0, -100.0, 100.0), 3.0), ("TruncatedNormal", (5.0, 0.1, 0.0, 1.0), 0.99),
    ("TruncatedNormal", (0.0, 1.0, 50.0, None), 50.01), ("TruncatedNormal", (0.0, 1.0, None, -50.0), -50.01),
    ("TruncatedNormal", (0.0, 1.0, None, 40.0), 1.0), ("TruncatedNormal", (0.0, 1.0, 0.04, 0.09), 0.05),
    ("ZeroInflatedPoisson", (0.0, 3.0), 0), ("ZeroInflatedPoisson", (1e-300, 3.0), 0),
    ("ZeroInflatedPoisson", (0.3, 800.0), 0), ("ZeroInflatedPoisson", (0.3, 1e-10), 0),
    ("ZeroInflatedPoisson", (0.9999999999, 3.0), 2), ("ZeroInflatedPoisson", (1e-200, 650.0), 0),
    ("AsymmetricLaplace", (0.0, 1.0, 1e-5), 1e3), ("AsymmetricLaplace", (0.0, 1.0, 1e5), -1e3),
    ("SoftLaplace", (0.0, 1.0), 800.0), ("SoftLaplace", (0.0, 1e-200), -1e-199), ("SoftLaplace", (1.0, 1e200), 5.0),
    ("Kumaraswamy", (2.0, 3.0), 1e-200), ("Kumaraswamy", (1e-8, 3.0), 0.5), ("Kumaraswamy", (1e8, 3.0), 0.99999999),
    ("Kumaraswamy", (2.0, 1e8), 1e-4), ("Levy", (0.0, 1.0), 1e-2), ("Levy", (5.0, 1e-20), 1e20),
    ("LogUniform", (1.0, 1.0000001), 1.00000005), ("LogUniform", (1e-300, 1e300), 1e-200),
]  # fmt: skip


# Arguments that cannot be negative, by distribution and position among value and parameters.
ENDS = {"Poisson": 1, "NegativeBinomial2": 1, "ZeroInflatedPoisson": 1}
# Values that name a category.
NAMES = {"OrderedLogistic", "CategoricalLogits"}


def number(x):
    return float(x) if mp.isfinite(x) else str(float(x))


def slope(f, name, arguments, i, step):
    """The derivative by one argument, from above where it ends at zero."""
    at = arguments[i]
    # Where a location is zero, by the scale.
    least = min([mpf(1), *[abs(x) for x in arguments[1:] if x is not None and x != 0]])
    step = step * (abs(at) if at != 0 else least)

    def along(x):
        return f(*arguments[:i], x, *arguments[i + 1 :])

    if at == 0 and ENDS.get(name) == i:
        return (along(step) - along(mpf(0))) / step
    return (along(at + step) - along(at - step)) / (2 * step)


def condition(q, name, arguments):
    """Σ |x ∂q/∂x| over the arguments that are not zero."""
    names = [0] if name in NAMES else []
    chosen = [i for i, x in enumerate(arguments) if x is not None and x != 0 and i not in names]
    return sum((abs(arguments[i] * slope(q, name, arguments, i, mpf(10) ** -40)) for i in chosen), mpf(0))


def row(name, params, value):
    f, real = FAMILIES[name], name not in DISCRETE
    arguments = [mpf(value), *[None if p is None else mpf(p) for p in params]]
    given = [i for i, p in enumerate(params) if p is not None and i not in COUNTS.get(name, [])]
    slopes = [(str(i), i + 1) for i in given] + ([("value", 0)] if real else [])
    found = {key: lambda *x, i=i: slope(f, name, list(x), i, mpf(10) ** -60) for key, i in slopes}
    return {
        "dist": name,
        "params": list(params),
        "value": value,
        "log_prob": number(f(*arguments)),
        "grad": {key: number(q(*arguments)) for key, q in found.items()},
        "condition": {k: number(condition(q, name, arguments)) for k, q in [("log_prob", f), *found.items()]},
    }


def digits(name, params, value):
    """What a row needs: where e^−800 or numbers of very different sizes are terms, those and differences of them."""
    largest = max(abs(x) for x in (value, *params) if x is not None)
    return 1100 if largest > 1e50 or largest > 500 and ("Logi" in name or name == "SoftLaplace") else mp.dps


def main():
    rows = []
    for r in ROWS:
        with mp.workdps(digits(*r)):
            rows.append(row(*r))
    about = "Log densities and their slopes by parameter (its position) and value at extremes, correctly rounded; see the script."
    write("extreme_distributions.json", {"about": about, "versions": {"mpmath": mpmath.__version__}, "rows": rows})


if __name__ == "__main__":
    main()
