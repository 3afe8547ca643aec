"""Stan's NUTS by stanli, an interpreter of Stan programs on Stan's own library of functions."""

import time

import common
import numpy as np


def built(arguments):
    import stanli

    values = common.data(arguments)
    program = common.MODELS / arguments.model / "model.stan"
    more = common.load(program.with_name("data.py")).stan(values)
    given = {name: v.tolist() if isinstance(v, np.ndarray) else v for name, v in (values | more).items()}
    return stanli.Model(str(program), data=given), values


def density(arguments):
    """The log density and gradient as Python calls them; stanli's own loops call without Python."""
    model, values = built(arguments)
    names = list(common.sites(arguments, values))
    results, gradients = [], []
    for point in common.points(arguments):
        value, gradient = model.log_prob_grad(np.concatenate([np.ravel(point[name]) for name in names]))
        results.append(value)
        gradients.append(common.by_site(names, point, gradient))
    position = np.full(model.n_unconstrained, 0.1)
    dispatched = common.shortest_call(arguments.seconds, lambda: model.log_prob_grad(position))
    return common.checked(results, gradients) | {"dispatched_s": dispatched}


def sample(arguments):
    import stanli

    import_s = common.since(arguments.started)
    # What it prints at the end of a run are its chains' times, rounded; this takes them as they are.
    reports = []
    stanli._print_sample_reports = lambda of_chains, *_: reports.extend(of_chains)
    stanli._print_sample_progress = lambda *_: None
    start = time.perf_counter()
    model, values = built(arguments)
    compile_s = time.perf_counter() - start
    clock = common.Clock()
    fit = model.sample(
        chains=arguments.chains,
        warmup=arguments.warmup,
        samples=arguments.draws,
        seed=arguments.seed + 1,
        parallel_chains=common.CORES,
        delta=common.TARGET_ACCEPT,
        max_depth=common.MAX_DEPTH,
        refresh=arguments.warmup + arguments.draws,
    )
    run_s = clock.wall_s()
    to_draws_s = common.since(arguments.started)
    common.write_draws(arguments, {name: fit.draws(name) for name in common.sites(arguments, values)})
    return {
        "import_s": import_s,
        "compile_s": compile_s,
        "run_s": run_s,
        "to_draws_s": to_draws_s,
        **common.sampling(sum(r.sampling_seconds for r in reports), common.CORES),
        "method": "one chain a thread",
        "leapfrogs": int(fit["n_leapfrog__"].sum()),
        "divergences": int(fit["divergent__"].sum()),
    }


if __name__ == "__main__":
    common.main({"density": density, "sample": sample})
