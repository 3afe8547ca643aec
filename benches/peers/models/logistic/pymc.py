"""Logistic regression."""

import pymc as pm
import pytensor.tensor as pt


def model(x, y):
    beta = pm.Normal("beta", 0.0, 1.0, shape=x.shape[1])
    pm.Bernoulli("y", logit_p=pt.dot(x, beta), observed=y)
