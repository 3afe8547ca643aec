"""What is asked of Pyroxene beside its peers, each a line: asked, measured, met."""

import statistics

from engine import ENGINES
from figures import divided
from words import number, span

OURS = "pyroxene"
LABELS = {engine.name: engine.label for engine in ENGINES}
PEERS = ["stanli", "nutpie", "numpyro", "blackjax"]

EIGHT, LOGISTIC, RADON = "eight_schools", "logistic_1000x25", "radon_919x85"
# By how much sampling alone is asked to be better, in effective draws a second, and than which peers.
SAMPLING_ALONE = [
    (EIGHT, "stanli", 3),
    (EIGHT, "nutpie", 10),
    (RADON, "nutpie", 2),
    (LOGISTIC, "stanli", 3),
    (LOGISTIC, "nutpie", 3),
    ("horseshoe_100x200", None, 1.5),
    ("stochastic_volatility_500", None, 1.5),
    ("irt_2pl_20x200", None, 1.5),
]
# Than whom everything is asked to be better, compilation included.
WHOLE = "numpyro"
# JAX's calls that take less are to be beaten by this factor; gradients of longer ones are to be as fast as JAX's in a
# compiled loop, but for these parts.
CALL_FACTOR, SHORT_CALL_US, LOOP_SHARE, LOOP_MORE_US = 3, 50, 1.1, 5


def peers(case, best):
    """Of whom each round of a case needs a run; `best` are those of whom one may be its best peer."""
    named = {peer for of, peer, _ in SAMPLING_ALONE if of == case}
    return {WHOLE} | {peer for peer in named if peer} | (set(best) if None in named else set())


def line(what, asked, values, met, note="", unit=""):
    """`values` are the rounds', or one of all; `met` says whether their median does what is asked."""
    if not values:
        return {"what": what, "asked": asked, "measured": "not measured", "met": "–"}
    middle = statistics.median(values)
    yes = "yes" if met(middle) else "**no**"
    measured = f"{span(values)}{unit}" + (f"; {note}" if note else "")
    return {"what": what, "asked": asked, "measured": measured, "met": yes, "value": middle, "rounds": len(values)}


class Asked:
    def __init__(self, cases, repeats):
        self.cases, self.repeats = cases, repeats

    def figures(self, case, engine):
        return self.cases.get(case, {}).get("engines", {}).get(engine, {})

    def rounds(self, case, engine, key):
        return self.figures(case, engine).get("rounds", {}).get(key, {})

    def ratios(self, case, key, above, below):
        """One engine's figure by another's, in each round that has both; of the medians where no round has."""
        a, b = (self.rounds(case, engine, key) for engine in (above, below))
        together = [a[number] / b[number] for number in a if b.get(number)]
        middle = divided(*(self.figures(case, engine).get(key) for engine in (above, below)))
        return together or ([middle] if middle else [])

    def best(self, case, key):
        """The peer whose median is the greatest, of those whose draws can be trusted if there are any."""
        known = [peer for peer in PEERS if self.figures(case, peer).get(key)]
        trusted = [peer for peer in known if "†" not in self.figures(case, peer)["marks"]]
        return max(trusted or known, key=lambda peer: self.figures(case, peer)[key], default="numpyro")

    def better(self, case, key, peer, factor, what):
        """How many times as many effective draws a second Pyroxene has as a peer; no figure without convergence."""
        of_case = peer or self.best(case, key)
        than = LABELS[of_case] + ("" if peer else ", the best peer")
        marks = {name: self.figures(case, name).get("marks", "") for name in (OURS, of_case)}
        note = ", ".join(f"{LABELS[name]} {mark}" for name, mark in marks.items() if mark)
        met = lambda ratio: ratio >= factor and "†" not in marks[OURS]
        asked = f">= {number(factor)} x {than}"
        return line(f"{case}: {what}", asked, self.ratios(case, key, OURS, of_case), met, note)

    def eight_schools(self):
        leapfrog = list(self.rounds(EIGHT, OURS, "leapfrog_us").values())
        warm = list(self.rounds(EIGHT, OURS, "table_warm_s").values())
        kept = self.cases.get(EIGHT, {}).get("transitions")
        start = f"{EIGHT}: warm start to the finished table, 4 x {2 * (kept or 0)}, less the plugin's load"
        return [
            line(f"{EIGHT}: a useful leapfrog, all included", "<= 0.4 us", leapfrog, lambda us: us <= 0.4, unit=" us"),
            line(start, "<= 0.4 s", warm, lambda s: s <= 0.4, unit=" s"),
        ]

    def sampling_alone(self):
        key, what = "ess_per_s_sampling", "ESS/s, sampling alone"
        return [self.better(case, key, peer, factor, what) for case, peer, factor in SAMPLING_ALONE]

    def compilation_included(self):
        key, what = "ess_per_s_whole", "ESS/s, cold, compilation included"
        nuts = [name for name, case in self.cases.items() if case["transitions"]]
        return [self.better(name, key, WHOLE, 10 if name == EIGHT else 3, what) for name in nuts]

    def gradient(self, case):
        """One dispatched value and gradient, against JAX's jitted call on device arrays or its compiled loop."""
        what = f"{case}: one dispatched value and gradient"
        jax = self.figures(case, "numpyro")
        ours, call, read = self.figures(case, OURS).get("dispatched_us"), jax.get("dispatched_us"), jax.get("read_us")
        if not ours or not call:
            return line(what, "<= JAX's", [], None)
        beside = f"JAX's call {number(call)} us, NumPy in and read {number(read)} us"
        if call < SHORT_CALL_US:
            asked, limit = f"<= 1/{CALL_FACTOR} of JAX's jitted call", call / CALL_FACTOR
        else:
            asked, limit = (
                f"<= {LOOP_SHARE} x JAX's in a loop + {LOOP_MORE_US} us",
                LOOP_SHARE * jax["looped_us"] + LOOP_MORE_US,
            )
            beside += f", in a loop {number(jax['looped_us'])} us"
        return line(what, f"{asked} = {number(limit)} us", [ours], lambda us: us <= limit, beside, " us")

    def streamed(self, case):
        """The large logistic regression's leapfrog, against NumPyro's and against reading its matrix twice."""
        key, twice = "leapfrog_us", self.cases[case]["stream_twice_us"]
        ratios = self.ratios(case, key, OURS, "numpyro")
        ours = list(self.rounds(case, OURS, key).values()) if twice else []
        note = f"twice through memory takes {number(twice / 1e3)} ms" if twice else ""
        return [
            line(f"{case}: a leapfrog", "<= 1 x NumPyro", ratios, lambda ratio: ratio <= 1),
            line(f"{case}: a leapfrog by reading X twice", "measured", [us / twice for us in ours], bool, note),
        ]

    def memory(self, case):
        ratios = self.ratios(case, "peak_mb", OURS, "numpyro")
        ours, theirs = (self.figures(case, engine).get("peak_mb") for engine in (OURS, "numpyro"))
        note = f"{number(ours)} and {number(theirs)} MB" if ratios else ""
        return line(f"{case}: peak memory", "< 1 x NumPyro", ratios, lambda ratio: ratio < 1, note)

    def lines(self):
        found = [*self.eight_schools(), *self.sampling_alone(), *self.compilation_included()]
        # Of gradients there is one figure, the shortest of all.
        gradients = [self.gradient(case) for case in self.cases]
        streamed = [e for case, of in self.cases.items() if not of["transitions"] for e in self.streamed(case)]
        memory = [self.memory(case) for case in self.cases]
        return [*map(self.told, found), *gradients, *map(self.told, streamed + memory)]

    def told(self, entry):
        """An entry that says of how many rounds it is, where these are not all."""
        rounds = entry.get("rounds", self.repeats)
        if rounds >= self.repeats:
            return entry
        return entry | {"measured": f"{entry['measured']}; {rounds} of {self.repeats} rounds"}


def lines(cases, repeats):
    """All that is asked of the models that were run."""
    return [entry for entry in Asked(cases, repeats).lines() if entry["what"].partition(":")[0] in cases]
