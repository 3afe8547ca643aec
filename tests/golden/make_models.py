"""Makes numpyro_models.json and numpyro_handlers.json: draws and densities site by site.

NumPyro in f64 on the CPU. Potentials at posteriordb's points are checked against its recorded
gradients (CmdStan) and log densities, so that the models written here are those models.
Every small program is in the file as the Python that ran.

Install: pip install "jax==0.10.2" "numpyro==0.22.0".  Run: python make_models.py
"""

import os

os.environ["JAX_PLATFORMS"] = "cpu"

import inspect
import json
import platform
import textwrap
import warnings

import jax
import jax.numpy as jnp
import jaxlib
import numpy as np
import numpyro
import numpyro.distributions as dist
from common import HERE, array, write
from numpyro import handlers
from numpyro.distributions import biject_to, constraints
from numpyro.infer.util import log_density, potential_energy

jax.config.update("jax_enable_x64", True)
warnings.simplefilter("ignore")
GALLERY = HERE.parent.parent / "src" / "gallery" / "data"
SEEDS = [0, 11]


def eight_schools_noncentered(d, observe=True):
    J = len(d["sigma"])
    with numpyro.plate("school", J):
        theta_trans = numpyro.sample("theta_trans", dist.Normal(0.0, 1.0))
    mu = numpyro.sample("mu", dist.Normal(0.0, 5.0))
    tau = numpyro.sample("tau", dist.HalfCauchy(5.0))
    theta = numpyro.deterministic("theta", mu + tau * theta_trans)
    with numpyro.plate("school", J):
        numpyro.sample("y", dist.Normal(theta, d["sigma"]), obs=d["y"] if observe else None)


def eight_schools_centered(d, observe=True):
    mu = numpyro.sample("mu", dist.Normal(0.0, 5.0))
    tau = numpyro.sample("tau", dist.HalfCauchy(5.0))
    with numpyro.plate("school", len(d["sigma"])):
        theta = numpyro.sample("theta", dist.Normal(mu, tau))
        numpyro.sample("y", dist.Normal(theta, d["sigma"]), obs=d["y"] if observe else None)


def radon_variable_intercept_slope_noncentered(d, observe=True):
    sigma_y = numpyro.sample("sigma_y", dist.HalfNormal(1.0))
    sigma_alpha = numpyro.sample("sigma_alpha", dist.HalfNormal(1.0))
    sigma_beta = numpyro.sample("sigma_beta", dist.HalfNormal(1.0))
    with numpyro.plate("county", d["J"]):
        alpha_raw = numpyro.sample("alpha_raw", dist.Normal(0.0, 1.0))
        beta_raw = numpyro.sample("beta_raw", dist.Normal(0.0, 1.0))
    mu_alpha = numpyro.sample("mu_alpha", dist.Normal(0.0, 10.0))
    mu_beta = numpyro.sample("mu_beta", dist.Normal(0.0, 10.0))
    alpha = numpyro.deterministic("alpha", mu_alpha + sigma_alpha * alpha_raw)
    beta = numpyro.deterministic("beta", mu_beta + sigma_beta * beta_raw)
    county = d["county_idx"] - 1
    with numpyro.plate("house", d["N"]):
        mean = alpha[county] + beta[county] * d["floor_measure"]
        numpyro.sample("log_radon", dist.Normal(mean, sigma_y), obs=d["log_radon"] if observe else None)


def kidscore_momiq(d, observe=True):
    flat = dist.ImproperUniform(constraints.real, (), event_shape=(2,))
    beta = numpyro.sample("beta", flat)
    sigma = numpyro.sample("sigma", dist.HalfCauchy(2.5))
    with numpyro.plate("child", d["N"]):
        mean = beta[0] + beta[1] * d["mom_iq"]
        numpyro.sample("kid_score", dist.Normal(mean, sigma), obs=d["kid_score"])


def wells_dist(d, observe=True):
    flat = dist.ImproperUniform(constraints.real, (), event_shape=(2,))
    beta = numpyro.sample("beta", flat)
    with numpyro.plate("well", d["N"]):
        numpyro.sample("switched", dist.Bernoulli(logits=beta[0] + beta[1] * d["dist"]), obs=d["switched"])


MODELS = [
    (eight_schools_noncentered, "eight_schools-eight_schools_noncentered"),
    (eight_schools_centered, "eight_schools-eight_schools_centered"),
    (radon_variable_intercept_slope_noncentered, "radon_mn-radon_variable_intercept_slope_noncentered"),
    (kidscore_momiq, "kidiq-kidscore_momiq"),
    (wells_dist, "wells_data-wells_dist"),
]


def source(f):
    return textwrap.dedent(inspect.getsource(f)).strip().split("\n")


def load(posterior):
    data = json.loads((GALLERY / f"{posterior.split('-')[0]}.json").read_text())
    floats = ("y", "sigma", "kid_score", "mom_iq", "dist", "log_radon", "floor_measure")
    as_array = lambda k, v: jnp.asarray(v, jnp.float64 if k in floats else jnp.int64) if isinstance(v, list) else v
    return {k: as_array(k, v) for k, v in data.items()}, json.loads((HERE / "posteriordb" / f"{posterior}.json").read_text())


def sites(trace):
    """Sites in program order; log_prob is the site's sum with its scale and mask."""
    rows = []
    for name, site in trace.items():
        if site["type"] not in ("sample", "deterministic"):
            continue
        row = {"name": name, "type": site["type"], **array(site["value"])}
        if site["type"] == "sample":
            log_prob = site["fn"].log_prob(site["value"])
            scale = site["scale"]
            log_prob = log_prob if scale is None else scale * log_prob
            row |= {"observed": bool(site["is_observed"]), "log_prob": {"shape": list(jnp.shape(log_prob)), "sum": float(jnp.sum(log_prob))}}
        row["frames"] = [[f.name, f.dim, f.size] for f in site["cond_indep_stack"]]
        rows.append(row)
    return rows


def prior(model, data, seed, observe):
    trace = handlers.trace(handlers.seed(model, rng_seed=seed)).get_trace(data, observe)
    rows = sites(trace)
    return {"seed": seed, "observed": observe, "log_density": sum(r["log_prob"]["sum"] for r in rows if "log_prob" in r), "sites": rows}


def unpack(x, record):
    """posteriordb's flat point as a dictionary of unconstrained values."""
    values, at = {}, 0
    for p in record["parameters"]:
        size = int(np.prod(p["shape"]))
        values[p["name"]] = x[at : at + size].reshape(p["shape"])
        at += size
    assert at == x.size
    return values


def potentials(model, data, record):
    rows, offsets = [], []
    for check in [record["gradient_check"], *record["extra_checks"]]:
        x = jnp.asarray(check["x"])
        energy = lambda x: potential_energy(model, (data,), {}, unpack(x, record))
        value, gradient = jax.value_and_grad(energy)(x)
        reference = np.asarray(check["gradient"])
        error = np.abs(-gradient - reference) / np.maximum(np.abs(reference), 1e-3 * np.abs(reference).max())
        assert error.max() < check["rtol"], (record["posterior"], error.max())
        offsets.append(check["log_density_propto"] + float(value))
        rows.append({"point": "gradient_check" if not rows else f"extra_checks[{len(rows) - 1}]", "potential": float(value), "gradient_error": float(error.max())})
    spread = max(offsets) - min(offsets)
    assert spread < 1e-9 * max(abs(r["potential"]) for r in rows), spread
    return rows


def model_case(model, posterior):
    data, record = load(posterior)
    case = {"name": model.__name__, "posterior": posterior, "program": source(model), "potential": potentials(model, data, record)}
    if not posterior.startswith(("kidiq", "wells")):
        case["prior"] = [prior(model, data, seed, True) for seed in SEEDS]
        case["prior_predictive"] = [prior(model, data, seed, False) for seed in SEEDS[:1]]
    return case


def three():
    a = numpyro.sample("a", dist.Normal(0.0, 1.0))
    b = numpyro.sample("b", dist.Normal(a, 0.5))
    c = numpyro.sample("c", dist.HalfNormal(2.0).expand([2]))
    return numpyro.deterministic("d", a + b * c)


def three_observed():
    a = numpyro.sample("a", dist.Normal(0.0, 1.0))
    b = numpyro.sample("b", dist.Normal(a, 0.5), obs=0.75)
    c = numpyro.sample("c", dist.HalfNormal(2.0).expand([2]))
    return numpyro.deterministic("d", a + b * c)


def three_inner():
    a = numpyro.sample("a", dist.Normal(0.0, 1.0))
    with handlers.scale(scale=2.5):
        b = numpyro.sample("b", dist.Normal(a, 0.5))
    with handlers.mask(mask=jnp.array([True, False])):
        c = numpyro.sample("c", dist.HalfNormal(2.0).expand([2]))
    with handlers.mask(mask=jnp.array([False, True])), handlers.scale(scale=0.5):
        e = numpyro.sample("e", dist.Normal(b, 1.0))
    numpyro.factor("f", -a**2)


def with_key():
    a = numpyro.sample("a", dist.Normal(0.0, 1.0))
    key = numpyro.prng_key()
    b = numpyro.sample("b", dist.Normal(jax.random.normal(key), 0.5))
    c = numpyro.sample("c", dist.Normal(0.0, 1.0), rng_key=jax.random.key(9))
    numpyro.sample("e", dist.Normal(c, 1.0))


def handler_cases():
    seed, substitute, condition, block = handlers.seed, handlers.substitute, handlers.condition, handlers.block
    scale, mask, replay, do, scope = handlers.scale, handlers.mask, handlers.replay, handlers.do, handlers.scope
    recorded = handlers.trace(seed(three, 5)).get_trace()
    c = jnp.array([0.25, 1.5])
    env = {**locals(), **{f.__name__: f for f in (three, three_observed, three_inner, with_key)}, "uncondition": handlers.uncondition, "jnp": jnp}
    expressions = [
        "seed(three, 3)",
        "seed(three_observed, 3)",
        "seed(three_inner, 3)",
        "seed(with_key, 3)",
        "seed(seed(three, 3), 4)",
        "seed(substitute(three, {'a': 1.0}), 3)",
        "substitute(seed(three, 3), {'a': 1.0})",
        "seed(substitute(three, {'a': 1.0, 'b': -2.0}), 3)",
        "substitute(seed(three, 3), {'b': -2.0, 'c': c})",
        "seed(condition(three, {'b': -2.0}), 3)",
        "condition(seed(three, 3), {'b': -2.0})",
        "seed(condition(substitute(three, {'a': 1.0}), {'b': -2.0}), 3)",
        "condition(seed(substitute(three, {'a': 1.0}), 3), {'b': -2.0})",
        "substitute(seed(condition(three, {'b': -2.0}), 3), {'a': 1.0})",
        "seed(substitute(substitute(three, {'a': 1.0}), {'a': 2.0}), 3)",
        "seed(condition(condition(three, {'a': 1.0}), {'a': 2.0}), 3)",
        "seed(substitute(condition(three, {'a': 1.0}), {'a': 2.0}), 3)",
        "seed(condition(substitute(three, {'a': 1.0}), {'a': 2.0}), 3)",
        "seed(substitute(three, {'d': c}), 3)",
        "seed(block(three, hide=['b']), 3)",
        "block(seed(three, 3), hide=['b'])",
        "seed(block(three, expose=['a']), 3)",
        "substitute(seed(block(three, hide=['b']), 3), {'b': -2.0, 'a': 1.0})",
        "seed(block(substitute(three, {'b': -2.0}), hide=['b']), 3)",
        "seed(uncondition(three_observed), 3)",
        "uncondition(seed(three_observed, 3))",
        "seed(scale(three, scale=0.5), 3)",
        "scale(seed(three, 3), scale=0.5)",
        "seed(scale(scale(three_observed, scale=0.5), scale=3.0), 3)",
        "seed(mask(three, mask=False), 3)",
        "seed(mask(three_observed, mask=False), 3)",
        "seed(mask(three, mask=jnp.array([True, False])), 3)",
        "seed(mask(mask(three, mask=jnp.array([True, False])), mask=jnp.array([False, True])), 3)",
        "seed(scale(mask(three_inner, mask=True), scale=0.5), 3)",
        "seed(replay(three, trace=recorded), 3)",
        "replay(seed(three, 3), trace=recorded)",
        "seed(replay(three_observed, trace=recorded), 3)",
        "seed(do(three, {'b': -2.0}), 3)",
        "do(seed(three, 3), {'b': -2.0})",
        "seed(scope(three, prefix='m'), 3)",
        "seed(scope(scope(three, prefix='m'), prefix='n'), 3)",
        "seed(substitute(scope(three, prefix='m'), {'m/a': 1.0}), 3)",
        "seed(scope(substitute(three, {'a': 1.0}), prefix='m'), 3)",
    ]
    cases = []
    for text in expressions:
        rows = sites(handlers.trace(eval(text, env)).get_trace())
        total = sum(r["log_prob"]["sum"] for r in rows if "log_prob" in r)
        cases.append({"handlers": text, "log_density": total, "sites": rows})
    return {
        "about": "handlers: outermost first; c = [0.25, 1.5]; recorded = trace(seed(three, 5)). Sites are those a trace around all of it sees.",
        "programs": [source(f) for f in (three, three_observed, three_inner, with_key)],
        "recorded": sites(recorded),
        "cases": cases,
    }


def density_cases():
    """log_density of values given by name: what seed and keys have no part in."""
    params = {"a": 0.5, "b": -1.25, "c": jnp.array([0.25, 1.5]), "e": jnp.array([1.0, -1.0])}
    cases = []
    for label, model in [
        ("three", three),
        ("three_observed", three_observed),
        ("three_inner", three_inner),
        ("scale(three, scale=0.5)", handlers.scale(three, scale=0.5)),
        ("mask(three, mask=False)", handlers.mask(three, mask=False)),
        ("mask(three, mask=jnp.array([True, False]))", handlers.mask(three, mask=jnp.array([True, False]))),
        ("scale(mask(three, mask=jnp.array([True, False])), scale=0.5)", handlers.scale(handlers.mask(three, mask=jnp.array([True, False])), scale=0.5)),
    ]:
        value, trace = log_density(model, (), {}, params)
        cases.append({"model": label, "log_density": float(value), "sites": sites(trace)})
    return {"values": {k: array(v) for k, v in params.items()}, "cases": cases}


def nested_auto():
    with numpyro.plate("i", 3):
        numpyro.sample("x", dist.Normal(0.0, 1.0))
        with numpyro.plate("j", 2):
            numpyro.sample("y", dist.Normal(0.0, 1.0))


def nested_explicit():
    with numpyro.plate("i", 3, dim=-2):
        numpyro.sample("x", dist.Normal(0.0, 1.0))
        with numpyro.plate("j", 2, dim=-1):
            numpyro.sample("y", dist.Normal(jnp.arange(2.0), 1.0))


def outer_explicit_inner_auto():
    with numpyro.plate("i", 3, dim=-2):
        with numpyro.plate("j", 2):
            with numpyro.plate("k", 4):
                numpyro.sample("x", dist.HalfNormal(1.0))


def gap():
    with numpyro.plate("i", 3, dim=-3):
        numpyro.sample("x", dist.Normal(0.0, 1.0))
        with numpyro.plate("j", 2):
            numpyro.sample("y", dist.Normal(0.0, 1.0))


def sequential():
    with numpyro.plate("i", 3):
        x = numpyro.sample("x", dist.Normal(0.0, 1.0))
    with numpyro.plate("j", 2):
        y = numpyro.sample("y", dist.Normal(0.0, 1.0))
    numpyro.sample("z", dist.Normal(x.sum() + y.sum(), 1.0))


def crossed():
    rows, columns = numpyro.plate("rows", 3, dim=-2), numpyro.plate("columns", 2, dim=-1)
    with rows:
        a = numpyro.sample("a", dist.Normal(0.0, 1.0))
    with columns:
        b = numpyro.sample("b", dist.Normal(0.0, 1.0))
    with rows, columns:
        numpyro.sample("y", dist.Normal(a + b, 1.0))


def events():
    with numpyro.plate("i", 3):
        numpyro.sample("x", dist.Normal(jnp.zeros(4), 1.0).to_event(1))
        with numpyro.plate("j", 2):
            numpyro.sample("y", dist.Normal(jnp.zeros((3, 4)), 1.0).to_event(1))


def broadcast():
    with numpyro.plate("i", 3):
        numpyro.sample("x", dist.Normal(jnp.array([0.0]), 1.0))
        numpyro.sample("y", dist.Normal(jnp.zeros((2, 1)), 1.0))
        numpyro.sample("z", dist.Normal(0.0, 1.0), sample_shape=(2, 1))


def observed_in_plate():
    mu = numpyro.sample("mu", dist.Normal(0.0, 1.0))
    with numpyro.plate("i", 3) as index:
        numpyro.sample("y", dist.Normal(mu, 1.0), obs=jnp.array([0.5, -1.0, 2.0]))
        numpyro.deterministic("d", mu * 2.0)
        numpyro.deterministic("index", index)
        numpyro.factor("f", -0.5)
    numpyro.sample("w", dist.Normal(0.0, 1.0))


def scaled_and_masked():
    with numpyro.plate("i", 3):
        with handlers.scale(scale=2.0), handlers.mask(mask=jnp.array([True, True, False])):
            numpyro.sample("x", dist.Normal(0.0, 1.0))
            numpyro.sample("y", dist.Normal(1.0, 1.0), obs=jnp.array([0.5, -1.0, 2.0]))


def obs_masked():
    with numpyro.plate("i", 3):
        numpyro.sample("y", dist.Normal(1.0, 2.0), obs=jnp.array([0.5, -1.0, 2.0]), obs_mask=jnp.array([True, False, True]))
    numpyro.sample("z", dist.Normal(0.0, 1.0))


def stacked():
    with numpyro.plate_stack("p", [2, 3]):
        numpyro.sample("x", dist.Normal(0.0, 1.0))


PLATES = [nested_auto, nested_explicit, outer_explicit_inner_auto, gap, sequential, crossed, events, broadcast, observed_in_plate, scaled_and_masked, obs_masked, stacked]


def plate_cases():
    cases = []
    for model in PLATES:
        rows = sites(handlers.trace(handlers.seed(model, 3)).get_trace())
        total = sum(r["log_prob"]["sum"] for r in rows if "log_prob" in r)
        cases.append({"name": model.__name__, "program": source(model), "seed": 3, "log_density": total, "sites": rows})
    return cases


def main():
    versions = {
        "python": platform.python_version(),
        "jax": jax.__version__,
        "jaxlib": jaxlib.__version__,
        "numpyro": numpyro.__version__,
        "numpy": np.__version__,
    }
    write(
        "numpyro_models.json",
        {
            "about": "sites are in program order, values row-major; frames are [plate, dim, size] as recorded; log_prob.sum "
            "includes scale and mask, log_prob.shape is before the sum; log_density is the sum over the sites. potential: "
            "-(log density + log Jacobian) with all constants at the points of posteriordb/POSTERIOR.json; "
            "gradient_error: NumPyro's largest relative error against that record's gradient. The centred model declares "
            "mu and tau before theta, for theta is drawn from them; the record's order is theta, mu, tau.",
            "versions": versions,
            "models": [model_case(*m) for m in MODELS],
        },
    )
    write(
        "numpyro_handlers.json",
        {
            "about": "sites as in numpyro_models.json. Draws show which sites took a split of the seed's key.",
            "versions": versions,
            "handlers": handler_cases(),
            "log_density": density_cases(),
            "plates": plate_cases(),
        },
    )


if __name__ == "__main__":
    main()
