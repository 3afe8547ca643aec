"""Item response theory with two parameters an item, posteriordb's irt_2pl."""

import pymc as pm


def model(y):
    items, persons = y.shape
    sigma_theta = pm.HalfCauchy("sigma_theta", 2.0)
    theta = pm.Normal("theta", 0.0, sigma_theta, shape=persons)
    sigma_a = pm.HalfCauchy("sigma_a", 2.0)
    a = pm.LogNormal("a", 0.0, sigma_a, shape=items)
    mu_b = pm.Normal("mu_b", 0.0, 5.0)
    sigma_b = pm.HalfCauchy("sigma_b", 2.0)
    b = pm.Normal("b", mu_b, sigma_b, shape=items)
    pm.Bernoulli("y", logit_p=a[:, None] * (theta - b[:, None]), observed=y)
