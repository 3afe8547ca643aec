"""Times one value and gradient of the eight schools potential, called through JAX from Python.

The whole call is counted, as a sampler's host loop would pay for it: (a) device array in,
`block_until_ready` out; (b) NumPy in, a float and a NumPy array out. The data are closed over,
which suits JAX best. Prints one line of JSON; times are nanoseconds a call.
"""

import os

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import argparse
import json
import platform
import time

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
from eight_schools import SIGMA, Y, model
from numpyro.infer.util import potential_energy

jax.config.update("jax_enable_x64", True)


def potential(x):
    values = {"theta_trans": x[:8], "mu": x[8], "tau": x[9]}
    return potential_energy(model, (SIGMA, Y), {}, values)


def measure(call, calls):
    for _ in range(200):
        call()
    times = np.empty(calls, np.int64)
    for i in range(calls):
        start = time.perf_counter_ns()
        call()
        times[i] = time.perf_counter_ns() - start
    return {"min": int(times.min()), "median": float(np.median(times))}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=50_000)
    calls = parser.parse_args().calls
    host = 0.1 + 0.05 * (np.arange(10) % 7) - 0.15 * (np.arange(10) % 3)
    device = jnp.asarray(host)
    started = time.perf_counter()
    compiled = jax.jit(jax.value_and_grad(potential))
    value, gradient = jax.block_until_ready(compiled(device))
    compile_s = time.perf_counter() - started

    def read():
        v, g = compiled(host)
        return float(v), np.asarray(g)

    print(
        json.dumps(
            {
                "jax": jax.__version__,
                "numpyro": numpyro.__version__,
                "python": platform.python_version(),
                "device": str(jax.devices()[0]),
                "cpus": len(os.sched_getaffinity(0)),
                "calls": calls,
                "value": float(value),
                "gradient_norm": float(jnp.linalg.norm(gradient)),
                "trace_and_compile_s": round(compile_s, 3),
                "value_and_grad_call_ns": measure(lambda: jax.block_until_ready(compiled(device)), calls),
                "python_read": measure(read, calls),
            }
        )
    )


if __name__ == "__main__":
    main()
