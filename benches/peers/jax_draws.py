"""Times draws of jax.random as frontend/examples/draw_cost.rs does ours: milliseconds to compile, microseconds a run."""

import os

os.environ["JAX_PLATFORMS"] = "cpu"

import time

import jax
from jax import random

jax.config.update("jax_enable_x64", True)

DRAWS = {
    "normal f32": lambda k, n: random.normal(k, (n,), "float32"),
    "normal f64": lambda k, n: random.normal(k, (n,)),
    "randint i64": lambda k, n: random.randint(k, (n,), 0, 1000),
    "permutation i64": lambda k, n: random.permutation(k, n),
    "gamma f64": lambda k, n: random.gamma(k, 0.5, (n,)),
    "poisson i64": lambda k, n: random.poisson(k, 5.5, (n,)),
    "binomial f64": lambda k, n: random.binomial(k, 10, 0.5, (n,)),
}


def main():
    data = random.key_data(random.key(0))
    print(f"{'draw':>16} {'elements':>9} {'compile ms':>10} {'run us':>10}")
    for name, draw in DRAWS.items():
        for n in (10, 1000, 1_000_000):
            lowered = jax.jit(lambda k: draw(random.wrap_key_data(k), n)).lower(data)
            start = time.perf_counter()
            compiled = lowered.compile()
            took = time.perf_counter() - start
            compiled(data).block_until_ready()
            runs, best = min(max(1_000_000 // n, 3), 1000), float("inf")
            for _ in range(5):
                start = time.perf_counter()
                for _ in range(runs):
                    compiled(data).block_until_ready()
                best = min(best, (time.perf_counter() - start) / runs)
            print(f"{name:>16} {n:>9} {took * 1e3:>10.0f} {best * 1e6:>10.1f}")


if __name__ == "__main__":
    main()
