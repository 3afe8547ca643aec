"""Makes vector_models.json: potential energies and gradients of models with simplex, correlation, ordered and mixture sites.

NumPyro in f64 on the CPU: one model of four independent parts, its potential energy and gradient at unconstrained
points, and the constrained values there.

Install: pip install "jax==0.10.2" "numpyro==0.22.0".  Run: python make_vector_models.py
"""

import os

os.environ["JAX_PLATFORMS"] = "cpu"

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from common import array, number, write
from numpyro.infer.util import constrain_fn, potential_energy

jax.config.update("jax_enable_x64", True)

COUNTS = np.array([3, 0, 9, 1])
PAIRS = np.array([[0.3, -1.2, 2.0], [1.1, 0.4, -0.5], [-0.7, 0.0, 0.9], [2.2, -0.3, 0.1]])
RATINGS = np.array([0, 2, 1, 3, 3, 0])
COVARIATE = np.array([-1.0, 0.5, 0.0, 2.0, 1.5, -0.5])
TIMES = np.array([0.2, 3.1, 2.9, -0.4, 0.0, 3.3, 9.0])


def model(data):
    # Counts of outcomes of unknown probabilities.
    probs = numpyro.sample("probs", dist.Dirichlet(jnp.array([0.5, 1.0, 2.0, 1.0])))
    numpyro.sample("counts", dist.MultinomialProbs(probs, total_count=13), obs=data["counts"])
    # Correlated vectors of unknown scales.
    tau = numpyro.sample("tau", dist.HalfCauchy(jnp.full(3, 2.5)).to_event(1))
    factor = numpyro.sample("factor", dist.LKJCholesky(3, 2.0))
    mu = numpyro.sample("mu", dist.MultivariateNormal(jnp.zeros(3), covariance_matrix=jnp.eye(3) * 4.0))
    with numpyro.plate("rows", 4):
        numpyro.sample("pairs", dist.MultivariateNormal(mu, scale_tril=tau[:, None] * factor), obs=data["pairs"])
    # Ordered categories.
    beta = numpyro.sample("beta", dist.Normal(0.0, 2.0))
    cutpoints = numpyro.sample(
        "cutpoints", dist.TransformedDistribution(dist.Normal(0.0, 1.5).expand([3]), dist.transforms.OrderedTransform())
    )
    with numpyro.plate("raters", 6):
        numpyro.sample("ratings", dist.OrderedLogistic(beta * data["covariate"], cutpoints), obs=data["ratings"])
    # A mixture with ordered locations and a walk.
    weights = numpyro.sample("weights", dist.Dirichlet(jnp.ones(2)))
    locs = numpyro.sample("locs", dist.ImproperUniform(dist.constraints.ordered_vector, (), (2,)))
    walk = numpyro.sample("walk", dist.GaussianRandomWalk(0.3, 7))
    with numpyro.plate("times", 7):
        components = dist.Normal(locs + walk[:, None], 1.0)
        numpyro.sample("y", dist.MixtureSameFamily(dist.Categorical(probs=weights), components), obs=data["y"])


SITES = {"probs": 3, "tau": 3, "factor": 3, "mu": 3, "beta": 1, "cutpoints": 3, "weights": 1, "locs": 2, "walk": 7}
DATA = {"counts": COUNTS, "pairs": PAIRS, "ratings": RATINGS, "covariate": COVARIATE, "y": TIMES}


def unpack(x):
    values, at = {}, 0
    for name, n in SITES.items():
        values[name] = x[at : at + n] if n > 1 or name == "weights" else x[at]
        at += n
    return values


def main():
    points = []
    for seed, scale in [(0, 0.5), (1, 1.0), (2, 2.0), (3, 0.0)]:
        x = jnp.asarray(np.random.default_rng(seed).normal(size=sum(SITES.values())) * scale)
        energy = lambda x: potential_energy(model, (DATA,), {}, unpack(x))
        value, gradient = jax.value_and_grad(energy)(x)
        constrained = constrain_fn(model, (DATA,), {}, unpack(x))
        points.append(
            {
                "position": [number(float(v)) for v in x],
                "potential": float(value),
                "gradient": [number(float(v)) for v in gradient],
                "constrained": {name: array(constrained[name]) for name in SITES},
            }
        )
    write(
        "vector_models.json",
        {
            "about": "Coordinates are those of the sites in program order. Points are normal draws of growing scale, and the "
            "origin. cvine: LKJCholesky(3, [0.5, 1.5], 'cvine').sample(key(7), (2,)).",
            "versions": {"jax": jax.__version__, "numpyro": numpyro.__version__},
            "program": inspect.getsource(model),
            "data": {k: array(v) for k, v in DATA.items()},
            "points": points,
            "cvine": array(dist.LKJCholesky(3, jnp.array([0.5, 1.5]), "cvine").sample(jax.random.key(7), (2,))),
        },
    )


if __name__ == "__main__":
    main()
