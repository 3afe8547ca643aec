"""Times NumPyro's NUTS on eight schools: 4 chains of 1000 warm-up and 1000 kept draws, in f64.

Each way of running the chains has a fresh process. `first_run_s` holds tracing, compilation and
sampling, `second_run_s` the same call again, `process_s` all with interpreter and imports. The
progress bar is off, which suits NumPyro best. Prints one line of JSON a way.
"""

import os

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import argparse
import json
import platform
import subprocess
import sys
import time

METHODS = ["sequential", "parallel", "vectorized"]
CHAINS, WARMUP, DRAWS = 4, 1000, 1000


def one(method, seed):
    started = time.perf_counter()
    import numpyro

    numpyro.enable_x64()
    if method == "parallel":
        numpyro.set_host_device_count(CHAINS)
    import jax
    import numpy as np
    from eight_schools import SIGMA, Y, model
    from numpyro.diagnostics import effective_sample_size, split_gelman_rubin
    from numpyro.infer import MCMC, NUTS

    import_s = time.perf_counter() - started

    def run(mcmc):
        start = time.perf_counter()
        mcmc.run(jax.random.key(seed), SIGMA, Y, extra_fields=("diverging", "num_steps"))
        draws = {k: np.asarray(v) for k, v in mcmc.get_samples(group_by_chain=True).items()}
        return time.perf_counter() - start, draws

    mcmc = MCMC(NUTS(model), num_warmup=WARMUP, num_samples=DRAWS, num_chains=CHAINS, chain_method=method, progress_bar=False)
    first_s, draws = run(mcmc)
    second_s, _ = run(mcmc)
    scalars = {k: draws[k] for k in ("mu", "tau", "theta")}
    extra = mcmc.get_extra_fields(group_by_chain=True)
    return {
        "numpyro": numpyro.__version__,
        "jax": jax.__version__,
        "python": platform.python_version(),
        "cpus": len(os.sched_getaffinity(0)),
        "chain_method": method,
        "chains": CHAINS,
        "warmup": WARMUP,
        "draws": DRAWS,
        "import_s": round(import_s, 3),
        "first_run_s": round(first_s, 3),
        "second_run_s": round(second_s, 3),
        "min_ess": round(float(min(np.min(effective_sample_size(v)) for v in scalars.values()))),
        "max_rhat": round(float(max(np.max(split_gelman_rubin(v)) for v in scalars.values())), 4),
        "divergences": int(np.sum(extra["diverging"])),
        "leapfrogs_kept": int(np.sum(extra["num_steps"])),
        "mean_mu": round(float(draws["mu"].mean()), 3),
        "mean_tau": round(float(draws["tau"].mean()), 3),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chain-method", choices=METHODS)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    if args.chain_method:
        print(json.dumps(one(args.chain_method, args.seed)))
        return
    for method in METHODS:
        start = time.perf_counter()
        command = [sys.executable, __file__, "--chain-method", method, "--seed", str(args.seed)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        result = json.loads(done.stdout)
        # The process ran twice; take the second run's time off again.
        result["process_s"] = round(time.perf_counter() - start - result["second_run_s"], 3)
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
