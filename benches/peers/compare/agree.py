"""Holds the engines' log densities, which may differ by a constant, and their gradients to each other."""

# Twice the points' differences of one engine's digits: Numba's digamma has about nine, single precision about six,
# of which sums over half a million rows keep four.
TOLERANCE = {"f64": 1e-7, "f32": 2e-3}


def disagreements(results, precision):
    """Sentences on what differs; `results` are the engines' by name, the first of which the others are held to."""
    tolerance = TOLERANCE[precision]
    (first, reference), *others = results.items()
    found = []
    for name, result in others:
        for i, (ours, theirs) in enumerate(zip(reference["gradients"], result["gradients"])):
            if ours.keys() != theirs.keys():
                found.append(f"{first} has sites {sorted(ours)}, {name} {sorted(theirs)}")
                continue
            size = max(abs(g) for site in ours.values() for g in site)
            pairs = ((site, a, b) for site in ours for a, b in zip(ours[site], theirs[site]))
            site, a, b = max(pairs, key=lambda pair: abs(pair[1] - pair[2]))
            if not abs(a - b) <= tolerance * size or any(len(ours[s]) != len(theirs[s]) for s in ours):
                found.append(f"gradient at point {i}, site {site}: {first} {a}, {name} {b}")
        of_first, of_other = reference["log_densities"], result["log_densities"]
        for i in range(1, len(of_first)):
            a, b = of_first[i] - of_first[0], of_other[i] - of_other[0]
            if not abs(a - b) <= tolerance * max(abs(x) for x in of_first):
                found.append(f"log density at point {i} less that at point 0: {first} {a}, {name} {b}")
    return found
