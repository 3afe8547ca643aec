"""Shared by the generators: arrays as shape and row-major values, and one way to write JSON.

JSON has no spelling for the non-finite numbers, so they are the strings "inf", "-inf", "nan".
"""

import json
import math
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent


def number(x):
    """A JSON value that reads back as exactly x."""
    x = x.item() if isinstance(x, np.generic) else x
    if isinstance(x, float) and not math.isfinite(x):
        return "nan" if math.isnan(x) else ("inf" if x > 0 else "-inf")
    return x


def array(x):
    """{"shape": [...], "values": [...]} of an array or a scalar."""
    x = np.asarray(x)
    return {"shape": list(x.shape), "values": [number(v) for v in x.ravel()]}


def flat(x):
    """True where a value prints on one line: no list of objects inside."""
    if isinstance(x, dict):
        return all(not isinstance(v, (dict, list)) or (isinstance(v, list) and flat(v)) for v in x.values())
    if isinstance(x, list):
        return all(not isinstance(v, dict) and flat(v) for v in x) if x else True
    return True


def render(x, indent=0):
    """JSON text, one record a line, so that a changed number is a changed line."""
    pad = " " * (indent + 1)
    if not isinstance(x, (dict, list)) or not x or flat(x) or indent >= 3:
        return json.dumps(x, allow_nan=False, separators=(",", ":"), ensure_ascii=True)
    if isinstance(x, dict):
        body = ",\n".join(f"{pad}{json.dumps(k)}: {render(v, indent + 1)}" for k, v in x.items())
        return "{\n" + body + "\n" + " " * indent + "}"
    return "[\n" + ",\n".join(pad + render(v, indent + 1) for v in x) + "\n" + " " * indent + "]"


def write(name, content):
    """Writes the file beside the generators and refuses one too large to review."""
    text = render(content) + "\n"
    assert json.loads(text) == content, f"{name} does not read back as written"
    assert len(text) < 200_000, f"{name} has {len(text)} bytes"
    path = HERE / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    print(f"{path.name}: {len(text)} bytes")
