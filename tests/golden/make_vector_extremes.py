"""Makes vector_extremes.json: log densities of vectors and matrices and their derivatives at extremes, by mpmath.

Each density is written here from its definition (600 digits); derivatives by every parameter and by the value are central
differences with relative steps of 1e-40, exact to all digits of a double. Matrices that are symmetric count by the mean
with their transpose.

Install: pip install "mpmath==1.4.1" numpy.  Run: python make_vector_extremes.py
"""

import math
import platform

import mpmath
import numpy as np
from common import number, write
from mpmath import mp, mpf

mp.dps = 600
STEP = mpf(10) ** -40
LEAST = mpf(10) ** -200  # The step at zero, small beside every scale here.
lg = mp.loggamma


def xlogy(x, y):
    return mpf(0) if x == 0 else x * mp.log(y)


def dirichlet(a, x):
    return lg(sum(a)) - sum(lg(v) for v in a) + sum(xlogy(v - 1, u) for v, u in zip(a, x))


def multinomial_probs(p, n, x):
    return lg(n[0] + 1) + sum(xlogy(k, q) - lg(k + 1) for k, q in zip(x, p))


def multinomial_logits(l, n, x):
    top = max(l)
    log_sum = top + mp.log(sum(mp.exp(v - top) for v in l))
    return lg(n[0] + 1) + sum(k * v - lg(k + 1) for k, v in zip(x, l)) - n[0] * log_sum


def dirichlet_multinomial(a, n, x):
    term = lambda a, k: lg(k + 1) + lg(a) - lg(a + k)
    return term(sum(a), sum(x)) - sum(term(v, k) for v, k in zip(a, x))


def rows(flat):
    n = math.isqrt(len(flat))
    return [flat[i * n : (i + 1) * n] for i in range(n)]


def solve(tril, x):
    z = []
    for i, row in enumerate(tril):
        z.append((x[i] - sum(row[j] * z[j] for j in range(i))) / row[i])
    return z


def cholesky(a):
    n = len(a)
    a = [[(a[i][j] + a[j][i]) / 2 for j in range(n)] for i in range(n)]
    l = [[mpf(0)] * n for _ in range(n)]
    for i in range(n):
        for j in range(i + 1):
            s = a[i][j] - sum(l[i][k] * l[j][k] for k in range(j))
            l[i][j] = mp.sqrt(s) if i == j else s / l[j][j]
    return l


def normal_vector(distance, tril):
    z = solve(tril, distance)
    return -sum(v * v for v in z) / 2 - sum(mp.log(tril[i][i]) for i in range(len(z))) - len(z) * mp.log(2 * mp.pi) / 2


def mvn_tril(loc, tril, x):
    return normal_vector([a - b for a, b in zip(x, loc)], rows(tril))


def mvn_covariance(loc, covariance, x):
    return normal_vector([a - b for a, b in zip(x, loc)], cholesky(rows(covariance)))


def mvn_precision(loc, precision, x):
    p, d = rows(precision), [a - b for a, b in zip(x, loc)]
    n, l = len(d), cholesky(p)
    p = [[(p[i][j] + p[j][i]) / 2 for j in range(n)] for i in range(n)]
    square = sum(d[i] * p[i][j] * d[j] for i in range(n) for j in range(n))
    return -square / 2 + sum(mp.log(l[i][i]) for i in range(n)) - n * mp.log(2 * mp.pi) / 2


def student(df, loc, tril, x):
    tril, n, df = rows(tril), len(x), df[0]
    z = solve(tril, [a - b for a, b in zip(x, loc)])
    constant = lg((df + n) / 2) - lg(df / 2) - mpf(n) / 2 * mp.log(df * mp.pi)
    return constant - sum(mp.log(tril[i][i]) for i in range(n)) - (df + n) / 2 * mp.log1p(sum(v * v for v in z) / df)


def low_rank(loc, factor, diagonal, x):
    n = len(x)
    k = len(factor) // n
    w = [factor[i * k : (i + 1) * k] for i in range(n)]
    c = [[sum(a * b for a, b in zip(w[i], w[j])) + (diagonal[i] if i == j else 0) for j in range(n)] for i in range(n)]
    return normal_vector([a - b for a, b in zip(x, loc)], cholesky(c))


def lkj_cholesky(eta, x):
    l, eta = rows(x), eta[0]
    n = len(l)
    normalizer = sum(lg(eta + mpf(n - 1 - k) / 2) - lg(eta + mpf(n - 1) / 2) for k in range(1, n)) + mpf(n * (n - 1)) / 4 * mp.log(mp.pi)
    return sum((2 * eta + n - 3 - i) * mp.log(l[i][i]) for i in range(1, n)) - normalizer


def normal(x, loc, scale):
    return -(((x - loc) / scale) ** 2) / 2 - mp.log(scale) - mp.log(2 * mp.pi) / 2


def walk(scale, x):
    return sum(normal(b - a, 0, scale[0]) for a, b in zip([mpf(0)] + list(x), x))


def zero_sum(scale, x):
    n = mpf(len(x))
    return sum(normal(v - x[-1] * mp.sqrt(n) / (mp.sqrt(n) + n), 0, scale[0]) for v in x[:-1])


def mixture(p, loc, scale, x):
    return mp.log(sum(q * mp.exp(normal(x[0], m, s)) for q, m, s in zip(p, loc, scale))) - mp.log(sum(p))


def mixture_logits(l, loc, scale, x):
    return mixture([mp.exp(v) for v in l], loc, scale, x)


def log_normal_power(loc, scale, x):
    """The square root of the exponential of a normal."""
    return normal(2 * mp.log(x[0]), loc[0], scale[0]) + mp.log(2 / x[0])


def ordered_normal(loc, scale, x):
    u = [x[0]] + [mp.log(b - a) for a, b in zip(x, x[1:])]
    return sum(normal(v, m, scale[0]) for v, m in zip(u, loc)) - sum(u[1:])


def wishart_cholesky(nu, tril, x):
    t, l, nu = rows(tril), rows(x), nu[0]
    p = len(t)
    columns = [solve(t, [l[i][j] for i in range(p)]) for j in range(p)]
    trace = sum(v * v for c in columns for v in c)
    gamma = mpf(p * (p - 1)) / 4 * mp.log(mp.pi) + sum(lg((nu - j) / 2) for j in range(p))
    return (
        sum((nu - 1 - i) * mp.log(l[i][i]) for i in range(p))
        - trace / 2
        + p * (1 - nu / 2) * mp.log(2)
        - gamma
        - nu * sum(mp.log(t[i][i]) for i in range(p))
    )


DENSITIES = {f.__name__: f for f in [dirichlet, multinomial_probs, multinomial_logits, dirichlet_multinomial, mvn_tril, mvn_covariance, mvn_precision, student, low_rank, lkj_cholesky, walk, zero_sum, mixture, mixture_logits, log_normal_power, ordered_normal]}
SIMPLEX = [0.25, 0.5, 0.25]
TINY = [2.0**-500, 0.5, 0.5]
SMALL, BAD = [1.0, 0.0, 0.5, 2.0], [1e-150, 0.0, 1e-140, 1e-145]
THREE = [1e8, 0.0, 0.0, 1.0, 1e-8, 0.0, -3e4, 2e-9, 1e-3]
near = math.sqrt(1 - 1e-16 * 1e-16)

# density, parameters, value; every list flattened
ROWS = [
    ("dirichlet", [[1e-3, 1e-3, 1e-3]], SIMPLEX),
    ("dirichlet", [[1e-3, 1.0, 1.0]], TINY),
    ("dirichlet", [[1.0, 1.0, 1.0]], [0.0, 0.5, 0.5]),
    ("dirichlet", [[2.5, 1.0, 7.0]], TINY),
    ("dirichlet", [[1e8, 2e8, 1e8]], SIMPLEX),
    ("dirichlet", [[1e8, 2e8, 1e8]], [0.25 + 2.0**-14, 0.5 - 2.0**-13, 0.25 + 2.0**-14]),
    ("dirichlet", [[1e12, 2e12, 1.5e12]], SIMPLEX),
    ("dirichlet", [[150.0, 1e10, 200.0]], [2.0**-26, 1.0 - 2.0**-25, 2.0**-26]),
    ("dirichlet", [[1e-10, 1e10]], [2.0**-52, 1 - 2.0**-52]),
    ("multinomial_probs", [SIMPLEX, [4.0]], [0.0, 4.0, 0.0]),
    ("multinomial_probs", [[0.0, 0.5, 0.5], [4.0]], [0.0, 3.0, 1.0]),
    ("multinomial_probs", [SIMPLEX, [0.0]], [0.0, 0.0, 0.0]),
    ("multinomial_probs", [SIMPLEX, [1e9]], [2.5e8, 5e8, 2.5e8]),
    ("multinomial_probs", [SIMPLEX, [1e9]], [250010000.0, 499990000.0, 2.5e8]),
    ("multinomial_probs", [SIMPLEX, [1e12]], [2.5e11, 5e11 + 1e6, 2.5e11 - 1e6]),
    ("multinomial_probs", [TINY, [10.0]], [1.0, 4.0, 5.0]),
    ("multinomial_probs", [[2.0**-30, 1 - 2.0**-30], [1e9]], [1.0, 999999999.0]),
    ("multinomial_logits", [[0.0, 0.0, 0.0], [0.0]], [0.0, 0.0, 0.0]),
    ("multinomial_logits", [[-700.0, 0.0, 700.0], [4.0]], [1.0, 2.0, 1.0]),
    ("multinomial_logits", [[1e5, 1e5 + 1.0, -1e5], [5.0]], [2.0, 3.0, 0.0]),
    ("multinomial_logits", [[0.0, math.log(2.0), 0.0], [1e9]], [250010000.0, 499990000.0, 2.5e8]),
    ("multinomial_logits", [[-40.0, 0.0, 40.0], [10.0]], [0.0, 0.0, 10.0]),
    ("dirichlet_multinomial", [[1e-5, 1e-5, 1e-5], [4.0]], [0.0, 4.0, 0.0]),
    ("dirichlet_multinomial", [[1e-5, 1e-5, 1e-5], [4.0]], [1.0, 2.0, 1.0]),
    ("dirichlet_multinomial", [[1e10, 2e10, 1e10], [4.0]], [1.0, 2.0, 1.0]),
    ("dirichlet_multinomial", [[1e15, 2e15, 1e15], [3.0]], [1.0, 2.0, 0.0]),
    ("dirichlet_multinomial", [[0.5, 0.5, 3.0], [0.0]], [0.0, 0.0, 0.0]),
    ("dirichlet_multinomial", [[1.0, 1.0, 1.0], [1000.0]], [1000.0, 0.0, 0.0]),
    ("mvn_tril", [[0.0, 0.0], SMALL], [1e8, -1e8]),
    ("mvn_tril", [[0.0, 0.0], BAD], [1e-150, 1e-142]),
    ("mvn_tril", [[1e150, -1e150], [1e150, 0.0, -2e150, 1e149]], [2e150, 3e149]),
    ("mvn_tril", [[0.0, 1.0, 2.0], THREE], [1e8, 2.0, -3e4]),
    ("mvn_tril", [[1e6, 1e6], SMALL], [1e6 + 2.0**-20, 1e6]),
    ("mvn_tril", [[0.5], [1e-20]], [0.5]),
    ("mvn_covariance", [[0.0, 0.0], [1.0, 1 - 2.0**-30, 1 - 2.0**-30, 1.0]], [1.0, 1.0]),
    ("mvn_covariance", [[0.0, 0.0], [1.0, 1 - 2.0**-30, 1 - 2.0**-30, 1.0]], [1.0, -1.0]),
    ("mvn_covariance", [[0.0, 0.0], [1e-200, 0.0, 0.0, 1e200]], [1e-100, -1e100]),
    ("mvn_covariance", [[0.0, 0.0], [4e100, 2e100, 2e100, 10e100]], [1e50, 1e52]),
    ("mvn_covariance", [[0.0], [1e-300]], [1e-150]),
    ("mvn_precision", [[0.0, 0.0], [1.0, 1 - 2.0**-30, 1 - 2.0**-30, 1.0]], [1.0, 1.0]),
    ("mvn_precision", [[0.0, 0.0], [1e-200, 0.0, 0.0, 1e200]], [1e100, -1e-100]),
    ("mvn_precision", [[1.0, 2.0], [4e100, 2e100, 2e100, 10e100]], [1.0 + 2.0**-40, 2.0]),
    ("mvn_precision", [[0.0], [1e-300]], [1e150]),
    ("student", [[1e-3], [0.0, 0.0], SMALL], [1.0, -2.0]),
    ("student", [[1e-3], [0.0, 0.0], SMALL], [1e100, 1e90]),
    ("student", [[1e10], [0.0, 0.0], SMALL], [1.0, -2.0]),
    ("student", [[1e15], [0.0, 0.0], SMALL], [3.0, 1.0]),
    ("student", [[3.0], [0.0, 0.0], SMALL], [1e120, -1e120]),
    ("student", [[3.0], [0.0, 0.0], SMALL], [0.0, 0.0]),
    ("student", [[4.0], [1e-140, 0.0], BAD], [2e-140, 3e-130]),
    ("low_rank", [[0.0, 0.0], [1.0, 1.0], [1e-12, 1e-12]], [1.0, 1.0]),
    ("low_rank", [[0.0, 0.0, 0.0], [1e6, 2e6, -1e6], [1.0, 1.0, 1.0]], [1e6, 2e6, -1e6 + 1.0]),
    ("low_rank", [[0.0, 0.0], [1e-8, 1e-8], [1e8, 1e8]], [1e4, -1e4]),
    ("low_rank", [[1.0, 2.0], [0.0, 0.0], [1e-100, 1e100]], [1.0 + 2.0**-50, 1e50]),
    ("lkj_cholesky", [[1e-3]], [1.0, 0.0, 0.6, 0.8]),
    ("lkj_cholesky", [[1.0]], [1.0, 0.0, near, 1e-16]),
    ("lkj_cholesky", [[1e6]], [1.0, 0.0, 0.6, 0.8]),
    ("lkj_cholesky", [[1e10]], [1.0, 0.0, 0.0, 1.0]),
    ("lkj_cholesky", [[0.5]], [1.0, 0.0, 0.0, 1.0, 1e-150, 0.0, 0.0, 0.6, 0.8]),
    ("lkj_cholesky", [[50.0]], [1.0, 0.0, 0.0, 0.6, 0.8, 0.0, 0.36, 0.48, 0.8]),
    ("walk", [[1e-150]], [1e-150, -1e-150, 3e-150]),
    ("walk", [[1e150]], [1e150, -1e150, 3e150]),
    ("walk", [[1.0]], [1e8, 1e8 + 1.0, 1e8]),
    ("zero_sum", [[1e-100]], [1e-100, 2e-100, -3e-100]),
    ("zero_sum", [[1e100]], [1e100, 2e100, -3e100]),
    ("zero_sum", [[1.0]], [1e8, -1e8]),
    ("mixture", [[0.25, 0.75], [-1e3, 1e3], [1.0, 1.0]], [0.0]),
    ("mixture", [[0.25, 0.75], [-1e3, 1e3], [1.0, 1.0]], [-1e3]),
    ("mixture", [[0.0, 1.0], [-1.0, 2.0], [1.0, 1.0]], [5.0]),
    ("mixture", [[1e-300, 1.0], [30.0, -30.0], [1.0, 1.0]], [30.0]),
    ("mixture", [[0.5, 0.5], [0.0, 0.0], [1e-8, 1e8]], [1e-3]),
    ("mixture", [[0.5, 0.5], [0.0, 0.0], [1e-8, 1e8]], [1e-8]),
    ("mixture_logits", [[-700.0, 700.0], [-1.0, 1.0], [1.0, 1.0]], [-40.0]),
    ("mixture_logits", [[1e5, 1e5 + 1.0], [-1.0, 1.0], [1.0, 2.0]], [0.5]),
    ("log_normal_power", [[0.0], [1.0]], [1e-150]),
    ("log_normal_power", [[5.0], [1e-3]], [1e150]),
    ("ordered_normal", [[0.0, 0.0, 0.0], [1.0]], [-40.0, -40.0 + 2.0**-40, 1e15]),
    ("ordered_normal", [[1e3, -30.0, 30.0], [1e-2]], [1e3, 1e3 + 2.0**-43, 1e13]),
]


def slopes(f, args):
    """By every number of every argument."""
    out = []
    for k, arg in enumerate(args):
        row = []
        for i, v in enumerate(arg):
            h = STEP * abs(v) if v else LEAST
            at = lambda s: f(*[[u + s * h if (m, j) == (k, i) else u for j, u in enumerate(a)] for m, a in enumerate(args)])
            try:
                slope = (at(1) - at(-1)) / (2 * h)
            except (ValueError, ZeroDivisionError):
                slope = mp.nan
            row.append(number(float(slope)) if isinstance(slope, mpf) else "nan")
        out.append(row)
    return out


def condition(name, params):
    """Of the matrix of a normal distribution, rows and columns scaled to a diagonal of ones; one for other rows."""
    if name not in ("mvn_covariance", "mvn_precision"):
        return 1.0
    a = np.array(rows(params[1]))
    root = np.sqrt(np.diag(a))
    return float(np.linalg.cond(a / root[:, None] / root))


def row(name, params, value):
    args = [[mpf(v) for v in a] for a in params + [value]]
    f = DENSITIES[name]
    by = slopes(f, args)
    return {"dist": name, "params": params, "value": value, "log_prob": number(float(f(*args))), "grad": by[:-1], "value_grad": by[-1], "condition": condition(name, params)}


def main():
    write(
        "vector_extremes.json",
        {
            "about": "flattened row-major; log_prob and derivatives correctly rounded. nan: no two-sided derivative (at the "
            "edge of a domain).",
            "versions": {"python": platform.python_version(), "mpmath": mpmath.__version__, "numpy": np.__version__},
            "rows": [row(*r) for r in ROWS],
        },
    )


if __name__ == "__main__":
    main()
