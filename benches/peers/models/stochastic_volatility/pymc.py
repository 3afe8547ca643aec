"""Stochastic volatility (Hoffman and Gelman 2014), the random walk non-centred."""

import pymc as pm
import pytensor.tensor as pt


def model(returns):
    sigma = pm.Exponential("sigma", 50.0)
    nu = pm.Exponential("nu", 0.1)
    z = pm.Normal("z", 0.0, 1.0, shape=len(returns))
    s = sigma * pt.cumsum(z)
    pm.StudentT("returns", nu=nu, mu=0.0, sigma=pt.exp(s), observed=returns)
