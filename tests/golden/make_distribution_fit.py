"""Makes distribution_fit.json: what many draws of a distribution must look like, for Pearson's test.

Each row has edges between bins (the last bin has none; a draw at an edge is in the bin below it), the exact share of each
bin by SciPy's distribution functions, and the statistic that is exceeded once in 100 000 samples.

Install: pip install "numpy==2.4.6" "scipy==1.17.1".
Run: python make_distribution_fit.py
"""

import numpy as np
import scipy
import scipy.stats as st
from common import write

DRAWS, SEED, RARE = 20_000, 20_251_125, 1e-5
LEVELS = np.linspace(0, 1, 21)[1:-1]


ROWS = [
    ("BinomialProbs", [0.3, 12], st.binom(12, 0.3)),
    ("BinomialLogits", [1.5, 200], st.binom(200, 1 / (1 + np.exp(-1.5)))),
    ("BetaBinomial", [2.0, 0.7, 30], st.betabinom(30, 2.0, 0.7)),
    ("VonMises", [0.5, 2.0], None),
    ("TruncatedNormal", [1.0, 2.0, 3.0, 4.5], st.truncnorm(1.0, 1.75, 1.0, 2.0)),
]  # fmt: skip


def von_mises(loc, k):
    """On [−π, π], where the draws lie, not around the location."""
    full = st.vonmises(k, loc)
    start = full.cdf(-np.pi)

    class Wrapped:
        def cdf(self, x):
            return full.cdf(x) - start

        def ppf(self, q):
            return full.ppf(q + start)

    return Wrapped()


def row(name, params, d):
    d = von_mises(*params) if name == "VonMises" else d
    edges = np.unique(np.asarray(d.ppf(LEVELS), np.float64))
    below = np.concatenate([[0.0], d.cdf(edges), [1.0]])
    shares = np.diff(below)
    # Bins that expect few draws join their neighbour.
    while shares.min() * DRAWS < 20:
        i = int(shares.argmin())
        at = min(i, len(edges) - 1)
        edges = np.delete(edges, at)
        shares = np.diff(np.concatenate([[0.0], d.cdf(edges), [1.0]]))
    limit = float(st.chi2.isf(RARE, len(shares) - 1))
    return {"dist": name, "params": params, "edges": edges.tolist(), "shares": shares.tolist(), "limit": limit}


def main():
    about = "Draws of sample shape [draws] under key(seed) in bins; see the script."
    versions = {"numpy": np.__version__, "scipy": scipy.__version__}
    rows = [row(*r) for r in ROWS]
    write("distribution_fit.json", {"about": about, "versions": versions, "seed": SEED, "draws": DRAWS, "rows": rows})


if __name__ == "__main__":
    main()
