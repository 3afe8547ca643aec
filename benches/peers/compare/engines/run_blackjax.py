"""BlackJAX's NUTS with window adaptation, on the log densities of NumPyro's models."""

import time

import common
import with_jax


def sample(arguments):
    """One chain a host device; warm-up and sampling are compiled ahead, each by itself."""
    with_jax.prepare(arguments, devices=arguments.chains)
    import blackjax
    import jax

    values = common.data(arguments)
    density = with_jax.log_density(arguments, values)
    import_s = common.since(arguments.started)

    def adapt(key, position):
        # The depth is its own default, 10: given here, it would come back as an array.
        adaptation = blackjax.window_adaptation(
            blackjax.nuts, density, target_acceptance_rate=common.TARGET_ACCEPT
        )
        return adaptation.run(key, position, num_steps=arguments.warmup)[0]

    def draw(key, state, parameters):
        step = blackjax.nuts(density, max_num_doublings=common.MAX_DEPTH, **parameters).step

        def transition(state, key):
            state, info = step(key, state)
            return state, (constrain(state.position), info.num_integration_steps, info.is_divergent)

        return jax.lax.scan(transition, state, jax.random.split(key, arguments.draws))[1]

    constrain = constraining(arguments, values)
    first, second, third = jax.random.split(jax.random.key(arguments.seed), 3)
    position = with_jax.start(arguments, values, first, arguments.chains)
    # The parameters that do not differ by chain, such as the bound of energies, are no arrays.
    adapted, warmup_compile_s, warmup = run(jax.pmap(adapt), jax.random.split(second, arguments.chains), position)
    keys = jax.random.split(third, arguments.chains)
    (draws, steps, diverging), compile_s, kept = run(jax.pmap(draw), keys, *adapted)
    draws = jax.device_get(draws)
    to_draws_s = common.since(arguments.started)
    common.write_draws(arguments, draws)
    return {
        "import_s": import_s,
        "compile_s": warmup_compile_s + compile_s,
        "run_s": warmup[0] + kept[0],
        "to_draws_s": to_draws_s,
        **common.sampling(kept[1], common.CORES),
        "method": "parallel",
        "leapfrogs": int(steps.sum()),
        "divergences": int(diverging.sum()),
    }


def constraining(arguments, values):
    """The latent sites' values at unconstrained coordinates."""
    from numpyro.infer.util import constrain_fn

    model = common.model(arguments, "numpyro")
    return lambda z: constrain_fn(model, (), values, z)


def run(function, *arguments):
    """The result, the seconds of tracing with compilation, and the run's, by the wall and of the processor."""
    import jax

    start = time.perf_counter()
    compiled = function.lower(*arguments).compile()
    compile_s = time.perf_counter() - start
    clock = common.Clock()
    result = jax.block_until_ready(compiled(*arguments))
    return result, compile_s, (clock.wall_s(), clock.processor_s())


if __name__ == "__main__":
    common.main({"sample": sample})
