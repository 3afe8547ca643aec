"""Regression under the regularised horseshoe (Piironen and Vehtari 2017), non-centred."""

import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist


def model(x, y):
    tau = numpyro.sample("tau", dist.HalfCauchy(0.01))
    slab = numpyro.sample("slab", dist.InverseGamma(2.0, 8.0))
    sigma = numpyro.sample("sigma", dist.HalfNormal(2.0))
    with numpyro.plate("column", x.shape[1]):
        scale = numpyro.sample("lambda", dist.HalfCauchy(1.0))
        z = numpyro.sample("z", dist.Normal(0.0, 1.0))
    beta = tau * scale * z * jnp.sqrt(slab / (slab + (tau * scale) ** 2))
    with numpyro.plate("row", len(y)):
        numpyro.sample("y", dist.Normal(x @ beta, sigma), obs=y)
