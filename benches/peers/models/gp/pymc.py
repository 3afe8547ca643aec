"""Regression by a Gaussian process with a squared exponential kernel, the function integrated out."""

import numpy as np
import pymc as pm
import pytensor.tensor as pt


def model(x, y):
    rho = pm.InverseGamma("rho", 5.0, 5.0)
    alpha = pm.HalfNormal("alpha", 1.0)
    sigma = pm.HalfNormal("sigma", 1.0)
    distance = (x[:, None] - x) / rho
    covariance = alpha**2 * pt.exp(-0.5 * distance**2) + sigma**2 * np.eye(len(x))
    pm.MvNormal("y", mu=np.zeros(len(x)), cov=covariance, observed=y)
