"""Eight schools (Rubin 1981): the effect measured in each, and its standard error."""

import numpy as np


def make(_rng):
    return {
        "y": np.array([28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0]),
        "sigma": np.array([15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0]),
    }


def sites(_data):
    return {"mu": (), "tau": (), "theta_trans": (8,)}


def stan(data):
    """What the Stan program takes beside or in place of the data."""
    return {"J": len(data["y"])}
