"""A sparse regression's data, simulated: five of the columns count."""

import numpy as np


def make(rng, rows, columns):
    x = rng.standard_normal((rows, columns))
    beta = np.zeros(columns)
    beta[:5] = [3.0, -2.5, 2.0, -2.0, 1.5]
    return {"x": x, "y": x @ beta + rng.standard_normal(rows)}


def sites(data):
    columns = data["x"].shape[1]
    return {"tau": (), "slab": (), "sigma": (), "lambda": (columns,), "z": (columns,)}


def stan(data):
    """What the Stan program takes beside or in place of the data."""
    return dict(zip(("N", "K"), data["x"].shape))
