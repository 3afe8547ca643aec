"""Radon: intercept and slope for each county, non-centred."""

import numpy as np
import numpyro
import numpyro.distributions as dist


def model(county, floor, log_radon):
    mu_alpha = numpyro.sample("mu_alpha", dist.Normal(0.0, 10.0))
    mu_beta = numpyro.sample("mu_beta", dist.Normal(0.0, 10.0))
    sigma_alpha = numpyro.sample("sigma_alpha", dist.HalfNormal(1.0))
    sigma_beta = numpyro.sample("sigma_beta", dist.HalfNormal(1.0))
    sigma_y = numpyro.sample("sigma_y", dist.HalfNormal(1.0))
    # NumPy's maximum is a number where JAX's, of data inside of a compiled function, would be traced.
    counties = int(np.asarray(county).max()) + 1
    with numpyro.plate("county", counties):
        alpha_raw = numpyro.sample("alpha_raw", dist.Normal(0.0, 1.0))
        beta_raw = numpyro.sample("beta_raw", dist.Normal(0.0, 1.0))
    alpha = mu_alpha + sigma_alpha * alpha_raw
    beta = mu_beta + sigma_beta * beta_raw
    with numpyro.plate("house", len(log_radon)):
        numpyro.sample("log_radon", dist.Normal(alpha[county] + beta[county] * floor, sigma_y), obs=log_radon)
