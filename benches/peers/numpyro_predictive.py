"""Times NumPyro's Predictive beside ours: the posterior predictive of three gallery models at the same draws, in f64.

Each repeat gives every way of running a fresh process, the ways taking turns. `first` is the first call in it,
imports and data done: tracing, compilation, the draws. `later` are calls after it with the same objects. CPU is what
all threads of the process took meanwhile, which other work on the machine does not stretch. Results are read as NumPy
arrays; ours as arrays on the host. The ways:

    pyroxene            this repository, all draws in one dispatch
    default             Predictive(model, samples), a map over draws
    parallel            Predictive(model, samples, parallel=True), a vmap
    jit default         the same two inside jax.jit, which users may do and NumPyro does not
    jit parallel

Every way has the same key, and the sums of what it draws must agree. Prints the table as Markdown and writes both
forms where --out says.
"""

import os

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import argparse
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
WAYS = ["pyroxene", "default", "parallel", "jit default", "jit parallel"]
MODELS = {"eight_schools": "8 schools", "kidscore_momiq": "434 rows, normal", "wells_dist": "3020 rows, Bernoulli"}


def gallery(name):
    return json.loads((ROOT / "src" / "gallery" / "data" / f"{name}.json").read_text())


def problem(name):
    """The model with the data of its prediction."""
    import jax.numpy as jnp
    import numpyro
    import numpyro.distributions as dist
    from eight_schools import SIGMA
    from eight_schools import model as schools
    from numpyro.distributions import constraints

    def kidscore(mom_iq):
        beta = numpyro.sample("beta", dist.ImproperUniform(constraints.real, (), event_shape=(2,)))
        sigma = numpyro.sample("sigma", dist.HalfCauchy(2.5))
        with numpyro.plate("child", len(mom_iq)):
            numpyro.sample("kid_score", dist.Normal(beta[0] + beta[1] * mom_iq, sigma))

    def wells(distance):
        beta = numpyro.sample("beta", dist.ImproperUniform(constraints.real, (), event_shape=(2,)))
        with numpyro.plate("household", len(distance)):
            numpyro.sample("switched", dist.Bernoulli(logits=beta[0] + beta[1] * distance))

    if name == "eight_schools":
        return schools, (jnp.asarray(SIGMA), None)
    if name == "kidscore_momiq":
        return kidscore, (jnp.asarray(gallery("kidiq")["mom_iq"], float),)
    return wells, (jnp.asarray(gallery("wells_data")["dist"], float),)


def posterior(name, draws):
    """Draws near the posterior, rounded so that text carries them exactly."""
    import numpy as np

    rng = np.random.default_rng(0)
    normal = lambda loc, scale, *shape: np.round(loc + scale * rng.normal(size=(draws, *shape)), 6)
    if name == "eight_schools":
        return {"theta_trans": normal(0, 1, 8), "mu": normal(4, 3), "tau": np.abs(normal(0, 3)) + 0.01}
    if name == "kidscore_momiq":
        return {"beta": normal(np.array([26.0, 0.61]), np.array([6.0, 0.06]), 2), "sigma": normal(18, 0.6)}
    return {"beta": normal(np.array([0.6, -0.006]), np.array([0.06, 0.001]), 2)}


def one(name, way, file, calls):
    import jax
    import numpy as np
    import numpyro
    from numpyro.infer import Predictive

    numpyro.enable_x64()
    model, args = problem(name)
    samples = {k: jax.numpy.asarray(v, float) for k, v in json.loads(Path(file).read_text()).items()}
    key = jax.random.PRNGKey(7)
    jax.block_until_ready((key, samples, args))

    start, cpu = time.perf_counter(), time.process_time()
    predictive = Predictive(model, samples, parallel=way.endswith("parallel"))
    run = predictive if not way.startswith("jit") else jax.jit(predictive)

    def call():
        return {k: np.asarray(v) for k, v in run(key, *args).items()}

    first = call()
    first_s, first_cpu_s, cpu = time.perf_counter() - start, time.process_time() - cpu, time.process_time()
    later_s = []
    for _ in range(calls):
        start = time.perf_counter()
        call()
        later_s.append(time.perf_counter() - start)
    later_cpu_s = (time.process_time() - cpu) / calls
    versions = {"numpyro": numpyro.__version__, "jax": jax.__version__, "python": platform.python_version()}
    times = {"first_s": first_s, "first_cpu_s": first_cpu_s, "later_s": later_s, "later_cpu_s": later_cpu_s}
    return {**times, "sums": {k: float(np.sum(v)) for k, v in first.items()}, **versions}


def ours():
    """The benchmark's executable, built as cargo benches are."""
    command = ["cargo", "bench", "--bench", "predictive", "--no-run", "--message-format", "json"]
    built = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    messages = [json.loads(line) for line in built.splitlines() if line.startswith("{")]
    return next(m["executable"] for m in messages if m.get("executable") and m["target"]["name"] == "predictive")


def run(way, name, file, calls, executable):
    command = [executable, name, file, str(calls)]
    if way != "pyroxene":
        command = [sys.executable, __file__, "--one", way, "--model", name, "--file", file, "--calls", str(calls)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def agree(name, found):
    """All ways drew the same: sums differ by rounding, and where a uniform lies next to a probability by one draw."""
    reference = found["default"]["sums"]
    for way, result in found.items():
        for site, expected in reference.items():
            error = abs(result["sums"][site] - expected)
            allowed = 2.0 if name == "wells_dist" else 1e-9 * abs(expected) + 1e-6
            assert error <= allowed, f"{name}, {way}: {site} sums to {result['sums'][site]}, expected {expected}"


FIGURES = ["first_min", "first_median", "first_cpu", "later_min", "later_median", "later_cpu"]


def rows(measured):
    for name, by_way in measured.items():
        for way, results in by_way.items():
            first = [r["first_s"] for r in results]
            later = [t for r in results for t in r["later_s"]]
            cpu = [statistics.median(r[k] for r in results) for k in ("first_cpu_s", "later_cpu_s")]
            figures = [min(first), statistics.median(first), cpu[0], min(later), statistics.median(later), cpu[1]]
            yield {"model": name, "way": way, **dict(zip(FIGURES, figures))}


def markdown(table, about):
    heads = ["model", "way", "first, shortest", "median", "CPU", "later, shortest", "median", "CPU"]
    lines = [f"| {' | '.join(heads)} |", "| --- | --- |" + " ---: |" * 6]
    for row in table:
        cells = [f"{row[k] * 1e3:.1f} ms" for k in FIGURES]
        lines.append(f"| {row['model']} ({MODELS[row['model']]}) | {row['way']} | {' | '.join(cells)} |")
    ratios = ["", "Times NumPyro's over ours, medians, in brackets CPU:", ""]
    for name in {row["model"]: None for row in table}:
        by_way = {row["way"]: row for row in table if row["model"] == name}
        mine = by_way.pop("pyroxene")
        ratio = lambda row, key: f"{row[key + '_median'] / mine[key + '_median']:.1f} ({row[key + '_cpu'] / max(mine[key + '_cpu'], 1e-4):.1f})"
        parts = [f"{way} first {ratio(row, 'first')}, later {ratio(row, 'later')}" for way, row in by_way.items()]
        ratios.append(f"- {name}: {'; '.join(parts)}")
    return "\n".join([", ".join(f"{k} {v}" for k, v in about.items()), "", *lines, *ratios, ""])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=4000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--calls", type=int, default=10)
    parser.add_argument("--models", nargs="+", default=list(MODELS), choices=list(MODELS))
    parser.add_argument("--out", type=Path, help="a directory for predictive.json and predictive.md")
    parser.add_argument("--executable", help="ours, already built")
    parser.add_argument("--one", choices=WAYS[1:], help=argparse.SUPPRESS)
    parser.add_argument("--model", help=argparse.SUPPRESS)
    parser.add_argument("--file", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        print(json.dumps(one(args.model, args.one, args.file, args.calls)))
        return
    executable = args.executable or ours()
    measured = {name: {way: [] for way in WAYS} for name in args.models}
    with tempfile.TemporaryDirectory() as directory:
        for name in args.models:
            file = str(Path(directory) / f"{name}.json")
            Path(file).write_text(json.dumps({k: v.tolist() for k, v in posterior(name, args.draws).items()}))
            for repeat in range(args.repeats):
                found = {way: run(way, name, file, args.calls, executable) for way in WAYS}
                agree(name, found)
                for way, result in found.items():
                    measured[name][way].append(result)
                print(f"{name}: repeat {repeat + 1} of {args.repeats}", file=sys.stderr, flush=True)
    some = measured[args.models[0]]
    versions = {k: some["default"][0][k] for k in ("numpyro", "jax", "python")}
    about = {"draws": args.draws, "cpus": len(os.sched_getaffinity(0)), "load": round(os.getloadavg()[0], 1), **versions}
    table = list(rows(measured))
    text = markdown(table, about)
    print(text)
    if args.out:
        args.out.mkdir(parents=True, exist_ok=True)
        (args.out / "predictive.md").write_text(text)
        (args.out / "predictive.json").write_text(json.dumps({"about": about, "rows": table, "runs": measured}, indent=1) + "\n")


if __name__ == "__main__":
    main()
