"""NumPyro's NUTS."""

import time

import common
import with_jax


def sample(arguments):
    """One call of `MCMC.run`; where asked, its two phases are timed apart from it, see `phases`."""
    import numpyro  # noqa: F401

    with_jax.prepare(arguments, devices=arguments.chains if arguments.method == "parallel" else 1)
    import jax
    from numpyro.infer import MCMC, NUTS

    values = common.data(arguments)
    model = common.model(arguments, "numpyro")
    import_s = common.since(arguments.started)
    mcmc = MCMC(
        NUTS(model),
        num_warmup=arguments.warmup,
        num_samples=arguments.draws,
        num_chains=arguments.chains,
        chain_method=arguments.method,
        progress_bar=False,
    )
    mcmc.run(jax.random.key(arguments.seed), extra_fields=("diverging", "num_steps"), **values)
    draws = {name: jax.device_get(v) for name, v in mcmc.get_samples(group_by_chain=True).items()}
    to_draws_s = common.since(arguments.started)
    common.write_draws(arguments, {name: draws[name] for name in common.sites(arguments, values)})
    extra = mcmc.get_extra_fields(group_by_chain=True)
    result = {
        "import_s": import_s,
        "to_draws_s": to_draws_s,
        "threads": 2 if arguments.method == "parallel" else 1,
        "method": arguments.method,
        "leapfrogs": int(extra["num_steps"].sum()),
        "divergences": int(extra["diverging"].sum()),
    }
    return result | (phases(arguments, NUTS(model), values) if arguments.phases else {})


def phases(arguments, kernel, values):
    """Times of warm-up and sampling compiled ahead, and the leapfrogs of this run's sampling.

    `MCMC.run` compiles both as one loop, and traces and compiles again when it goes on. The same loop of the same
    transitions serves for both here, as there are as many of each.
    """
    import jax

    assert arguments.warmup == arguments.draws
    parallel = arguments.method == "parallel"
    constrain = lambda z: kernel.postprocess_fn((), values)(z)

    def loop(state):
        def transition(state, _):
            state = kernel.sample(state, (), values)
            of_chain = constrain if parallel else jax.vmap(constrain)
            return state, (of_chain(state.z), state.num_steps)

        return jax.lax.scan(transition, state, None, length=arguments.draws)

    compiled_map = jax.pmap if parallel else jax.jit
    keys = jax.random.split(jax.random.key(arguments.seed + 1), arguments.chains)
    init = lambda key: kernel.init(key, arguments.warmup, None, (), values)
    state = compiled_map(init)(keys) if parallel else init(keys)
    compiled = compiled_map(loop).lower(state).compile()
    start = time.perf_counter()
    state, _ = jax.block_until_ready(compiled(state))
    middle = time.perf_counter()
    _, (_, steps) = jax.block_until_ready(compiled(state))
    sampling_s = time.perf_counter() - middle
    return {"phases": {"warmup_s": middle - start, "sampling_s": sampling_s, "leapfrogs": int(steps.sum())}}


def leapfrog(arguments):
    """A leapfrog in trajectories of a fixed, tiny step, none of which turns."""
    with_jax.prepare(arguments)
    import jax
    import jax.numpy as jnp
    from numpyro.infer import MCMC, NUTS

    values = {name: jnp.asarray(v) for name, v in common.data(arguments).items()}
    kernel = NUTS(
        common.model(arguments, "numpyro"),
        step_size=1e-6,
        adapt_step_size=False,
        adapt_mass_matrix=False,
        max_tree_depth=arguments.depth,
    )
    mcmc = MCMC(kernel, num_warmup=0, num_samples=arguments.draws, progress_bar=False)
    least = float("inf")
    for turn in range(3):
        start = time.perf_counter()
        mcmc.run(jax.random.key(arguments.seed + turn), extra_fields=("num_steps",), **values)
        steps = int(mcmc.get_extra_fields()["num_steps"].sum())
        least = min(least, (time.perf_counter() - start) / steps)
        mcmc.post_warmup_state = mcmc.last_state
    return {"leapfrog_s": least, "leapfrogs": steps}


if __name__ == "__main__":
    common.main({"density": with_jax.density, "sample": sample, "leapfrog": leapfrog})
