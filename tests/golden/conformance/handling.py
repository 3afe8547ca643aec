"""Models under handlers."""

import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist
from numpyro import handlers
from numpyro.distributions import constraints

Y = jnp.array([0.5, -1.0, 2.0])


def _pair():
    a = numpyro.sample("a", dist.Normal(0.0, 1.0))
    b = numpyro.sample("b", dist.Normal(a, 0.5))
    return numpyro.deterministic("sum", a + b)


def _grouped():
    mu = numpyro.sample("mu", dist.Normal(0.0, 1.0))
    with numpyro.plate("i", 3):
        x = numpyro.sample("x", dist.Normal(mu, 1.0))
        numpyro.sample("y", dist.Normal(x, 1.0), obs=Y)


def substituted():
    handlers.substitute(_pair, data={"a": jnp.array(1.5), "sum": jnp.array(9.0)})()


def substituted_by_function():
    def given(site):
        return jnp.array(0.25) if site["type"] == "sample" and not site["is_observed"] and site["name"] != "b" else None

    handlers.substitute(_pair, substitute_fn=given)()


def conditioned():
    handlers.condition(_grouped, data={"x": jnp.array([0.1, 0.2, 0.3])})()


def conditioned_by_function():
    handlers.condition(_pair, condition_fn=lambda site: jnp.array(2.0) if site["name"] == "b" else None)()


def conditioned_on_other_data():
    handlers.condition(_grouped, data={"y": jnp.array([1.0, 2.0, 3.0])})()


def unconditioned():
    handlers.uncondition(_grouped)()


def unconditioned_then_conditioned():
    handlers.condition(handlers.uncondition(_grouped), data={"y": -Y})()


def replayed():
    with handlers.block():
        recorded = handlers.trace(handlers.seed(_pair, 7)).get_trace()
    handlers.replay(_pair, trace=recorded)()


def replayed_but_for_data():
    with handlers.block():
        recorded = handlers.trace(handlers.seed(_grouped, 7)).get_trace()
    handlers.replay(_grouped, trace=recorded)()


def replayed_in_part():
    with handlers.block():
        recorded = handlers.trace(handlers.seed(handlers.block(_pair, hide=["b"]), 7)).get_trace()
    handlers.replay(_pair, trace=recorded)()


def intervene():
    handlers.do(_pair, data={"a": jnp.array(2.0)})()


def intervene_in_plate():
    handlers.do(_grouped, data={"x": jnp.array([1.0, 2.0, 3.0])})()


def counterfactual():
    handlers.condition(handlers.do(_pair, data={"a": jnp.array(2.0)}), data={"a": jnp.array(-1.0), "b": jnp.array(0.5)})()


def intervene_on_conditioned():
    handlers.do(handlers.condition(_pair, data={"a": jnp.array(-1.0)}), data={"a": jnp.array(2.0)})()


def block_all():
    with handlers.block():
        a = numpyro.sample("a", dist.Normal(0.0, 1.0))
    numpyro.sample("b", dist.Normal(a, 1.0))


def block_hide():
    handlers.block(_grouped, hide=["x"])()


def block_expose():
    handlers.block(_grouped, expose=["mu", "y"])()


def block_function():
    handlers.block(_grouped, hide_fn=lambda site: site["type"] == "sample" and site["is_observed"])()


def block_types():
    with handlers.block(expose_types=["param"]):
        a = numpyro.param("a", 1.5)
        numpyro.sample("b", dist.Normal(a, 1.0))
    numpyro.sample("c", dist.Normal(a, 1.0))


def block_around_seed():
    with handlers.block(hide=["a"]), handlers.seed(rng_seed=4):
        _pair()


def seed_inside():
    numpyro.sample("x", dist.Normal(0.0, 1.0))
    handlers.seed(_pair, rng_seed=8)()
    numpyro.sample("z", dist.Normal(0.0, 1.0))


def seed_twice():
    seeded = handlers.seed(_pair, rng_seed=8)
    with handlers.scope(prefix="one"):
        seeded()
    with handlers.scope(prefix="two"):
        seeded()


def seed_hides_types():
    with handlers.seed(rng_seed=8, hide_types=["plate"]):
        with numpyro.plate("i", 6, subsample_size=2):
            numpyro.sample("x", dist.Normal(0.0, 1.0))


def mask_false():
    handlers.mask(_grouped, mask=False)()


def mask_nested():
    with handlers.mask(mask=jnp.array([True, True, False])), handlers.mask(mask=jnp.array([[True], [False]])):
        numpyro.sample("x", dist.Normal(0.0, 1.0))
        numpyro.sample("y", dist.Normal(jnp.zeros(3), 1.0), obs=Y)


def mask_events():
    with handlers.mask(mask=jnp.array([True, False])):
        numpyro.sample("x", dist.Dirichlet(jnp.ones((2, 3))))
        numpyro.sample("z", dist.MultivariateNormal(jnp.zeros(2), jnp.eye(2)))


def mask_bad_data():
    scale = numpyro.sample("scale", dist.HalfNormal(1.0))
    with numpyro.plate("i", 3), handlers.mask(mask=jnp.array([True, False, True])):
        numpyro.sample("y", dist.Normal(0.0, scale), obs=jnp.array([0.5, jnp.nan, 2.0]))
        numpyro.sample("z", dist.Exponential(scale), obs=jnp.array([0.5, -1.0, 2.0]))


def scale_composes():
    with handlers.scale(scale=2.0):
        numpyro.sample("a", dist.Normal(0.0, 1.0))
        with handlers.scale(scale=0.25):
            numpyro.sample("b", dist.Normal(0.0, 1.0))
        with numpyro.plate("i", 4, subsample_size=2):
            numpyro.sample("c", dist.Normal(0.0, 1.0), obs=1.0)


def scale_of_each():
    with handlers.scale(scale=jnp.array([1.0, 2.0, 3.0])):
        numpyro.sample("x", dist.Normal(0.0, 1.0).expand([3]))
        numpyro.sample("y", dist.Normal(0.0, 1.0), obs=Y)


def scoped():
    handlers.scope(_grouped, prefix="m")()


def scoped_twice():
    with handlers.scope(prefix="out"), handlers.scope(prefix="in", divider="."):
        _grouped()


def scoped_but_plates():
    handlers.scope(_grouped, prefix="m", hide_types=["plate"])()


def scoped_then_substituted():
    handlers.substitute(handlers.scope(_pair, prefix="m"), data={"m/a": jnp.array(1.0)})()


def _lifted():
    w = numpyro.param("w", 1.0)
    s = numpyro.param("s", 2.0, constraint=constraints.positive)
    numpyro.sample("x", dist.Normal(w, s))


def lift_all():
    handlers.lift(_lifted, prior=dist.Exponential(1.0))()


def lift_some():
    handlers.lift(_lifted, prior={"s": dist.HalfNormal(3.0)})()


def lift_repeated():
    def model():
        a = numpyro.param("a", 1.0)
        numpyro.sample("x", dist.Normal(a, 1.0))
        b = numpyro.param("a", 1.0)
        numpyro.sample("y", dist.Normal(b, 1.0))

    handlers.lift(model, prior={"a": dist.Normal(0.0, 1.0)})()


def configured():
    def config(site):
        return {"enumerate": "parallel"} if site["name"] == "b" else {}

    handlers.infer_config(_pair, config_fn=config)()


def composed():
    model = handlers.condition(handlers.scope(_grouped, prefix="m"), data={"m/mu": jnp.array(0.5)})
    model = handlers.scale(handlers.mask(model, mask=jnp.array([True, False, True])), scale=2.0)
    handlers.substitute(model, data={"m/x": jnp.array([0.1, 0.2, 0.3])})()
