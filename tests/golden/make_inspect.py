"""Writes inspect.json: what NumPyro says about the structure and the shapes of small models.

Versions: numpyro 0.22.0, jax 0.10.2. Run: python3 make_inspect.py

For each model: `infer.inspect.get_dependencies` (absent where ours deliberately differs), `get_model_relations`,
`util.format_shapes` without and with log densities, and the warnings of `util._validate_model` in its strict and its
loose mode. For each pair of a model and a guide: the warnings and the error of `util.check_model_guide_match`.
The models are those of `frontend/tests/inspect`, under the same names; plates are made where they are first entered,
since ours appear there.
"""

import warnings

import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist
from numpyro import deterministic, factor, param, plate, sample
from numpyro.contrib.control_flow import scan
from numpyro.distributions import constraints
from numpyro.handlers import block, mask, scale, seed, substitute, trace
from numpyro.primitives import mutable
from numpyro.infer.inspect import get_dependencies, get_model_relations
from numpyro.util import _validate_model, check_model_guide_match, format_shapes

from common import write

numpyro.enable_x64()
Normal = dist.Normal


def chain():
    a = sample("a", Normal(0, 1))
    sample("b", Normal(a, 1), obs=0.0)


def collider():
    a = sample("a", Normal(0, 1))
    b = sample("b", dist.LogNormal(0, 1))
    c = sample("c", Normal(a, b))
    sample("d", Normal(c, 1), obs=0.0)


def summed_plate():
    with plate("p", 5):
        a = sample("a", Normal(0, 1))
    sample("b", Normal(a.sum(), 1), obs=0.0)


def mixed():
    a = sample("a", Normal(0, 1))
    b = sample("b", Normal(a, 1))
    c = sample("c", Normal(b, 1))
    d = sample("d", Normal(a, jnp.exp(c)))
    e = sample("e", Normal(0, 1))
    f = sample("f", Normal(0, 1))
    sample("g", dist.Bernoulli(logits=e + f), obs=0)
    with plate("p", 3):
        h = sample("h", Normal(c, jnp.exp(d)))
        deterministic("i", h + 1)
        j = sample("j", dist.Delta(h + 1), obs=h + 1)
        sample("k", Normal(a, jnp.exp(j)), obs=jnp.array([0.5, -0.5, 1.5]))


def factors():
    a = sample("a", Normal(0, 1))
    factor("b", 0.0)
    factor("c", a)


def discrete_obs():
    a = sample("a", Normal(0, 1))
    b = sample("b", Normal(a[..., None], jnp.ones(3)).to_event(1))
    c = sample("c", dist.MultivariateNormal(jnp.zeros(3) + a[..., None], jnp.eye(3)))
    with plate("i", 2):
        d = sample("d", dist.Dirichlet(jnp.exp(b + c)))
        sample("e", dist.Categorical(logits=d), obs=jnp.array([0, 0]))


def discrete():
    a = sample("a", dist.Dirichlet(jnp.ones(3)))
    b = sample("b", dist.Categorical(a))
    c = sample("c", Normal(jnp.zeros(3), 1).to_event(1))
    d = sample("d", dist.Poisson(jnp.exp(c[b])))
    sample("e", Normal(d, 1), obs=1.0)


def coupled_plate():
    with plate("p", 2):
        x = sample("x", Normal(0, 1))
        y = sample("y", Normal(0, 1))
    sample("z", Normal(x.sum(), jnp.exp(y.sum())), obs=0.5)


def rows_and_columns():
    i, j = plate("i", 3, dim=-2), plate("j", 2, dim=-1)
    with i, j:
        x = sample("x", Normal(0, 1))
    with i:
        sample("y", Normal(x.sum(-1, keepdims=True), 1), obs=jnp.zeros((3, 1)))
    with j:
        sample("z", Normal(x.sum(-2, keepdims=True), 1), obs=jnp.zeros((1, 2)))


def plate_collider():
    i = plate("i", 3, dim=-2)
    with i:
        x = sample("x", Normal(0, 1))
    j = plate("j", 2, dim=-1)
    with j:
        y = sample("y", Normal(0, 1))
    with i, j:
        sample("z", Normal(x, jnp.exp(y)), obs=jnp.zeros((3, 2)))


def plate_dependency():
    w = sample("w", Normal(0, 1))
    with plate("p", 2):
        x = sample("x", Normal(0, 1))
        y = sample("y", Normal(0, 1))
        sample("z", Normal(w + x + y, 1), obs=jnp.zeros(2))


def nested_collider():
    with plate("i", 2, dim=-1):
        with plate("j", 3, dim=-2):
            a = sample("a", Normal(0, 1))
        with plate("k", 3, dim=-2):
            b = sample("b", Normal(0, 1))
        c = sample("c", Normal(a.sum(0) + b.sum(), 1))
    sample("d", Normal(c.sum(), 1), obs=0.0)


def masked():
    a = sample("a", Normal(0, 1))
    b = sample("b", Normal(0, 1))
    with plate("p", 4), mask(mask=jnp.array([True, True, False, False])):
        sample("c", Normal(a, 1), obs=jnp.zeros(4))
    with mask(mask=jnp.array(1.0) < b):
        sample("d", Normal(0, 1))
    with mask(mask=False):
        sample("e", Normal(a, 1))


def hidden():
    with block(hide=["z"]):
        a = sample("a", Normal(0, 1))
        z = sample("z", Normal(a, 1))
    sample("c", Normal(z, 1), obs=0.0)


def params():
    s = param("s", 1.0, constraint=constraints.positive)
    w = param("w", jnp.zeros((2, 3)))
    a = sample("a", Normal(0, s))
    b = deterministic("b", a * w.sum())
    with plate("N", 4):
        c = deterministic("c", b + jnp.arange(4.0))
        sample("d", Normal(c, 1), obs=jnp.zeros(4))


def crossing_plates():
    i = plate("i", 3, dim=-2)
    with i:
        x = sample("x", Normal(0, 1))
        sample("u", Normal(x, 1))
    j = plate("j", 2, dim=-1)
    with j:
        y = sample("y", Normal(0, 1))
    with i, j:
        sample("z", Normal(x, jnp.exp(y)), obs=jnp.zeros((3, 2)))


def three_levels():
    mu = sample("mu", Normal(0, 1))
    with plate("state", 2, dim=-3):
        s = sample("s", Normal(mu, 1))
        with plate("county", 3, dim=-2):
            c = sample("c", Normal(s, 1))
            with plate("house", 4, dim=-1):
                sample("y", Normal(c, 1), obs=jnp.zeros((2, 3, 4)))


def observed_latent():
    a = sample("a", Normal(0, 1))
    o = sample("o", Normal(a, 1), obs=a)
    sample("p", Normal(o, 1), obs=1.0)


def latent_delta():
    a = sample("a", Normal(0, 1))
    b = sample("b", dist.Delta(a + 1))
    c = sample("c", Normal(b, 1))
    sample("d", Normal(c, 1), obs=0.0)


def substituted():
    a = sample("a", Normal(0, 1))
    b = substitute(lambda: sample("b", Normal(a, 1)), data={"b": 0.5})()
    sample("c", Normal(b, 1), obs=0.0)


def scaled():
    a = sample("a", Normal(0, 1))
    with scale(scale=2.0):
        sample("b", Normal(a, 1), obs=0.0)


def eight_schools():
    mu = sample("mu", Normal(0, 5))
    tau = sample("tau", dist.HalfCauchy(5))
    with plate("school", 8):
        theta = sample("theta", Normal(mu, tau))
        sample("y", Normal(theta, 10.0 * jnp.ones(8)), obs=jnp.zeros(8))


def no_plate():
    a = sample("a", Normal(jnp.zeros(3), 1))
    sample("y", Normal(0, 1), obs=jnp.zeros(5))
    with plate("p", 4):
        sample("z", Normal(a[:, None], 1), obs=jnp.zeros(4))


def expanded():
    sample("a", Normal(0, 1).expand([2, 3]).to_event(2))
    sample("b", dist.Dirichlet(jnp.ones(4)))
    with plate("p", 2):
        sample("c", dist.MultivariateNormal(jnp.zeros(3), jnp.eye(3)))
        sample("d", Normal(0, 1), obs=0.5)


def sample_shapes():
    sample("a", Normal(0, 1), sample_shape=(5,))
    sample("b", dist.Dirichlet(jnp.ones(3)), sample_shape=(2,))
    with plate("p", 4):
        sample("c", Normal(0, 1), sample_shape=(4,))


def subsampled():
    mu = sample("mu", Normal(0, 1))
    with plate("data", 10, subsample_size=4):
        z = sample("z", Normal(mu, 1))
        sample("y", Normal(z, 1), obs=jnp.zeros(4))


def stateful():
    n = mutable("n", {"value": jnp.array(2.0)})
    a = sample("a", Normal(n["value"], 1))
    sample("b", Normal(a, 1), obs=0.0)


def scanned():
    rho = sample("rho", Normal(0, 1))

    def step(z, y):
        z = sample("z", Normal(rho * z, 1))
        sample("y", Normal(z, 1), obs=y)
        return z, None

    last, _ = scan(step, jnp.array(0.0), jnp.zeros(4))
    sample("end", Normal(last, 1))


def drawn(f):
    return trace(seed(f, 0)).get_trace()


def said(f):
    with warnings.catch_warnings(record=True) as list_:
        warnings.simplefilter("always")
        f()
    return [str(w.message) for w in list_]


def sets(dependencies):
    return {d: {u: sorted(p) for u, p in ups.items()} for d, ups in dependencies.items()}


def case(f, with_dependencies=True):
    tr = drawn(f)
    relations = get_model_relations(f)
    relations["sample_param"] = {
        s: [p for p in relations["param_constraint"] if p in ps] for s, ps in relations["sample_param"].items()
    }
    # Our words for constraints are our own.
    relations["param_constraint"] = list(relations["param_constraint"])
    return {
        "name": f.__name__,
        **({"dependencies": {k: sets(v) for k, v in get_dependencies(f).items()}} if with_dependencies else {}),
        "relations": relations,
        "shapes": format_shapes(tr),
        "shapes_with_log_prob": format_shapes(tr, compute_log_prob=True),
        "strict": said(lambda: _validate_model(tr, plate_warning="strict")),
        "loose": said(lambda: _validate_model(tr, plate_warning="loose")),
    }


def guide_normal():
    sample("a", Normal(0, 1))


def guide_other():
    sample("a", Normal(0, 1))
    sample("z", Normal(0, 1))


def guide_auxiliary():
    sample("a", Normal(0, 1))
    sample("z", Normal(0, 1), infer={"is_auxiliary": True})


def guide_empty():
    pass


def guide_batch():
    sample("a", Normal(jnp.zeros(3), 1))


def guide_event():
    sample("a", Normal(jnp.zeros(5), 1).to_event(1))


def guide_plate():
    with plate("q", 5):
        sample("a", Normal(0, 1))


def guide_same_plate():
    with plate("p", 5):
        sample("a", Normal(0, 1))


def match(model, guide):
    try:
        found = []
        found += said(lambda: check_model_guide_match(drawn(model), drawn(guide)))
        error = None
    except ValueError as e:
        found, error = [], str(e)
    return {"model": model.__name__, "guide": guide.__name__, "warnings": found, "error": error}


MODELS = [
    chain, collider, summed_plate, mixed, factors, discrete_obs, discrete, coupled_plate, rows_and_columns,
    plate_collider, plate_dependency, nested_collider, masked, hidden, params, crossing_plates, three_levels,
    observed_latent, substituted, scaled, eight_schools, no_plate, expanded, sample_shapes, subsampled, stateful,
    scanned,
]  # fmt: skip
MATCHES = [
    (chain, guide_normal), (chain, guide_other), (chain, guide_auxiliary), (chain, guide_empty),
    (chain, guide_batch), (summed_plate, guide_event), (summed_plate, guide_plate), (summed_plate, guide_same_plate),
]  # fmt: skip

write(
    "inspect.json",
    {
        "versions": {"numpyro": numpyro.__version__},
        "models": [case(f) for f in MODELS] + [case(latent_delta, with_dependencies=False)],
        "matches": [match(m, g) for m, g in MATCHES],
    },
)
