"""Eight schools, non-centred."""

import pymc as pm


def model(y, sigma):
    mu = pm.Normal("mu", 0.0, 5.0)
    tau = pm.HalfCauchy("tau", 5.0)
    theta_trans = pm.Normal("theta_trans", 0.0, 1.0, shape=len(y))
    pm.Normal("y", mu + tau * theta_trans, sigma, observed=y)
