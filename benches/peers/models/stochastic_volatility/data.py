"""Daily returns, simulated: the logarithm of their scale is a Gaussian random walk of deviation 0.05 a day."""

import numpy as np


def make(rng, days):
    s = np.cumsum(0.05 * rng.standard_normal(days))
    return {"returns": np.exp(s) * rng.standard_t(10.0, days)}


def sites(data):
    return {"sigma": (), "nu": (), "z": data["returns"].shape}


def stan(data):
    """What the Stan program takes beside or in place of the data."""
    return {"T": len(data["returns"])}
