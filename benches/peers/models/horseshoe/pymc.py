"""Regression under the regularised horseshoe (Piironen and Vehtari 2017), non-centred."""

import pymc as pm
import pytensor.tensor as pt


def model(x, y):
    tau = pm.HalfCauchy("tau", 0.01)
    slab = pm.InverseGamma("slab", 2.0, 8.0)
    sigma = pm.HalfNormal("sigma", 2.0)
    scale = pm.HalfCauchy("lambda", 1.0, shape=x.shape[1])
    z = pm.Normal("z", 0.0, 1.0, shape=x.shape[1])
    beta = tau * scale * z * pt.sqrt(slab / (slab + (tau * scale) ** 2))
    pm.Normal("y", pt.dot(x, beta), sigma, observed=y)
