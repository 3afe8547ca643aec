"""Radon in Minnesota's houses (Gelman and Hill 2007): posteriordb's data, as the gallery has them."""

import json
import pathlib

import numpy as np

FILE = pathlib.Path(__file__).resolve().parents[4] / "src" / "gallery" / "data" / "radon_mn.json"


def make(_rng):
    d = json.loads(FILE.read_text())
    return {
        "county": np.array(d["county_idx"], np.int64) - 1,
        "floor": np.array(d["floor_measure"], float),
        "log_radon": np.array(d["log_radon"], float),
    }


def sites(data):
    counties = int(data["county"].max()) + 1
    return {
        "mu_alpha": (),
        "mu_beta": (),
        "sigma_alpha": (),
        "sigma_beta": (),
        "sigma_y": (),
        "alpha_raw": (counties,),
        "beta_raw": (counties,),
    }


def stan(data):
    """What the Stan program takes beside or in place of the data."""
    return {"N": len(data["floor"]), "J": int(data["county"].max()) + 1, "county": data["county"] + 1}
