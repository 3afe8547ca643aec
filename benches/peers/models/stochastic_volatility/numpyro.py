"""Stochastic volatility (Hoffman and Gelman 2014), the random walk non-centred."""

import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist


def model(returns):
    sigma = numpyro.sample("sigma", dist.Exponential(50.0))
    nu = numpyro.sample("nu", dist.Exponential(0.1))
    with numpyro.plate("day", len(returns)):
        z = numpyro.sample("z", dist.Normal(0.0, 1.0))
        s = sigma * jnp.cumsum(z)
        numpyro.sample("returns", dist.StudentT(nu, 0.0, jnp.exp(s)), obs=returns)
