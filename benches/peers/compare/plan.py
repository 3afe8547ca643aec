"""In which order what is run, and what is left out when the time is short."""

import dataclasses
import time

import asked
from figures import MAX_RHAT

# What a run may take before it is ended.
TIMEOUT_S = {"full": 180, "quick": 60}
# A run of which nothing is known is not begun with less time left.
LEAST_S = 10
# What takes no longer is done in every round, whether or not anything that is asked needs it.
CHEAP_S = 4
# A peer may be the best one with this part of the first round's most effective draws a second.
CONTENDER = 0.6


@dataclasses.dataclass(frozen=True)
class Job:
    engine: object
    case: object
    task: str
    warm: bool
    round: int

    def key(self):
        return (self.engine.name, self.case.name, self.task, self.warm)

    def samples(self):
        """Whether draws come of it: the runs that are asked for, and the long ones that tell of sampling alone."""
        return self.task in ("sample", "alone")

    def is_cold(self):
        return self.task == "sample" and not self.warm

    def label(self):
        names = {"engine": self.engine.name, "case": self.case.name}
        return names | {"task": self.task, "warm": self.warm, "round": self.round}

    def __str__(self):
        return f"{self.case.name}, {self.engine.label}, {'warm ' if self.warm else ''}{self.task}, round {self.round}"


class Schedule:
    """Jobs within `seconds`, in stages: a round of every case by the main engines, and by the other peers where the best
    one is asked for; a second round of what is asked; Pyroxene's other columns once; the rounds after it; what else runs
    once, the quick first; gradients again. In each round the engines take turns on each case, beginning with another one."""

    def __init__(self, engines, cases, repeats, seconds, quick):
        self.engines, self.cases, self.repeats, self.seconds, self.quick = engines, cases, repeats, seconds, quick
        self.start = time.monotonic()
        self.known, self.rates = {}, {}
        self.left_out = []

    def elapsed(self):
        return time.monotonic() - self.start

    def left(self):
        return self.seconds - self.elapsed()

    def took(self, job, seconds, result):
        self.known[job.key()] = max(seconds, self.known.get(job.key(), 0.0))
        if job.task == "sample" and "sampling_s" in result and result["max_rhat"] <= MAX_RHAT:
            self.rates.setdefault(job.case.name, {})[job.engine.name] = result["min_ess"] / result["sampling_s"]

    def expected(self, job):
        """What a job took before. Of the first run: what its cold start took, or the run of an engine that is like it,
        or the slowest of the others on the same case."""
        engine, case, task, _ = job.key()
        like = job.engine.like
        keys = [job.key(), (engine, case, "sample", False), (like, case, task, job.warm), (like, case, "sample", False)]
        others = [s for (_, of, what, _), s in self.known.items() if of == case and what == task]
        return next((self.known[key] for key in keys if key in self.known), max(others, default=0.0))

    def stages(self):
        """The cases with their jobs, in order."""
        for case in self.cases:
            yield case, self.first(case) + self.gradients(case, 1)
        later = [e for e in self.engines if e.later]
        ours, peers = [e for e in later if not e.environment], [e for e in later if e.environment]
        nuts = [case for case in self.cases if case.nuts]
        contested = [case for case in nuts if "any" in asked.peers(case.name, ["any"])]
        yield from self.once(peers, contested)
        for number in range(2, self.repeats + 1):
            yield from self.round(number)
            if number == 2:
                yield from self.once(ours, nuts)
        yield from self.once(ours if self.repeats < 2 else [], nuts)
        rest = [*self.once(peers, [case for case in nuts if case not in contested]), *self.warm(nuts)]
        yield from sorted(rest, key=lambda stage: self.cost(stage[1]))
        if not self.quick:
            for case in self.cases:
                yield case, self.gradients(case, self.repeats + 1)

    def warm(self, cases):
        """Warm starts of the main engines that have had none."""
        engines = [e for e in self.engines if e.caches and not e.later]
        warm = [Job(e, case, "sample", True, 1) for case in cases for e in engines]
        return [(job.case, [job]) for job in warm if job.key() not in self.known]

    def in_turn(self, case, number):
        """The engines that can run a case, in the turn of a round."""
        turn = (number - 1) % len(self.engines)
        engines = self.engines[turn:] + self.engines[:turn]
        return [e for e in engines if case.precision in e.precisions]

    def gradients(self, case, number):
        return [Job(e, case, "density", False, number) for e in self.in_turn(case, number) if "density" in e.tasks]

    def first(self, case):
        """The first round's runs of a case by the main engines."""
        engines = [e for e in self.in_turn(case, 1) if not e.later]
        if not case.nuts:
            return [Job(e, case, "leapfrog", False, 1) for e in engines if "leapfrog" in e.tasks]
        made = [Job(e, case, "sample", False, 1) for e in engines]
        # Each cold start fills the cache. A warm one of the slow starters is worth its time once, later.
        made += [Job(e, case, "sample", True, 1) for e in engines if not e.environment and e.caches]
        phases = [Job(e, case, "phases", False, 1) for e in engines if "phases" in e.tasks]
        return made + self.alone(case, engines, 1) + phases

    def alone(self, case, engines, number):
        return [Job(e, case, "alone", True, number) for e in engines] if case.alone else []

    def once(self, engines, cases):
        """Runs of these engines in the first round's place, each a whole run."""
        for case in cases:
            yield case, [Job(e, case, "sample", False, 1) for e in engines] + self.alone(case, engines, 1)

    def contenders(self, case):
        """The peers of whom one may have the most effective draws a second."""
        rates = {peer: rate for peer, rate in self.rates.get(case.name, {}).items() if peer in asked.PEERS}
        return [peer for peer, rate in rates.items() if rate >= CONTENDER * max(rates.values())]

    def again(self, case, number):
        """A later round's runs: what is asked needs them, or they are cheap. Who gave no result before would give none
        again."""
        needed = asked.peers(case.name, self.contenders(case)) | {asked.OURS}
        known = {engine for engine, of, *_ in self.known if of == case.name}
        engines = [e for e in self.in_turn(case, number) if e.name in known]
        is_cheap = lambda job: not job.engine.later and self.expected(job) <= CHEAP_S
        made = [job for e in engines for job in self.of_engine(e, case, number) if e.name in needed or is_cheap(job)]
        warm = [Job(e, case, "sample", True, number) for e in engines if case.nuts and e.name == asked.OURS]
        return made + [job for job in warm if is_cheap(job)]

    def of_engine(self, engine, case, number):
        """What an engine runs in a later round. Compilation is asked for of ours and of one peer; the others find what
        they compiled before."""
        if not case.nuts:
            return [Job(engine, case, "leapfrog", False, number)] if "leapfrog" in engine.tasks else []
        compiles = engine.name in (asked.OURS, asked.WHOLE)
        sample = Job(engine, case, "sample", bool(engine.caches) and not compiles, number)
        if engine.name == asked.WHOLE:
            return [sample]
        alone = self.alone(case, [engine], number)
        return [sample, *alone] if compiles else alone or [sample]

    def cost(self, jobs):
        return sum(self.expected(job) for job in jobs)

    def round(self, number):
        """A later round of every case, the quick ones first, each whole or not at all."""
        for case in sorted(self.cases, key=lambda case: self.cost(self.again(case, number))):
            jobs = self.again(case, number)
            if self.cost(jobs) > self.left():
                self.left_out += [job.label() for job in jobs]
            else:
                yield case, jobs

    def timeout(self, job):
        """How long a run may take; nothing when there is no time for it."""
        if self.left() < max(self.expected(job), 0 if job.key() in self.known else LEAST_S):
            self.left_out.append(job.label())
            return None
        return min(self.left(), TIMEOUT_S["quick" if self.quick else "full"])
