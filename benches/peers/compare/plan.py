"""In which order what is run, and what is left out when the time is short."""

import dataclasses
import time

# What a run may take before it is ended.
TIMEOUT_S = {"full": 240, "quick": 75}
# A run of which nothing is known is not begun with less time left.
LEAST_S = 10
# The part of the time that is kept for what comes after the rounds.
LATER = 0.2


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
    """Rounds of jobs within `seconds`: each engine in turn on each case, beginning with another one each round. Then,
    as long as there is time, what one run tells enough of."""

    def __init__(self, engines, cases, repeats, seconds, quick):
        self.engines, self.cases, self.repeats, self.seconds, self.quick = engines, cases, repeats, seconds, quick
        self.start = time.monotonic()
        self.known = {}
        # What was left out, and of which cases.
        self.dropped = {}

    def elapsed(self):
        return time.monotonic() - self.start

    def drop(self, what, case):
        self.dropped.setdefault(what, []).append(case.name)

    def took(self, job, seconds):
        self.known[job.key()] = max(seconds, self.known.get(job.key(), 0.0))

    def expected(self, job):
        """What a job took before; of the first run, what the slowest of the others took on the same case."""
        others = [s for (_, case, task, _), s in self.known.items() if case == job.case.name and task == job.task]
        return self.known.get(job.key(), max(others, default=0.0))

    def of(self, case, number):
        """The engines that run a case in a round, in turn."""
        turn = (number - 1) % len(self.engines)
        engines = self.engines[turn:] + self.engines[:turn]
        return [e for e in engines if case.precision in e.precisions]

    def jobs(self, case, number):
        engines = self.of(case, number)
        made = [Job(e, case, "density", False, number) for e in engines if "density" in e.tasks and number == 1]
        if not case.nuts:
            return made + [Job(e, case, "leapfrog", False, number) for e in engines if "leapfrog" in e.tasks]
        # Each cold start fills the cache. A warm one of the slow starters is worth its time once.
        cold = [Job(e, case, "sample", False, number) for e in engines if not e.later]
        warm = [e for e in engines if not e.later and (e.name == "pyroxene" or e.phases and number == 1)]
        return made + cold + [Job(e, case, "sample", True, number) for e in warm]

    def rounds(self):
        """The cases with their jobs, round after round."""
        for number in range(1, self.repeats + 1):
            plan = [(case, self.jobs(case, number)) for case in self.cases]
            yield from self.fitting(plan, number) if number > 1 else plan
        yield from self.later()

    def later(self):
        number = self.repeats + 1
        nuts = [case for case in self.cases if case.nuts]
        for case in nuts:
            yield case, [Job(e, case, "sample", False, number) for e in self.of(case, 1) if e.later]
        for case in nuts:
            warm = [e for e in self.of(case, 1) if e.environment and e.caches and not e.phases and not e.later]
            yield case, [Job(e, case, "sample", True, number) for e in warm]
        for case in self.cases if not self.quick else []:
            yield case, [Job(e, case, "density", False, number) for e in self.of(case, 1) if "density" in e.tasks]

    def fitting(self, plan, number):
        """The rounds to come share the time that is left; the longest cases are left out of one that exceeds it."""
        share = (self.seconds * (1 - LATER) - self.elapsed()) / (self.repeats - number + 1)
        cost = lambda jobs: sum(self.expected(job) for job in jobs)
        # What gave no result in the first round would give none again.
        plan = [(case, [job for job in jobs if job.key() in self.known]) for case, jobs in plan]
        while plan and sum(cost(jobs) for _, jobs in plan) > share:
            longest = max(plan, key=lambda entry: cost(entry[1]))
            plan.remove(longest)
            self.drop(f"round {number}", longest[0])
        return plan

    def timeout(self, job):
        """How long a run may take; nothing when there is no time for it."""
        left = self.seconds - self.elapsed()
        if left < max(LEAST_S, self.expected(job)):
            self.drop(f"{job.engine.label}, {'warm ' if job.warm else ''}{job.task}, round {job.round}", job.case)
            return None
        return min(left, TIMEOUT_S["quick" if self.quick else "full"])
