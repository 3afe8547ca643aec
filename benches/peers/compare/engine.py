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
    # Whether it runs once, after the rounds.
    later: bool = False

    def command(self, program):
        return [program, HERE / self.script] if self.script else [program]

    def variables(self, cache):
        return {**dict(self.settings), **{name: form.format(cache) for name, form in self.caches}}


JAX_CACHE = (
    ("JAX_COMPILATION_CACHE_DIR", "{}"),
    ("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0"),
    ("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1"),
)

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
        ("density", "sample"),
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
    ),
    Engine(
        "pyroxene_fisher",
        "Pyroxene, Fisher's metric",
        ("sample",),
        caches=(("PYROXENE_CACHE", "{}"),),
        options=("--engine", "in-graph", "--metric", "fisher"),
        later=True,
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
    ),
]
