"""The engines: how each is started, which tasks it has, and where it keeps what it compiles."""

import dataclasses
import pathlib

HERE = pathlib.Path(__file__).parent / "engines"


@dataclasses.dataclass(frozen=True)
class Engine:
    """`caches` are the environment variables that name a directory for compiled programs, empty for a cold start."""

    name: str
    label: str
    tasks: tuple
    environment: str = ""
    script: str = ""
    caches: tuple = ()
    options: tuple = ()
    settings: tuple = ()
    # The precisions it has.
    precisions: tuple = ("f64",)
    # Whether its runs come after the others', once each where nothing that is asked needs more.
    later: bool = False
    # Of which engine its runs take about the time, before one is known.
    like: str = ""

    def command(self, program):
        return [program, HERE / self.script] if self.script else [program]

    def variables(self, cache):
        return {**dict(self.settings), **{name: form.format(cache) for name, form in self.caches}}


JAX_CACHE = (
    ("JAX_COMPILATION_CACHE_DIR", "{}"),
    ("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0"),
    ("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1"),
)

# The metric of the column that has another than the default one, as `tasks/mod.rs` names it, and as tables do.
OTHER_METRIC, OTHER_METRIC_LABEL = "diagonal", "variances"

# OpenBLAS would start as many threads as cores in each chain's thread, all of which wait by spinning: a leapfrog of
# NumPyro's Gaussian process took 37 times the processor time.
ONE_BLAS_THREAD = (("OPENBLAS_NUM_THREADS", "1"),)

ENGINES = [
    Engine(
        "pyroxene",
        "Pyroxene",
        ("density", "sample", "leapfrog"),
        caches=(("PYROXENE_CACHE", "{}"),),
        options=("--engine", "in-graph"),
        precisions=("f64", "f32"),
    ),
    Engine("stanli", "Stan (stanli)", ("density", "sample"), "stanli", "run_stanli.py"),
    Engine(
        "nutpie",
        "nutpie (PyMC)",
        # Whose cold start tells of the gradient too: it takes long to compile.
        ("sample",),
        "nutpie",
        "run_nutpie.py",
        caches=(("NUMBA_CACHE_DIR", "{}/numba"), ("PYTENSOR_FLAGS", "base_compiledir={}/pytensor")),
        settings=ONE_BLAS_THREAD,
    ),
    Engine(
        "numpyro",
        "NumPyro",
        ("density", "sample", "phases", "leapfrog"),
        "numpyro",
        "run_numpyro.py",
        caches=JAX_CACHE,
        settings=ONE_BLAS_THREAD,
        precisions=("f64", "f32"),
    ),
    Engine(
        "pyroxene_host",
        "Pyroxene, host-driven",
        ("sample",),
        caches=(("PYROXENE_CACHE", "{}"),),
        options=("--engine", "host"),
        later=True,
        like="pyroxene",
    ),
    Engine(
        "pyroxene_metric",
        f"Pyroxene, {OTHER_METRIC_LABEL}",
        ("sample",),
        caches=(("PYROXENE_CACHE", "{}"),),
        options=("--engine", "in-graph", "--metric", OTHER_METRIC),
        later=True,
        like="pyroxene",
    ),
    Engine(
        "blackjax",
        "BlackJAX",
        ("sample",),
        "blackjax",
        "run_blackjax.py",
        caches=JAX_CACHE,
        settings=ONE_BLAS_THREAD,
        later=True,
        like="numpyro",
    ),
]
