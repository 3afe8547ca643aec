"""A logistic regression's data, simulated: standard normal columns, log odds of deviation 1.5."""

import numpy as np


def make(rng, rows, columns, dtype="float64"):
    x = rng.standard_normal((rows, columns))
    beta = rng.standard_normal(columns) * 1.5 / np.sqrt(columns)
    y = rng.random(rows) < 1 / (1 + np.exp(-x @ beta))
    return {"x": x.astype(dtype), "y": y.astype(np.int64)}


def sites(data):
    return {"beta": (data["x"].shape[1],)}


def stan(data):
    """What the Stan program takes beside or in place of the data."""
    return dict(zip(("N", "K"), data["x"].shape))
