"""Effective sample sizes of all engines' draws by one and the same code, ArviZ's: a directory a line in, JSON out."""

import hashlib
import json
import pathlib
import sys
import warnings

import numpy as np

warnings.simplefilter("ignore")
import arviz  # noqa: E402


def describe(directory):
    """The least bulk effective size and the largest R-hat over all elements of all latent sites, and where."""
    least, largest, where = np.inf, -np.inf, ""
    for path in sorted(pathlib.Path(directory).glob("*.npy")):
        draws = np.load(path)
        data = arviz.convert_to_dataset({path.stem: draws.reshape(*draws.shape[:2], -1)})
        sizes = arviz.ess(data, method="bulk")[path.stem].values
        # A chain that does not move has no effective size.
        sizes = np.nan_to_num(sizes, nan=0.0)
        rhat = np.nan_to_num(arviz.rhat(data)[path.stem].values, nan=np.inf, posinf=np.inf)
        largest = max(largest, float(rhat.max()))
        if sizes.min() < least:
            least, where = float(sizes.min()), f"{path.stem}[{sizes.argmin()}]" if sizes.size > 1 else path.stem
    return {"min_ess": least, "min_ess_site": where, "max_rhat": largest}


def contents(directory):
    files = sorted(pathlib.Path(directory).glob("*.npy"))
    return hashlib.sha256(b"".join(path.name.encode() + path.read_bytes() for path in files)).digest()


# A warm start's draws are the cold one's, where a seed decides them.
known = {}
for line in sys.stdin:
    try:
        key = contents(line.strip())
        described = known[key] = known.get(key) or describe(line.strip())
    except Exception as error:  # Whatever an engine wrote, the others' draws come after it.
        described = {"failure": f"ArviZ cannot describe its draws: {type(error).__name__}: {error}"}
    print(json.dumps(described), flush=True)
