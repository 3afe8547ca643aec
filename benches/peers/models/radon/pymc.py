"""Radon: intercept and slope for each county, non-centred."""

import pymc as pm


def model(county, floor, log_radon):
    counties = int(county.max()) + 1
    mu_alpha = pm.Normal("mu_alpha", 0.0, 10.0)
    mu_beta = pm.Normal("mu_beta", 0.0, 10.0)
    sigma_alpha = pm.HalfNormal("sigma_alpha", 1.0)
    sigma_beta = pm.HalfNormal("sigma_beta", 1.0)
    sigma_y = pm.HalfNormal("sigma_y", 1.0)
    alpha_raw = pm.Normal("alpha_raw", 0.0, 1.0, shape=counties)
    beta_raw = pm.Normal("beta_raw", 0.0, 1.0, shape=counties)
    alpha = mu_alpha + sigma_alpha * alpha_raw
    beta = mu_beta + sigma_beta * beta_raw
    pm.Normal("log_radon", alpha[county] + beta[county] * floor, sigma_y, observed=log_radon)
