"""Logistic regression."""

import numpyro
import numpyro.distributions as dist


def model(x, y):
    with numpyro.plate("column", x.shape[1]):
        beta = numpyro.sample("beta", dist.Normal(0.0, 1.0))
    with numpyro.plate("row", len(y)):
        numpyro.sample("y", dist.Bernoulli(logits=x @ beta), obs=y)
