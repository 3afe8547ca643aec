"""Item response theory with two parameters an item, posteriordb's irt_2pl."""

import numpyro
import numpyro.distributions as dist


def model(y):
    items, persons = y.shape
    sigma_theta = numpyro.sample("sigma_theta", dist.HalfCauchy(2.0))
    with numpyro.plate("person", persons):
        theta = numpyro.sample("theta", dist.Normal(0.0, sigma_theta))
    sigma_a = numpyro.sample("sigma_a", dist.HalfCauchy(2.0))
    with numpyro.plate("item", items):
        a = numpyro.sample("a", dist.LogNormal(0.0, sigma_a))
    mu_b = numpyro.sample("mu_b", dist.Normal(0.0, 5.0))
    sigma_b = numpyro.sample("sigma_b", dist.HalfCauchy(2.0))
    with numpyro.plate("item", items):
        b = numpyro.sample("b", dist.Normal(mu_b, sigma_b))
    logits = a[:, None] * (theta - b[:, None])
    with numpyro.plate("answered", items, dim=-2), numpyro.plate("answering", persons, dim=-1):
        numpyro.sample("y", dist.Bernoulli(logits=logits), obs=y)
