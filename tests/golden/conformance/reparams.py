"""Models under `reparam`."""

import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist
from numpyro import handlers
from numpyro.distributions import constraints, transforms
from numpyro.infer.reparam import CircularReparam, ExplicitReparam, LocScaleReparam, ProjectedNormalReparam, TransformReparam


def _funnel():
    mu = numpyro.sample("mu", dist.Normal(0.0, 5.0))
    tau = numpyro.sample("tau", dist.HalfNormal(2.0))
    with numpyro.plate("i", 3):
        x = numpyro.sample("x", dist.Normal(mu, tau))
        numpyro.sample("y", dist.Normal(x, 1.0), obs=jnp.array([0.5, -1.0, 2.0]))


def loc_scale_centered():
    handlers.reparam(_funnel, config={"x": LocScaleReparam(centered=1.0)})()


def loc_scale_partly():
    handlers.reparam(_funnel, config={"x": LocScaleReparam(centered=0.3)})()


def loc_scale_noncentered():
    handlers.reparam(_funnel, config={"x": LocScaleReparam(centered=0.0)})()


def loc_scale_learnable():
    handlers.reparam(_funnel, config={"x": LocScaleReparam(), "mu": LocScaleReparam()})()


def loc_scale_shape_parameter():
    with handlers.reparam(config={"x": LocScaleReparam(centered=0.0, shape_params=["df"])}):
        numpyro.sample("x", dist.StudentT(4.0, jnp.array([1.0, 2.0]), 3.0))


def loc_scale_event():
    with handlers.reparam(config={"x": LocScaleReparam(centered=0.0)}):
        numpyro.sample("x", dist.Normal(jnp.array([1.0, 2.0]), 3.0).to_event(1))


def by_function():
    def config(site):
        return LocScaleReparam(centered=0.0) if site["name"] in ("mu", "x") and not site["is_observed"] else None

    handlers.reparam(_funnel, config=config)()


def transformed():
    normal = dist.TransformedDistribution(dist.Normal(0.0, 1.0), transforms.AffineTransform(1.0, 2.0))
    log_normal = dist.TransformedDistribution(dist.Normal(0.5, 1.0), [transforms.ExpTransform(), transforms.AffineTransform(1.0, 3.0)])
    with handlers.reparam(config={"x": TransformReparam(), "z": TransformReparam()}):
        x = numpyro.sample("x", normal)
        with numpyro.plate("i", 2):
            numpyro.sample("z", log_normal.expand([2]))
    numpyro.sample("y", dist.Normal(x, 1.0), obs=0.5)


def explicit():
    with handlers.reparam(config={"x": ExplicitReparam(transforms.AffineTransform(1.0, 2.0)), "z": ExplicitReparam(transforms.ExpTransform().inv)}):
        x = numpyro.sample("x", dist.Normal(0.0, 1.0))
        with numpyro.plate("i", 2):
            numpyro.sample("z", dist.Gamma(4.0, 4.0))
    numpyro.sample("y", dist.Normal(x, 1.0), obs=0.5)


def projected_normal():
    with handlers.reparam(config={"x": ProjectedNormalReparam(), "z": ProjectedNormalReparam()}):
        numpyro.sample("x", dist.ProjectedNormal(jnp.array([1.0, 2.0, -1.0])))
        with numpyro.plate("i", 2):
            numpyro.sample("z", dist.ProjectedNormal(jnp.array([1.0, 0.0])))


def circular():
    with handlers.reparam(config={"x": CircularReparam()}):
        with handlers.substitute(data={"x_unwrapped": jnp.array(7.5)}):
            x = numpyro.sample("x", dist.VonMises(0.5, 2.0))
    numpyro.sample("y", dist.Normal(x, 1.0), obs=0.5)


def reparam_of_substituted():
    with handlers.substitute(data={"x_decentered": jnp.array([0.1, 0.2, 0.3])}):
        handlers.reparam(_funnel, config={"x": LocScaleReparam(centered=0.0)})()


def reparam_scaled_and_masked():
    with handlers.scale(scale=2.0), handlers.mask(mask=jnp.array([True, False, True])):
        handlers.reparam(_funnel, config={"x": LocScaleReparam(centered=0.0)})()


def reparam_scoped():
    handlers.scope(handlers.reparam(_funnel, config={"x": LocScaleReparam(centered=0.0)}), prefix="m")()


def improper_param():
    rate = numpyro.param("rate", 0.5, constraint=constraints.positive)
    with handlers.reparam(config={"x": ExplicitReparam(transforms.ExpTransform().inv)}):
        numpyro.sample("x", dist.Exponential(rate))
