"""In which order what is run, and what is left out when the time is short."""

import dataclasses
import time

# What a run may take before it is ended.
TIMEOUT_S = {"full": 180, "quick": 60}
# A run of which nothing is known is not begun with less time left.
LEAST_S = 10
# A case whose cold runs by the main engines take no longer is repeated before anything that is run once.
CHEAP_S = 50


@dataclasses.dataclass(frozen=True)
class Job:
    engine: object
    case: object
    task: str
    warm: bool
    round: int

    def key(self):
        return (self.engine.name, self.case.name, self.task, self.warm)

    def label(self):
        names = {"engine": self.engine.name, "case": self.case.name}
        return names | {"task": self.task, "warm": self.warm, "round": self.round}

    def __str__(self):
        return f"{self.case.name}, {self.engine.label}, {'warm ' if self.warm else ''}{self.task}, round {self.round}"


class Schedule:
    """Jobs within `seconds`, in stages: a round of every case by the main engines; more rounds of the cheap cases; what
    runs once; more rounds of the other cases; gradients again. In each round the engines take turns on each case,
    beginning with another one."""

    def __init__(self, engines, cases, repeats, seconds, quick):
        self.engines, self.cases, self.repeats, self.seconds, self.quick = engines, cases, repeats, seconds, quick
        self.start = time.monotonic()
        self.known = {}
        self.left_out = []

    def elapsed(self):
        return time.monotonic() - self.start

    def left(self):
        return self.seconds - self.elapsed()

    def took(self, job, seconds):
        self.known[job.key()] = max(seconds, self.known.get(job.key(), 0.0))

    def expected(self, job):
        """What a job took before; of the first run, what the slowest of the others took on the same case."""
        others = [s for (_, case, task, _), s in self.known.items() if case == job.case.name and task == job.task]
        return self.known.get(job.key(), max(others, default=0.0))

    def stages(self):
        """The cases with their jobs, in order."""
        for case in self.cases:
            # Gradients last: their caches are filled then, which makes nutpie's a warm start.
            yield case, self.of_round(case, 1) + self.gradients(case, 1)
        cheap = [case for case in self.cases if self.cost(self.again(case, 2)) <= CHEAP_S]
        yield from self.rounds(cheap)
        yield from self.once()
        yield from self.rounds([case for case in self.cases if case not in cheap])
        if not self.quick:
            for case in self.cases:
                yield case, self.gradients(case, self.repeats + 1)

    def in_turn(self, case, number):
        """The engines that can run a case, in the turn of a round."""
        turn = (number - 1) % len(self.engines)
        engines = self.engines[turn:] + self.engines[:turn]
        return [e for e in engines if case.precision in e.precisions]

    def gradients(self, case, number):
        return [Job(e, case, "density", False, number) for e in self.in_turn(case, number) if "density" in e.tasks]

    def of_round(self, case, number):
        """One round's runs of a case by the main engines."""
        engines = [e for e in self.in_turn(case, number) if not e.later]
        if not case.nuts:
            return [Job(e, case, "leapfrog", False, number) for e in engines if "leapfrog" in e.tasks]
        # Each cold start fills the cache. A warm one of the slow starters is worth its time once, later.
        made = [Job(e, case, "sample", False, number) for e in engines]
        made += [Job(e, case, "sample", True, number) for e in engines if not e.environment and e.caches]
        return made + [Job(e, case, "phases", False, number) for e in engines if "phases" in e.tasks and number == 1]

    def again(self, case, number):
        """A later round's runs: what gave no result in the first one would give none again."""
        return [job for job in self.of_round(case, number) if job.key() in self.known]

    def cost(self, jobs):
        return sum(self.expected(job) for job in jobs)

    def rounds(self, cases):
        """The second round and those after it, of these cases, each whole or not at all."""
        for number in range(2, self.repeats + 1):
            for case in sorted(cases, key=lambda case: self.cost(self.again(case, number))):
                jobs = self.again(case, number)
                if self.cost(jobs) > self.left():
                    self.left_out += [job.label() for job in jobs]
                else:
                    yield case, jobs

    def once(self):
        """The later engines, then NumPyro's warm starts, each a whole run: the compiled program has its length."""
        number = self.repeats + 1
        nuts = [case for case in self.cases if case.nuts]
        for engine in (e for e in self.engines if e.later):
            for case in nuts:
                yield case, [Job(engine, case, "sample", False, number)]
        for case in nuts:
            yield case, [Job(e, case, "sample", True, number) for e in self.in_turn(case, 1) if e.name == "numpyro"]

    def timeout(self, job):
        """How long a run may take; nothing when there is no time for it."""
        if self.left() < max(LEAST_S, self.expected(job)):
            self.left_out.append(job.label())
            return None
        return min(self.left(), TIMEOUT_S["quick" if self.quick else "full"])
