"""Golden values of the sampler's normal numbers: pairs from words of random bits, by the formula in 40 digits.

Writes normals.json beside this file. Versions used: mpmath 1.4.1, numpy 2.4.6.

    python inference/tests/golden/make_normals.py
"""

import json
from pathlib import Path

import mpmath as mp
import numpy as np

mp.mp.dps = 40


def pair(length, angle, width, digits):
    """Length, first and second number, as floats of the width."""
    length, angle = (word >> (64 - width) for word in (length, angle))
    places = width - digits
    u = (mp.mpf(length >> places) + mp.mpf(1) / 2) / 2**digits
    theta = mp.pi * (mp.mpf(angle >> places) / 2**digits - mp.mpf(1) / 2)
    r = mp.sqrt(-2 * mp.log(u)) * (-1 if length & 1 else 1)
    return [float(x) for x in (r, r * mp.cos(theta), r * mp.sin(theta))]


def main():
    rng = np.random.default_rng(3)
    top = 2**64 - 1
    # The ends of both intervals, their middles, the logarithm's change of exponent at the square root of one half and of
    # one eighth, and numbers close to both ends.
    root = 0xB504F333F9DE6484
    edges = [0, top, top - 1, 1 << 12, 1 << 41, 1 << 32, top - (1 << 12), top - (1 << 41), 1 << 63, (1 << 63) - 1]
    edges += [root, root - (1 << 12), root - (1 << 41), root >> 1, (root >> 1) - (1 << 41), 1 << 62, (1 << 62) - 1]
    words = [[a, b] for a in edges for b in edges[:10]]
    draw = rng.integers(0, 2**64, (200, 2), dtype=np.uint64)
    words += draw.tolist()
    shifts = rng.integers(0, 60, 50)
    words += [[int(a) >> int(s), int(b)] for (a, b), s in zip(draw[:50], shifts)]
    words += [[top - (int(a) >> int(s)), top - (int(b) >> int(s))] for (a, b), s in zip(draw[:50], shifts)]
    golden = {
        # As pairs of words, high and low, since JSON readers take large integers for floats.
        "words": [[[w >> 32, w & 0xFFFFFFFF] for w in both] for both in words],
        "f64": [pair(a, b, 64, 52) for a, b in words],
        "f32": [pair(a, b, 32, 23) for a, b in words],
    }
    path = Path(__file__).with_name("normals.json")
    path.write_text(json.dumps(golden, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
