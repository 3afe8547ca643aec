"""Models of `sample`: shapes, keys, hints, partial observation."""

import jax
import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist
from numpyro import handlers

Y = jnp.array([0.5, -1.0, 2.0])
COVARIANCE = jnp.array([[2.0, 0.6], [0.6, 1.0]])


def chain():
    a = numpyro.sample("a", dist.Normal(0.0, 1.0))
    b = numpyro.sample("b", dist.LogNormal(a, 0.5))
    c = numpyro.sample("c", dist.Laplace(a, b))
    d = numpyro.sample("d", dist.HalfCauchy(b))
    e = numpyro.sample("e", dist.Exponential(d))
    numpyro.sample("y", dist.StudentT(4.0, c, e), obs=0.25)


def many_distributions():
    numpyro.sample("uniform", dist.Uniform(-1.0, 3.0).expand([2]))
    numpyro.sample("cauchy", dist.Cauchy(1.0, 2.0))
    numpyro.sample("gumbel", dist.Gumbel(1.0, 2.0))
    numpyro.sample("logistic", dist.Logistic(1.0, 2.0))
    numpyro.sample("half_normal", dist.HalfNormal(2.0))
    numpyro.sample("gamma", dist.Gamma(2.5, 0.5))
    numpyro.sample("inverse_gamma", dist.InverseGamma(3.0, 2.0))
    numpyro.sample("beta", dist.Beta(2.0, 3.0))
    numpyro.sample("dirichlet", dist.Dirichlet(jnp.array([1.5, 2.5, 0.5])))
    numpyro.sample("weibull", dist.Weibull(2.0, 1.5))
    numpyro.sample("pareto", dist.Pareto(1.5, 3.0))
    numpyro.sample("kumaraswamy", dist.Kumaraswamy(2.0, 3.0))


def discrete_distributions():
    numpyro.sample("bernoulli", dist.Bernoulli(probs=0.3).expand([3]))
    numpyro.sample("logits", dist.Bernoulli(logits=jnp.array([-1.0, 0.5])))
    numpyro.sample("categorical", dist.Categorical(probs=jnp.array([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]])))
    numpyro.sample("poisson", dist.Poisson(jnp.array([0.5, 4.0])))
    numpyro.sample("binomial", dist.Binomial(5, probs=jnp.array([0.2, 0.7])))
    numpyro.sample("geometric", dist.Geometric(probs=0.4))
    numpyro.sample("uniform", dist.DiscreteUniform(2, 5))
    numpyro.sample("multinomial", dist.Multinomial(4, probs=jnp.array([0.2, 0.3, 0.5])))
    numpyro.sample("gamma_poisson", dist.GammaPoisson(2.0, 0.5))
    numpyro.sample("zero_inflated", dist.ZeroInflatedPoisson(0.4, 3.0).expand([2]))


def vectors():
    mean = numpyro.sample("mean", dist.MultivariateNormal(jnp.zeros(2), COVARIANCE))
    scale = numpyro.sample("scale", dist.LKJCholesky(2, 1.5))
    z = numpyro.sample("z", dist.MultivariateNormal(mean, scale_tril=scale))
    numpyro.sample("walk", dist.GaussianRandomWalk(0.5, 3))
    numpyro.sample("y", dist.Normal(z, 1.0).to_event(1), obs=jnp.array([0.5, -1.0]))


def observed():
    mu = numpyro.sample("mu", dist.Normal(0.0, 1.0))
    numpyro.sample("y", dist.Normal(mu, 1.0), obs=Y)
    numpyro.sample("count", dist.Poisson(jnp.exp(mu)), obs=jnp.array([0, 2, 3]))
    numpyro.sample("after", dist.Normal(mu, 1.0))


def sample_shape():
    a = numpyro.sample("a", dist.Normal(0.0, 1.0), sample_shape=(3,))
    numpyro.sample("b", dist.Normal(jnp.array([0.0, 1.0]), 1.0), sample_shape=(3,))
    numpyro.sample("c", dist.MultivariateNormal(jnp.zeros(2), COVARIANCE), sample_shape=(2,))
    numpyro.sample("d", dist.Normal(a.sum(), 1.0), sample_shape=(2, 1))


def sample_shape_in_plates():
    with numpyro.plate("i", 3, dim=-3), numpyro.plate("j", 1, dim=-2), numpyro.plate("k", 2, dim=-1):
        numpyro.sample("x", dist.Normal(0.0, 1.0), sample_shape=(2,))


def sample_shape_and_batch_in_plates():
    with numpyro.plate("i", 3, dim=-3), numpyro.plate("j", 2, dim=-2):
        numpyro.sample("x", dist.Normal(jnp.array([0.0, 5.0]), 1.0), sample_shape=(2,))


def expanded_masked_event():
    numpyro.sample("expanded", dist.HalfNormal(2.0).expand([2, 1]))
    numpyro.sample("masked", dist.Normal(jnp.array([0.0, 1.0]), 1.0).mask(jnp.array([True, False])))
    numpyro.sample("event", dist.Normal(jnp.zeros((2, 3)), 1.0).to_event(1))
    numpyro.sample("both", dist.Normal(0.0, 1.0).expand([2, 2]).to_event(1).mask(jnp.array([False, True])))


def own_key():
    numpyro.sample("a", dist.Normal(0.0, 1.0))
    numpyro.sample("b", dist.Normal(0.0, 1.0), rng_key=jax.random.key(9))
    with numpyro.plate("i", 3):
        numpyro.sample("c", dist.Normal(0.0, 1.0), rng_key=jax.random.key(9))
    numpyro.sample("d", dist.Normal(0.0, 1.0))


def hints():
    z = numpyro.sample("z", dist.Bernoulli(0.3), infer={"enumerate": "parallel"})
    a = numpyro.sample("a", dist.Normal(0.0, 1.0), infer={"is_auxiliary": True})
    numpyro.sample("y", dist.Normal(a + z, 1.0), obs=0.5, infer={"kl": "analytic"})


def block_plates_hint():
    with numpyro.plate("i", 3):
        numpyro.sample("a", dist.Normal(0.0, 1.0), infer={"block_plates": ["i"]})
        numpyro.sample("b", dist.Normal(0.0, 1.0))


def obs_mask_scalar():
    numpyro.sample("seen", dist.Normal(1.0, 2.0), obs=0.5, obs_mask=jnp.array(True))
    numpyro.sample("unseen", dist.Normal(1.0, 2.0), obs=0.5, obs_mask=jnp.array(False))
    numpyro.sample("after", dist.Normal(0.0, 1.0))


def obs_mask_one():
    with numpyro.plate("i", 3):
        numpyro.sample("y", dist.Normal(1.0, 2.0), obs=Y, obs_mask=jnp.array([False]))


def obs_mask_vector():
    mu = numpyro.sample("mu", dist.Normal(0.0, 1.0))
    with numpyro.plate("i", 3):
        y = numpyro.sample("y", dist.Normal(mu, 2.0), obs=Y, obs_mask=jnp.array([True, False, True]))
        numpyro.sample("z", dist.Normal(y, 1.0))


def obs_mask_nan():
    mu = numpyro.sample("mu", dist.Normal(0.0, 1.0))
    with numpyro.plate("i", 3):
        obs = jnp.array([0.5, jnp.nan, 2.0])
        numpyro.sample("y", dist.Normal(mu, 2.0), obs=obs, obs_mask=jnp.array([True, False, True]))


def obs_mask_multivariate():
    with numpyro.plate("i", 2):
        normal = dist.MultivariateNormal(jnp.zeros(2), COVARIANCE)
        obs = jnp.array([[0.5, -1.0], [2.0, 0.0]])
        numpyro.sample("y", normal, obs=obs, obs_mask=jnp.array([True, False]))


def obs_mask_without_obs():
    with numpyro.plate("i", 3):
        numpyro.sample("y", dist.Normal(1.0, 2.0), obs=None, obs_mask=jnp.array([True, False, True]))
    numpyro.sample("after", dist.Normal(0.0, 1.0))


def obs_mask_scaled():
    with handlers.scale(scale=3.0), handlers.mask(mask=jnp.array([True, True, False])):
        numpyro.sample("y", dist.Normal(0.0, 1.0).expand([3]), obs=Y, obs_mask=jnp.array([True, False, True]))
