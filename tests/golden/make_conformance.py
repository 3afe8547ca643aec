"""Makes conformance/*.json: what NumPyro makes of the models in conformance/*.py, site by site.

NumPyro in f64 on the CPU. Each model runs once under a trace and a seed of 3; log probabilities,
dependencies, relations and the table of shapes are NumPyro's own of that model. The Python that
ran is in the file beside its result.

Install: pip install "jax==0.10.2" "numpyro==0.22.0".  Run: python make_conformance.py
"""

import os

os.environ["JAX_PLATFORMS"] = "cpu"
# Before the models' constants are made.
os.environ["JAX_ENABLE_X64"] = "1"

import inspect
import platform
import textwrap
import warnings

import jax
import jax.numpy as jnp
import jaxlib
import numpy as np
import numpyro
from common import array, number, write
from conformance import control, edges, errors, handling, parameters, plates, reparams, sampling, subsampling
from numpyro import handlers
from numpyro.infer.inspect import get_dependencies, get_model_relations
from numpyro.infer.util import compute_log_probs
from numpyro.util import _validate_model, format_shapes

SEED = 3
THEMES = [sampling, parameters, plates, subsampling, handling, reparams, control, edges]


def models(module):
    """The functions of a module in the order of its lines; those with an underscore are their parts."""
    own = lambda f: inspect.isfunction(f) and f.__module__ == module.__name__ and not f.__name__.startswith("_")
    return [f for f in vars(module).values() if own(f)]


def source(f):
    return textwrap.dedent(inspect.getsource(f)).strip().split("\n")


def parts(module):
    return {n: source(f) for n, f in vars(module).items() if n.startswith("_") and inspect.isfunction(f) and f.__module__ == module.__name__}


def leaves(value):
    """A value as one array, or the list of a tree's arrays."""
    flat = jax.tree.leaves(value)
    key = lambda x: jax.random.key_data(x) if jnp.issubdtype(jnp.asarray(x).dtype, jax.dtypes.prng_key) else x
    return array(key(flat[0])) if len(flat) == 1 else {"leaves": [array(key(x)) for x in flat]}


def scale_of(site):
    scale = site.get("scale")
    return None if scale is None else array(scale)


def hints(infer):
    return {k: v for k, v in infer.items() if isinstance(v, (str, bool, int, float, list))}


def site_record(name, site):
    row = {"name": name, "type": site["type"], **leaves(site["value"])}
    if site["type"] == "sample":
        log_prob = site["fn"].log_prob(site["value"], *([site["intermediates"]] if site["intermediates"] else []))
        scale = site["scale"]
        log_prob = log_prob if scale is None else scale * log_prob
        row |= {
            "observed": bool(site["is_observed"]),
            "batch": list(site["fn"].batch_shape),
            "event": list(site["fn"].event_shape),
            "log_prob": {"shape": list(jnp.shape(log_prob)), "sum": number(float(jnp.sum(log_prob)))},
        }
        if hints(site["infer"]):
            row["infer"] = hints(site["infer"])
    if site["type"] == "plate":
        size, subsample_size = site["args"]
        row |= {"size": size, "subsample_size": subsample_size}
    if scale_of(site) is not None:
        row["scale"] = scale_of(site)
    if site["type"] == "param":
        row["constraint"] = str(site["kwargs"].get("constraint", ""))
        row["event_dim"] = site["kwargs"].get("event_dim")
    if site.get("cond_indep_stack"):
        row["frames"] = [[f.name, f.dim, f.size] for f in site["cond_indep_stack"]]
    return row


def plain(x):
    """Sets as sorted lists, so that equal runs write equal files."""
    if isinstance(x, dict):
        return {k: plain(v) for k, v in x.items()}
    return sorted(x) if isinstance(x, set) else list(x) if isinstance(x, (list, tuple)) else x


def relations(model):
    """NumPyro lists a site's parameters in the order of a set."""
    found = get_model_relations(model)
    return found | {"sample_param": {n: set(v) for n, v in found["sample_param"].items()}}


def attempt(f, model):
    """What NumPyro's function makes of the model, or the error it ends in."""
    try:
        return plain(f(model))
    except Exception as error:  # noqa: BLE001 (which error it is, is the record)
        return {"error": f"{type(error).__name__}: {first_line(error)}"}


def first_line(error):
    return (str(error).strip().split("\n") or [""])[0][:160]


def case(model):
    trace = handlers.trace(handlers.seed(model, SEED)).get_trace()
    rows = [site_record(name, site) for name, site in trace.items()]
    values = {n: s["value"] for n, s in trace.items() if s["type"] == "sample" and not s["is_observed"]}
    total = sum((r["log_prob"]["sum"] if not isinstance(r["log_prob"]["sum"], str) else float(r["log_prob"]["sum"])) for r in rows if "log_prob" in r)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        _validate_model(trace, plate_warning="strict")
    return {
        "name": model.__name__,
        "program": source(model),
        "log_density": number(float(total)),
        "sites": rows,
        "shapes": format_shapes(trace, compute_log_prob=True),
        "dependencies": attempt(get_dependencies, model),
        "relations": attempt(relations, model),
        "warnings": [first_line(w.message) for w in caught],
    }


def wrong(model):
    """How a trace and its log density end."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            trace = handlers.trace(handlers.seed(model, SEED)).get_trace()
            drawn = lambda s: s["type"] == "sample" or (s["type"] == "plate" and s["args"][1] not in (None, s["args"][0]))
            compute_log_probs(model, (), {}, {n: s["value"] for n, s in trace.items() if drawn(s)})
            _validate_model(trace, plate_warning="strict")
            ends = "without an error"
        except Exception as error:  # noqa: BLE001
            ends = f"{type(error).__name__}: {first_line(error)}"
    return {"name": model.__name__, "program": source(model), "ends": ends, "warnings": [first_line(w.message) for w in caught]}


def main():
    versions = {
        "python": platform.python_version(),
        "jax": jax.__version__,
        "jaxlib": jaxlib.__version__,
        "numpyro": numpyro.__version__,
        "numpy": np.__version__,
    }
    about = (
        f"Traces under a seed of {SEED}. sites are in program order, values row-major; frames are [plate, dim, size] as recorded; "
        "log_prob.sum includes scale and mask, log_prob.shape is before the sum; log_density is the sum over the sites. A tree's "
        "value is the list of its leaves. warnings are those of _validate_model(plate_warning='strict')."
    )
    warnings.simplefilter("ignore")
    for theme in THEMES:
        name = theme.__name__.rpartition(".")[2]
        content = {"about": about, "versions": versions, "parts": parts(theme), "cases": [case(m) for m in models(theme)]}
        print(len(content["cases"]), end=" ")
        write(f"conformance/{name}.json", content)
    ends = [wrong(m) for m in models(errors)]
    write("conformance/errors.json", {"about": "How each ends in NumPyro.", "versions": versions, "cases": ends})


if __name__ == "__main__":
    main()
