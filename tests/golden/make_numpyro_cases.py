"""Makes numpyro_cases.json and numpyro_vectors.json: NumPyro's own test cases as numbers, with gradients and draws.

The constructors, parameters and values are those of the parameter lists in NumPyro 0.22.0's
test/test_distributions.py (Copyright Contributors to the Pyro Project, Apache-2.0), exported once in f64; values are
NumPyro's draws. log_prob, mean, variance, cdf and the quantile at 0.3 are the export's, gradients and draws are
evaluated here, and log_prob is held against the installed NumPyro.

Install: pip install "jax==0.10.2" "numpyro==0.22.0".
Run: python make_numpyro_cases.py [EXPORT]
EXPORT is the JSON of all exported cases, from which those named in DISTRIBUTIONS are chosen; without it the chosen
ones are read from the two files and evaluated again. numpyro_vectors.json has the events of several elements.
"""

import json
import os
import sys
import warnings

os.environ["JAX_PLATFORMS"] = "cpu"

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from common import HERE, array, write

jax.config.update("jax_enable_x64", True)
warnings.simplefilter("ignore")
KEY = 7


def mixture(components):
    return lambda probs, *params: dist.MixtureSameFamily(dist.Categorical(probs=probs), components(*params))


def general(component):
    def make(probs, *params):
        parts = [component(*[p[i] for p in params]) for i in range(probs.shape[-1])]
        return dist.MixtureGeneral(dist.Categorical(probs=probs), parts)

    return make


def multivariate_normal(loc, covariance=None, precision=None, tril=None):
    return dist.MultivariateNormal(loc, covariance, precision, tril)


# Those whose constructor here is not the class of the same name.
FACTORIES = {
    "_TruncatedNormal": lambda loc, scale, low=None, high=None: dist.TruncatedNormal(loc, scale, low=low, high=high),
    "_TruncatedCauchy": lambda loc, scale, low=None, high=None: dist.TruncatedCauchy(loc, scale, low=low, high=high),
    "TwoSidedTruncatedDistribution": lambda _, low, high: dist.TruncatedDistribution(dist.Laplace(0.0, 1.0), low, high),
    "ZeroInflatedPoissonLogits": lambda rate, gate: dist.ZeroInflatedDistribution(dist.Poisson(rate), gate_logits=gate),
    "FoldedNormal": lambda loc, scale: dist.FoldedDistribution(dist.Normal(loc, scale)),
    "LKJCholesky": lambda n, concentration, _=None: dist.LKJCholesky(int(n), concentration),
    "LKJ": lambda n, concentration, _=None: dist.LKJ(int(n), concentration),
    "MultivariateNormal": multivariate_normal,
    "GaussianRandomWalk": lambda scale, n: dist.GaussianRandomWalk(scale, int(n)),
    "ZeroSumNormal": lambda scale, shape: dist.ZeroSumNormal(scale, tuple(int(n) for n in shape)),
    "_GaussianMixture": mixture(dist.Normal),
    "_Gaussian2DMixture": mixture(dist.MultivariateNormal),
    "_GeneralMixture": general(dist.Normal),
    "_General2DMixture": general(dist.MultivariateNormal),
}
DISTRIBUTIONS = """
AsymmetricLaplace AsymmetricLaplaceQuantile Beta BetaProportion Cauchy Chi2 Dirichlet Exponential FoldedNormal Gamma
Gompertz Gumbel HalfCauchy HalfNormal InverseGamma Kumaraswamy Laplace Levy LKJ LKJCholesky LogNormal LogUniform
Logistic LowRankMultivariateNormal MultivariateNormal MultivariateStudentT Normal Pareto RelaxedBernoulliLogits
SoftLaplace StudentT _TruncatedCauchy _TruncatedNormal TwoSidedTruncatedDistribution Uniform Weibull _GaussianMixture
_Gaussian2DMixture _GeneralMixture _General2DMixture VonMises BetaBinomial BernoulliProbs BernoulliLogits BinomialProbs
BinomialLogits CategoricalProbs CategoricalLogits Delta DirichletMultinomial DiscreteUniform GammaPoisson GeometricProbs
GeometricLogits HurdlePoisson MultinomialProbs MultinomialLogits NegativeBinomial2 NegativeBinomialProbs
NegativeBinomialLogits OrderedLogistic Poisson ZeroInflatedPoisson ZeroInflatedPoissonLogits GaussianRandomWalk
ZeroSumNormal Wishart WishartCholesky InverseWishart InverseWishartCholesky
""".split()
FILES = {"numpyro_cases.json": False, "numpyro_vectors.json": True}
NUMBERS = ("value", "log_prob", "mean", "variance", "cdf", "icdf_q0.3")


def exported(case):
    """A case of the export in the form of this folder's files."""

    def numbers(record):
        if record is None:
            return None
        values = ["nan" if x is None else x for x in record["data"]]
        return {"shape": record["shape"], "dtype": record["dtype"], "values": values}

    shapes = {k: case[k] for k in ("batch_shape", "event_shape")}
    records = {k: numbers(case[k]) for k in NUMBERS if case.get(k) is not None}
    known = {k: r for k, r in records.items() if set(r["values"]) != {"nan"}}
    name, params = case["dist"], [numbers(p) for p in case["params"]]
    return {"dist": name, "from": f"{case['list']} {case['index']}", "params": params, **shapes, **known}


def tensor(record):
    return None if record is None else jnp.asarray(np.array([float(x) for x in record["values"]]).reshape(record["shape"]), record["dtype"])


def evaluated(case):
    """Adds gradients of the sum of log_prob, by value and by each real parameter (by position), and draws."""
    make = FACTORIES.get(case["dist"]) or getattr(dist, case["dist"])
    # Sizes are static, as text and missing arguments are.
    params, value = [tensor(p) for p in case["params"]], tensor(case["value"])
    real = [i for i, p in enumerate(params) if p is not None and jnp.issubdtype(p.dtype, jnp.floating)]

    def total(value, chosen):
        given = list(params)
        for i, p in zip(real, chosen):
            given[i] = p
        return make(*given).log_prob(value).sum()

    chosen = [params[i] for i in real]
    d = make(*params)
    there = np.asarray(tensor(case["log_prob"]))
    assert np.allclose(d.log_prob(value), there, rtol=1e-9, atol=1e-9), (case["dist"], case["from"])
    by = jax.grad(total, 1)(value, chosen)
    grad = {str(i): array(g) for i, g in zip(real, by)}
    if jnp.issubdtype(value.dtype, jnp.floating):
        grad["value"] = array(jax.grad(total)(value, chosen))
    draws = array(d.sample(jax.random.key(KEY), (2,)))
    return {**case, "grad": grad, "draws": draws}


def main():
    if len(sys.argv) > 1:
        with open(sys.argv[1]) as f:
            cases = [exported(c) for c in json.load(f)["cases"] if c["dist"] in DISTRIBUTIONS and "err" not in c]
    else:
        cases = [c for name in FILES for c in json.loads((HERE / name).read_text())["cases"]]
    about = (
        "Cases of NumPyro 0.22.0's test/test_distributions.py (Copyright Contributors to the Pyro Project, "
        "Apache-2.0) in f64. params are positional, null where not given. A number that NumPyro does not provide is "
        f"absent, or nan. grad: of the sum of log_prob by parameter and value. draws: sample(key({KEY}), (2,))."
    )
    versions = {"jax": jax.__version__, "numpyro": numpyro.__version__}
    for name, of_vectors in FILES.items():
        chosen = [evaluated(c) for c in cases if bool(c["event_shape"]) == of_vectors]
        write(name, {"about": about, "versions": versions, "cases": chosen})


if __name__ == "__main__":
    main()
