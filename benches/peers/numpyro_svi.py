"""Minibatch logistic regression on half a million rows by NumPyro's SVI, for comparison with the example `minibatch` of
pyroxene-inference: the same data, model, guide, key and steps. One JSON line on stdout."""

import json
import resource
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from jax import random
from numpyro.distributions import constraints
from numpyro.infer import SVI, Trace_ELBO
from numpyro.optim import Adam

numpyro.enable_x64()
ROWS, FEATURES, BATCH = 500_000, 20, 256


def number(i):
    return (i.astype(np.uint64) * np.uint64(2654435761) % np.uint64(1 << 32)).astype(np.float64) / (2**32 - 1) - 0.5


def model(x, y):
    w = numpyro.sample("w", dist.Normal(0.0, 1.0).expand([FEATURES]).to_event(1))
    b = numpyro.sample("b", dist.Normal(0.0, 1.0))
    with numpyro.plate("row", ROWS, subsample_size=BATCH):
        xi, yi = numpyro.subsample(x, event_dim=1), numpyro.subsample(y, event_dim=0)
        numpyro.sample("y", dist.BernoulliLogits(xi @ w + b), obs=yi)


def guide(x, y):
    w_loc = numpyro.param("w_loc", jnp.zeros(FEATURES))
    w_scale = numpyro.param("w_scale", jnp.full(FEATURES, 0.1), constraint=constraints.positive)
    numpyro.sample("w", dist.Normal(w_loc, w_scale).to_event(1))
    b_loc = numpyro.param("b_loc", 0.0)
    b_scale = numpyro.param("b_scale", 0.1, constraint=constraints.positive)
    numpyro.sample("b", dist.Normal(b_loc, b_scale))


def main():
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    x = number(np.arange(ROWS * FEATURES)).reshape(ROWS, FEATURES)
    logit = (x * ((np.arange(FEATURES) - 10.0) / 5.0)).sum(1)
    y = (logit + 2.0 * number(ROWS * FEATURES + np.arange(ROWS)) > 0).astype(np.float64)
    x, y = jnp.asarray(x), jnp.asarray(y)
    svi = SVI(model, guide, Adam(0.01), Trace_ELBO())
    # The loop of `svi.run` without its progress bar, compiled ahead so that the second time is that of steps alone.
    run = jax.jit(
        lambda state, x, y, n: jax.lax.scan(lambda s, _: svi.update(s, x, y), state, None, length=n), static_argnums=3
    )
    start = time.perf_counter()
    state = svi.init(random.PRNGKey(0), x, y)
    state, first = jax.block_until_ready(run(state, x, y, 100))
    compiled = time.perf_counter() - start
    compiled_run = run.lower(state, x, y, steps).compile()
    start = time.perf_counter()
    state, losses = jax.block_until_ready(compiled_run(state, x, y))
    seconds = time.perf_counter() - start
    print(
        json.dumps(
            {
                "library": f"numpyro {numpyro.__version__}, jax {jax.__version__}",
                "steps_per_second": round(steps / seconds, 1),
                "first_100_steps_s": round(compiled, 2),
                "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6),
                "data_mb": round(ROWS * (FEATURES + 1) * 8 / 1e6),
                "mean_last_loss": round(float(losses[-500:].mean()), 1),
                "first_loss": round(float(first[0]), 6),
            }
        )
    )


main()
