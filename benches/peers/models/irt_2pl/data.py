"""Answers of persons to items of a test, simulated: one row an item."""

import numpy as np


def make(rng, items, persons):
    theta = rng.standard_normal(persons)
    a = np.exp(0.4 * rng.standard_normal(items))
    b = 0.2 + rng.standard_normal(items)
    right = rng.random((items, persons)) < 1 / (1 + np.exp(-a[:, None] * (theta - b[:, None])))
    return {"y": right.astype(np.int64)}


def sites(data):
    items, persons = data["y"].shape
    return {
        "sigma_theta": (),
        "theta": (persons,),
        "sigma_a": (),
        "a": (items,),
        "mu_b": (),
        "sigma_b": (),
        "b": (items,),
    }


def stan(data):
    """What the Stan program takes beside or in place of the data."""
    return dict(zip(("I", "J"), data["y"].shape))
