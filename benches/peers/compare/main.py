"""Runs every engine on the same models and data in turn and writes what it measured to `benches/results/`.

Started by `compare.sh`. What each run gives is appended to a file at once, so that a run cut short loses nothing.
"""

import argparse
import datetime
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

import agree
import environments
import plan
import process
import report
from cases import CASES
from engine import ENGINES

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[2]
RESULTS = ROOT / "benches" / "results"
# What `--quick` runs, unless it is told.
QUICK_CASES = ["eight_schools", "logistic_1000x25", "radon_919x85", "covtype_581012x55_f32"]
QUICK_ENGINES = ["pyroxene", "stanli", "nutpie", "numpyro"]
# What part of the transitions tells what a leapfrog of NumPyro's sampling takes.
PHASES = 1 / 4
# Of a gradient's call, its seconds of repeats.
CALLS_S = 0.5
# What a run may take that only brings an engine's files into memory.
READ_S = 60


def names(known):
    """A type for options that list known names, parted by commas."""

    def parse(text):
        wanted = text.split(",")
        unknown = [name for name in wanted if name not in known]
        if unknown:
            raise argparse.ArgumentTypeError(f"{unknown[0]} is none of {', '.join(known)}")
        return wanted

    return parse


def arguments():
    parser = argparse.ArgumentParser(prog="compare.sh", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round of a few models in at most 5 minutes")
    parser.add_argument("--models", type=names([c.name for c in CASES]), help="models, parted by commas")
    parser.add_argument("--engines", type=names([e.name for e in ENGINES]), help="engines, parted by commas")
    parser.add_argument("--repeats", type=int, help="rounds (default 3, with --quick 1)")
    parser.add_argument("--minutes", type=float, help="for all of it, without installing and building (25, quick 5)")
    parser.add_argument("--transitions", type=int, help="of warm-up, and kept, a chain (default 1000; for a trial)")
    parser.add_argument("--numpyro-method", choices=["parallel", "vectorized"], help="instead of each model's better")
    parser.add_argument("--name", help="of the files in benches/results (default peers, with --quick peers-quick)")
    parser.add_argument("--report", action="store_true", help="write an earlier run's table and plot again")
    chosen = parser.parse_args()
    quick = chosen.quick
    chosen.models = chosen.models or (QUICK_CASES if quick else [c.name for c in CASES])
    chosen.engines = chosen.engines or (QUICK_ENGINES if quick else [e.name for e in ENGINES])
    chosen.repeats = chosen.repeats or (1 if quick else 3)
    chosen.minutes = chosen.minutes or (5 if quick else 25)
    chosen.name = chosen.name or ("peers-quick" if quick else "peers")
    return chosen


def build():
    """This project's program, built in release mode."""
    command = ["cargo", "build", "--release", "--bench", "peers", "--message-format=json-render-diagnostics"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    built = (json.loads(line) for line in done.stdout.splitlines() if line.startswith("{"))
    programs = [b["executable"] for b in built if b.get("executable") and b["target"]["name"] == "peers"]
    return programs[-1]


def machine():
    def first(path, key):
        lines = pathlib.Path(path).read_text().splitlines()
        return next((line.partition(":")[2].strip() for line in lines if line.startswith(key)), "unknown")

    commit = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "cpu": first("/proc/cpuinfo", "model name"),
        "cores": len(os.sched_getaffinity(0)),
        "memory": first("/proc/meminfo", "MemTotal"),
        "system": " ".join(os.uname()[i] for i in (0, 2)),
        "python": sys.version.split()[0],
        "commit": commit.stdout.strip(),
    }


class Comparison:
    """The programs, the files and the clock of one comparison."""

    def __init__(self, chosen):
        self.chosen = chosen
        self.log = RESULTS / f"{chosen.name}.jsonl"
        self.cache = environments.cache()
        self.cases = [c for c in CASES if c.name in chosen.models]
        self.programs, self.skipped, self.versions = {}, {}, {}

    def record(self, **entry):
        with self.log.open("a") as file:
            file.write(json.dumps(entry) + "\n")

    def prepare(self):
        """Environments, the program, data: nothing of it counts."""
        tools, why = environments.make("tools")
        if why:
            sys.exit(f"compare: the environment of NumPy and ArviZ {why}")
        self.tools, ours = tools, None
        for engine in (e for e in ENGINES if e.name in self.chosen.engines):
            if not engine.environment:
                ours = ours or build()
                self.programs[engine.name] = ours
                continue
            program, why = environments.make(engine.environment)
            if why:
                self.skipped[engine.name] = why
            else:
                self.programs[engine.name] = program
                self.versions[engine.name] = environments.versions(program, engine.environment)
        self.engines = [e for e in ENGINES if e.name in self.programs]
        data = [self.tools, HERE / "cases.py", self.cache / "data", *(c.name for c in self.cases)]
        subprocess.run([str(word) for word in data], check=True)
        shutil.rmtree(self.cache / "compiled", ignore_errors=True)
        self.read_programs()

    def command(self, job, out):
        """The words of a job's command, and how many draws it makes."""
        engine, case = job.engine, job.case
        data = self.cache / "data" / case.name
        transitions = self.chosen.transitions or case.transitions
        draws = (case.alone or transitions) if job.task in ("alone", "phases") else transitions
        options = ["--model", case.model, "--data", data / "data.npz", "--points", data / "points.json"]
        options += ["--out", out, "--precision", case.precision, "--seed", job.round, "--seconds", CALLS_S]
        if job.samples():
            options += ["--warmup", transitions, "--draws", draws]
        if job.task == "phases":
            options += ["--draws", max(1, int(PHASES * draws))]
        if job.task == "leapfrog":
            options += ["--depth", 4, "--draws", 3]
        options += engine.options
        if engine.name == "numpyro":
            options += ["--method", self.chosen.numpyro_method or case.numpyro_method]
        task = "sample" if job.samples() else job.task
        return [*engine.command(self.programs[engine.name]), task, *options], draws

    def read_programs(self):
        """Has each engine run once, which does not count: a start is without what was compiled before, not from a disk
        that nobody has read yet."""
        out, compiled = self.cache / "draws", self.cache / "compiled" / "unread"
        for directory in (out, compiled):
            directory.mkdir(parents=True, exist_ok=True)
        for engine in (e for e in self.engines if "density" in e.tasks):
            case = next((c for c in self.cases if c.precision in engine.precisions), None)
            if case:
                words, _ = self.command(plan.Job(engine, case, "density", False, 1), out)
                process.run(words, engine.variables(compiled), READ_S)

    def run(self, job, timeout_s):
        """One job's run, recorded; whether a result came of it."""
        engine, case = job.engine, job.case
        compiled = self.cache / "compiled" / engine.name / case.name
        if job.is_cold():
            # A cold start finds nothing that was compiled before, and fills the cache for the warm one.
            shutil.rmtree(compiled, ignore_errors=True)
        out = self.cache / "draws"
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        command, draws = self.command(job, out)
        compiled.mkdir(parents=True, exist_ok=True)
        load = os.getloadavg()[0]
        done = process.run(command, engine.variables(compiled), timeout_s)
        result = done.result
        if job.samples() and result:
            result |= self.diagnose(out)
            done.failure = result.pop("failure", "")
        measured = {"wall_s": done.wall_s, "cpu_s": done.cpu_s, "peak_bytes": done.peak_bytes, "load": load}
        # What the engines are held to each other by is long, and says nothing once it agrees.
        kept = {name: value for name, value in result.items() if name not in ("log_densities", "gradients")}
        failed = {"failure": done.failure, "account": done.account} if done.failure else {"failure": ""}
        self.record(kind="run", **job.label(), transitions=draws, **measured, **failed, result=kept)
        if done.failure:
            print(f"compare: {job}: {done.failure}", file=sys.stderr, flush=True)
        return {} if done.failure else result

    def diagnose(self, directory):
        self.worker.stdin.write(f"{directory}\n")
        self.worker.stdin.flush()
        return json.loads(self.worker.stdout.readline())

    def stream(self, case):
        """The time to read a matrix of the case's size twice from memory, in this run."""
        size = case.sizes["rows"] * case.sizes["columns"] * 4
        program = self.programs.get("pyroxene")
        if program:
            done = process.run([program, "stream", "--bytes", size], {}, 60)
            self.record(kind="stream", case=case.name, failure=done.failure, result=done.result)

    def measure(self):
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.log.write_text("")
        chosen = self.chosen
        self.record(kind="machine", **machine(), load=os.getloadavg())
        self.record(kind="versions", versions=self.versions, skipped=self.skipped)
        self.record(kind="plan", engines=chosen.engines, cases=[c.name for c in self.cases], repeats=chosen.repeats)
        command = [self.tools, HERE / "ess.py"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as self.worker:
            schedule = plan.Schedule(self.engines, self.cases, chosen.repeats, chosen.minutes * 60, chosen.quick)
            self.follow(schedule)
            self.worker.stdin.close()
        self.record(kind="end", load=os.getloadavg(), seconds=schedule.elapsed(), left_out=schedule.left_out)

    def follow(self, schedule):
        for case, jobs in schedule.stages():
            densities = {}
            for job in jobs:
                timeout_s = schedule.timeout(job)
                if timeout_s is None:
                    continue
                start = time.monotonic()
                result = self.run(job, timeout_s)
                if result:
                    schedule.took(job, time.monotonic() - start, result)
                if "log_densities" in result:
                    densities[job.engine.name] = result
                    self.hold(case, densities)
            if jobs and not case.nuts:
                self.stream(case)
            tasks = ", ".join(sorted({job.task for job in jobs}))
            if jobs:
                what = f"round {jobs[0].round}, {case.name} ({tasks})"
                print(f"compare: {what} done after {schedule.elapsed():.0f} s", file=sys.stderr, flush=True)

    def hold(self, case, densities):
        """Stops everything when engines do not have the same model."""
        found = agree.disagreements(densities, case.precision)
        if found:
            self.record(kind="disagreement", case=case.name, found=found)
            sys.exit("\n".join([f"compare: {case.name}: the engines' log densities differ", *found]))


def main():
    chosen = arguments()
    comparison = Comparison(chosen)
    if not chosen.report:
        comparison.prepare()
        comparison.measure()
    tools, _ = environments.make("tools")
    report.write(comparison.log)
    subprocess.run([str(tools), str(HERE / "plot.py"), str(comparison.log.with_suffix(".json"))], check=True)
    print(comparison.log.with_suffix(".md").read_text())


if __name__ == "__main__":
    main()
