"""What is compared: each case a model with the sizes of its simulated data, in the order in which they are run: the
quick ones first."""

import dataclasses
import json
import pathlib
import sys
import zlib

MODELS = pathlib.Path(__file__).resolve().parents[1] / "models"


@dataclasses.dataclass(frozen=True)
class Case:
    """`nuts` cases are sampled; the others are measured by the leapfrog, in the precision of their data."""

    name: str
    model: str
    sizes: dict = dataclasses.field(default_factory=dict)
    nuts: bool = True
    precision: str = "f64"
    # Transitions of warm-up and kept ones, each, in each of four chains.
    transitions: int = 1000
    # Where a run is so short that its start shows in what is told of sampling alone: the kept transitions of the longer
    # runs that tell that.
    alone: int = 0
    # How NumPyro runs the chains: the way that is the faster one for it.
    numpyro_method: str = "parallel"


CASES = [
    Case("eight_schools", "eight_schools", alone=10_000),
    Case("logistic_1000x25", "logistic", {"rows": 1000, "columns": 25}),
    Case("radon_919x85", "radon"),
    Case(
        "covtype_581012x55_f32",
        "logistic",
        {"rows": 581_012, "columns": 55, "dtype": "float32"},
        nuts=False,
        precision="f32",
    ),
    Case("irt_2pl_20x200", "irt_2pl", {"items": 20, "persons": 200}),
    Case("gp_100", "gp", {"points": 100}, transitions=300),
    Case("stochastic_volatility_500", "stochastic_volatility", {"days": 500}),
    Case(
        "logistic_50000x54",
        "logistic",
        {"rows": 50_000, "columns": 54},
        transitions=200,
        numpyro_method="vectorized",
    ),
    Case("horseshoe_100x200", "horseshoe", {"rows": 100, "columns": 200}),
]


def write(case, directory):
    """The data of a case as `data.npz`, and two points for the log densities' check as `points.json`."""
    import numpy as np
    from engines import common

    module = common.load(MODELS / case.model / "data.py")
    rng = np.random.default_rng(zlib.crc32(case.name.encode()))
    values = module.make(rng, **case.sizes)
    directory.mkdir(parents=True, exist_ok=True)
    np.savez(directory / "data.npz", **values)
    draw = lambda shape: np.ravel(rng.uniform(-0.5, 0.5, shape)).tolist()
    points = [{name: draw(shape) for name, shape in module.sites(values).items()} for _ in range(3)]
    (directory / "points.json").write_text(json.dumps(points))


if __name__ == "__main__":
    # `cases.py DIRECTORY NAME...`: writes the data of these cases.
    chosen = [case for case in CASES if case.name in sys.argv[2:]]
    for case in chosen:
        write(case, pathlib.Path(sys.argv[1]) / case.name)
