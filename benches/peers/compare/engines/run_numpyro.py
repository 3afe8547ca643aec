"""NumPyro's NUTS."""

import time

import common
import with_jax


def sample(arguments):
    """One call of `MCMC.run`; what a leapfrog of its sampling takes is timed by `phases`."""
    import numpyro  # noqa: F401

    prepare(arguments)
    import jax
    from numpyro.infer import MCMC

    compilations = with_jax.Compilations()
    values = common.data(arguments)
    kernel = nuts(arguments)
    import_s = common.since(arguments.started)
    mcmc = MCMC(
        kernel,
        num_warmup=arguments.warmup,
        num_samples=arguments.draws,
        num_chains=arguments.chains,
        chain_method=arguments.method,
        progress_bar=False,
    )
    mcmc.run(jax.random.key(arguments.seed), extra_fields=("diverging", "num_steps"), **values)
    draws = {name: jax.device_get(v) for name, v in mcmc.get_samples(group_by_chain=True).items()}
    to_draws_s = common.since(arguments.started)
    run_s = compilations.since_longest()
    common.write_draws(arguments, {name: draws[name] for name in common.sites(arguments, values)})
    extra = mcmc.get_extra_fields(group_by_chain=True)
    return {
        "import_s": import_s,
        "compile_s": to_draws_s - run_s - import_s,
        "run_s": run_s,
        "to_draws_s": to_draws_s,
        "method": arguments.method,
        "leapfrogs": int(extra["num_steps"].sum()),
        "divergences": int(extra["diverging"].sum()),
    }


def prepare(arguments):
    """A device for each chain where they run in parallel."""
    with_jax.prepare(arguments, devices=arguments.chains if arguments.method == "parallel" else 1)


def nuts(arguments, **settings):
    from numpyro.infer import NUTS

    limits = {"target_accept_prob": common.TARGET_ACCEPT, "max_tree_depth": common.MAX_DEPTH}
    return NUTS(common.model(arguments, "numpyro"), **limits | settings)


def loop(kernel, values, transitions, over_chains):
    """Transitions of a compiled loop as `MCMC` makes them, whose last state and numbers of leapfrogs are returned."""
    import jax

    constrain = over_chains(lambda z: kernel.postprocess_fn((), values)(z))

    def transition(state, _):
        state = kernel.sample(state, (), values)
        return state, (constrain(state.z), state.num_steps)

    return lambda state: jax.lax.scan(transition, state, None, length=transitions)


def phases(arguments):
    """What a leapfrog takes in sampling, with adaptation over and in a loop that is compiled ahead.

    `MCMC.run` compiles warm-up and sampling as one loop, and traces and compiles again when it goes on. The same loop
    of as many transitions serves here for both.
    """
    prepare(arguments)
    import jax

    values = common.data(arguments)
    kernel = nuts(arguments)
    parallel = arguments.method == "parallel"
    keys = jax.random.split(jax.random.key(arguments.seed + 1), arguments.chains)
    init = lambda key: kernel.init(key, arguments.draws, None, (), values)
    state = jax.pmap(init)(keys) if parallel else init(keys)
    of_loop = loop(kernel, values, arguments.draws, (lambda f: f) if parallel else jax.vmap)
    compiled = (jax.pmap if parallel else jax.jit)(of_loop).lower(state).compile()
    state, _ = jax.block_until_ready(compiled(state))
    clock = common.Clock()
    _, (_, steps) = jax.block_until_ready(compiled(state))
    wall_s, threads_s = clock.wall_s(), clock.processor_s()
    # Vectorized chains are one program: what it takes by the wall is what they take, with however many threads.
    took = common.sampling(threads_s, common.CORES) | ({} if parallel else {"sampling_s": wall_s})
    return took | {"leapfrogs": int(steps.sum())}


def leapfrog(arguments):
    """A leapfrog in trajectories of a fixed, tiny step, none of which turns, in a loop that is compiled ahead."""
    with_jax.prepare(arguments)
    import jax
    import jax.numpy as jnp

    values = {name: jnp.asarray(v) for name, v in common.data(arguments).items()}
    fixed = {"step_size": 1e-6, "adapt_step_size": False, "adapt_mass_matrix": False}
    kernel = nuts(arguments, max_tree_depth=arguments.depth, **fixed)
    state = kernel.init(jax.random.key(arguments.seed), 0, None, (), values)
    compiled = jax.jit(loop(kernel, values, arguments.draws, lambda f: f)).lower(state).compile()
    least = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        state, (_, steps) = jax.block_until_ready(compiled(state))
        least = min(least, (time.perf_counter() - start) / int(steps.sum()))
    return {"leapfrog_s": least, "leapfrogs": int(steps.sum())}


if __name__ == "__main__":
    common.main({"density": with_jax.density, "sample": sample, "phases": phases, "leapfrog": leapfrog})
