"""Noisy values of a function at scattered places, simulated: length scale 1.5, amplitude 1, noise 0.3."""

import numpy as np


def make(rng, points):
    x = np.sort(rng.uniform(0.0, 10.0, points))
    covariance = np.exp(-0.5 * ((x[:, None] - x) / 1.5) ** 2) + 0.09 * np.eye(points)
    return {"x": x, "y": np.linalg.cholesky(covariance) @ rng.standard_normal(points)}


def sites(_data):
    return {"rho": (), "alpha": (), "sigma": ()}


def stan(data):
    """What the Stan program takes beside or in place of the data."""
    return {"N": len(data["x"])}
