"""nutpie's NUTS on PyMC's models, compiled by Numba."""

import ctypes
import time

import common
import numpy as np


def compiled(arguments):
    import nutpie
    import pymc as pm

    values = common.data(arguments)
    with pm.Model() as model:
        common.model(arguments, "pymc")(**values)
    return model, nutpie.compile_pymc_model(model), values


def coordinates(model):
    """The sites in the order of nutpie's position; PyMC's names of transformed ones end in the transform's."""
    return [model.values_to_rvs[value].name for value in model.value_vars]


def density(arguments, model, code):
    """The compiled function that nutpie's sampler calls, called from Python through its address."""
    double = ctypes.POINTER(ctypes.c_double)
    function = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_uint64, double, double, double, ctypes.c_void_p)
    call = function(code.compiled_logp_func.address)
    position, gradient, value = np.zeros(code.n_dim), np.zeros(code.n_dim), np.zeros(1)
    pointers = [array.ctypes.data_as(double) for array in (position, gradient, value)]
    evaluate = lambda: call(code.n_dim, *pointers, code.user_data.ctypes.data)
    names = coordinates(model)
    values, gradients = [], []
    for point in common.points(arguments):
        position[:] = np.concatenate([np.ravel(point[name]) for name in names])
        if evaluate() != 0:
            raise RuntimeError("nutpie's density fails at a point of the check")
        values.append(value[0])
        gradients.append(common.by_site(names, point, gradient.copy()))
    position[:] = 0.1
    dispatched = common.shortest_call(arguments.seconds, evaluate)
    return common.checked(values, gradients) | {"dispatched_s": dispatched}


def sample(arguments):
    import nutpie  # noqa: F401
    import pymc  # noqa: F401

    import_s = common.since(arguments.started)
    start = time.perf_counter()
    model, code, values = compiled(arguments)
    compile_s = time.perf_counter() - start
    clock = common.Clock()
    sampler = nutpie.sample(
        code,
        draws=arguments.draws,
        tune=arguments.warmup,
        chains=arguments.chains,
        cores=common.CORES,
        target_accept=common.TARGET_ACCEPT,
        maxdepth=common.MAX_DEPTH,
        seed=arguments.seed,
        progress_bar=False,
        blocking=False,
    )
    # Making ArviZ's object of the draws is no part of the sampling.
    sampler._sampler.wait(None)
    run_s, processor_s = clock.wall_s(), clock.processor_s()
    trace = sampler.wait()
    to_draws_s = common.since(arguments.started)
    common.write_draws(arguments, {name: trace.posterior[name].values for name in common.sites(arguments, values)})
    steps = float(trace.sample_stats.n_steps.sum())
    # nutpie tells no times: what the processor worked is divided as the leapfrogs are.
    share = steps / (steps + float(trace.warmup_sample_stats.n_steps.sum()))
    return {
        "import_s": import_s,
        "compile_s": compile_s,
        "run_s": run_s,
        "to_draws_s": to_draws_s,
        **common.sampling(processor_s * share, common.CORES),
        "method": "one chain a thread",
        "leapfrogs": int(steps),
        "divergences": int(trace.sample_stats.diverging.sum()),
        **density(arguments, model, code),
    }


if __name__ == "__main__":
    common.main({"sample": sample})
