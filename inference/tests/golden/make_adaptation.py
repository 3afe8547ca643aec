"""Golden values of warm-up's parts: NumPyro's dual averaging, Welford covariances and adaptation schedule, and the
generator squares64 from its definition.

Writes adaptation.json beside this file. Versions used: numpyro 0.22.0, jax 0.10.2, numpy 2.4.6.

    python inference/tests/golden/make_adaptation.py
"""

import json
from pathlib import Path

import jax
import numpy as np

jax.config.update("jax_enable_x64", True)

from numpyro.infer.hmc_util import build_adaptation_schedule, dual_averaging, welford_covariance  # noqa: E402


def averaging(rng):
    init, update = dual_averaging()
    state = init(np.log(10 * 0.3))
    statistics = rng.uniform(-0.2, 0.8, 12).tolist()
    steps = []
    for g in statistics:
        state = update(g, state)
        steps.append([float(state[0]), float(state[1])])
    return {"step_size": 0.3, "g": statistics, "log_step_and_average": steps}


def welford(rng, diagonal):
    init, update, final = welford_covariance(diagonal=diagonal)
    draws = rng.normal(size=(7, 3)) * [0.1, 1.0, 30.0] + [5.0, 0.0, -2.0]
    state = init(3)
    for draw in draws:
        state = update(draw, state)
    cov, _, _ = final(state, regularize=True)
    return {"draws": draws.ravel().tolist(), "covariance": np.asarray(cov).ravel().tolist()}


MASK = 2**64 - 1


def squares64(ctr, key):
    def swap(x):
        return ((x >> 32) | (x << 32)) & MASK

    y = x = ctr * key & MASK
    z = y + key & MASK
    x = swap(x * x + y & MASK)
    x = swap(x * x + z & MASK)
    x = swap(x * x + y & MASK)
    t = x = x * x + z & MASK
    x = swap(x)
    return t ^ ((x * x + y & MASK) >> 32)


def main():
    rng = np.random.default_rng(5)
    key = 0xC58EFD154CE32F6D
    counters = [0, 1, 2, 12345, 2**40 + 7, 2**64 - 1]
    schedules = {n: [[w.start, w.end] for w in build_adaptation_schedule(n)] for n in (10, 18, 20, 50, 99, 150, 280, 1000, 3333)}
    golden = {
        "dual_averaging": averaging(rng),
        "welford": {"diagonal": welford(rng, True), "dense": welford(rng, False)},
        "schedules": {str(n): windows for n, windows in schedules.items()},
        # As pairs of words, high and low, since JSON readers take large integers for floats.
        "squares64": {
            "key": [key >> 32, key & 0xFFFFFFFF],
            "counters": [[c >> 32, c & 0xFFFFFFFF] for c in counters],
            "values": [[v >> 32, v & 0xFFFFFFFF] for v in (squares64(c, key) for c in counters)],
        },
    }
    Path(__file__).with_name("adaptation.json").write_text(json.dumps(golden, indent=1) + "\n")


main()
