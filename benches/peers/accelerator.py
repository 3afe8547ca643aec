"""Pyroxene and NumPyro on an accelerator, in turn: gradients, leapfrogs of large data, many chains in one program.

Run by `accelerator.sh`. One JSON line a run on stdout, and at the end a table in Markdown, which `--table` also writes.
"""

import argparse
import importlib.metadata
import importlib.util
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "compare"), str(HERE / "compare" / "engines")]
import agree  # noqa: E402
import cases  # noqa: E402
import process  # noqa: E402

# Case, and what is run of it: a task and its options.
RUNS = [
    ("eight_schools", "density", {}),
    ("eight_schools", "sample", {"chains": 1024, "warmup": 300, "draws": 200}),
    ("eight_schools", "sample", {"chains": 4, "warmup": 300, "draws": 200}),
    ("logistic_1000x25", "density", {}),
    ("logistic_1000x25", "sample", {"chains": 256, "warmup": 300, "draws": 200}),
    ("logistic_50000x54", "density", {}),
    ("logistic_50000x54", "sample", {"chains": 16, "warmup": 300, "draws": 200}),
    ("covtype_581012x55_f32", "density", {}),
    ("covtype_581012x55_f32", "leapfrog", {"depth": 4, "draws": 20}),
]
LABELS = {"pyroxene": "Pyroxene", "numpyro": "NumPyro"}
# Seconds after which a run is given up.
PATIENCE = 150


def plugin():
    """The shared library that this Python's JAX loads for CUDA."""
    for name in ("jax_plugins.xla_cuda13", "jax_plugins.xla_cuda12"):
        try:
            spec = importlib.util.find_spec(name)
        except ModuleNotFoundError:
            continue
        for folder in spec.submodule_search_locations if spec else ():
            library = pathlib.Path(folder) / "xla_cuda_plugin.so"
            if library.exists():
                return library
    raise SystemExit("accelerator: skipped: this Python has no jax-cuda12-plugin or jax-cuda13-plugin")


def effective(directory):
    """The least effective size and the greatest split R-hat over all elements of all sites, by NumPyro's diagnostics."""
    import numpy as np
    from numpyro.diagnostics import effective_sample_size, split_gelman_rubin

    draws = [np.load(path) for path in sorted(directory.glob("*.npy"))]
    least = min(float(np.min(effective_sample_size(x))) for x in draws)
    return {"min_ess": least, "max_rhat": max(float(np.max(split_gelman_rubin(x))) for x in draws)}


def run(engine, case, task, options, where, arguments):
    """One process: its result, or why there is none."""
    out = where / f"{case.name}-{engine}"
    out.mkdir(exist_ok=True)
    for old in out.glob("*.npy"):
        old.unlink()
    data = where / case.name
    words = {"model": case.model, "data": data / "data.npz", "points": data / "points.json", "out": out}
    words |= {"precision": case.precision, **options}
    if engine == "pyroxene":
        command, words = [arguments.binary], words | {"engine": "in-graph"} | (
            {"chain-method": "vectorized"} if task == "sample" else {}
        )
    else:
        command, words = [sys.executable, HERE / "compare/engines/run_numpyro.py"], words | {"method": "vectorized"}
    command += [task, *(part for name, value in words.items() for part in (f"--{name}", value))]
    environment = {} if "JAX_PLATFORMS" in os.environ else {"JAX_PLATFORMS": "cuda"}
    environment |= {"PYROXENE_PLUGIN": str(arguments.plugin), "PYROXENE_CACHE": "off"}
    ended = process.run(command, environment, PATIENCE)
    if ended.failure:
        return {"failure": ended.failure}
    return ended.result | (effective(out) if task == "sample" else {})


def cells(task, options, result):
    """A row of the table, less the case and the engine."""
    if "failure" in result:
        return [task, "failed: " + result["failure"]]
    if task == "density":
        # Both with the position from the host and the results read there.
        return ["one value and gradient", f"{result.get('read_s', result['dispatched_s']) * 1e6:.0f} us"]
    if task == "leapfrog":
        return ["a leapfrog", f"{result['leapfrog_s'] * 1e6:.0f} us"]
    chains = options["chains"]
    return [
        f"{chains} x ({options['warmup']} + {options['draws']})",
        f"whole {result['to_draws_s']:.1f} s, run {result['run_s']:.2f} s, {result['leapfrogs']:.0f} leapfrogs, least ESS "
        f"{result['min_ess']:.0f} ({result['min_ess'] / result['run_s']:.0f}/s), R-hat {result['max_rhat']:.3f}, "
        f"{result['divergences']:.0f} divergences",
    ]


def machine():
    """Lines that say when, where and with what."""
    ask = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
    device = subprocess.run(ask, capture_output=True, text=True, check=True).stdout.strip().splitlines()[0]
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("jax", "jaxlib", "numpyro"))
    return [
        "# Pyroxene beside NumPyro on a GPU",
        "",
        f"- {time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime())}, {device}, {os.cpu_count()} cores, one run.",
        f"- {versions}; both load the plugin of this JAX. `benches/peers/accelerator.sh`.",
        "- Chains are vectorized, one program; *whole* is from the process's start to the draws on the host, compilation and",
        "  imports included, *run* warm-up and sampling; effective sizes by NumPyro's diagnostics. A gradient is one call with",
        "  the position from the host and the results read there; a leapfrog is one of a chain alone, in one program.",
        "",
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("--plugin", type=pathlib.Path, help="the library to load, if it is not JAX's")
    parser.add_argument("--table", type=pathlib.Path)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--only", default="", help="cases, separated by commas")
    arguments = parser.parse_args()
    arguments.plugin = arguments.plugin or plugin()
    end = time.time() + 60 * arguments.minutes
    by_name = {case.name: case for case in cases.CASES}
    only = [name for name in arguments.only.split(",") if name]
    runs = [run for run in RUNS if not only or run[0] in only]
    rows = [*machine(), "| case | engine | what | measured |", "| --- | --- | --- | --- |"]
    with tempfile.TemporaryDirectory() as folder:
        where = pathlib.Path(folder)
        for name in dict.fromkeys(name for name, _, _ in runs):
            cases.write(by_name[name], where / name)
        for name, task, options in runs:
            results = {}
            for engine in LABELS:
                if time.time() > end:
                    result = {"failure": "not run: the time was over"}
                else:
                    result = run(engine, by_name[name], task, options, where, arguments)
                results[engine] = result
                shown = {k: v for k, v in result.items() if k not in ("gradients", "log_densities")}
                print(json.dumps({"case": name, "engine": engine, "task": task, **options, **shown}), flush=True)
                rows.append("| " + " | ".join([name, LABELS[engine], *cells(task, options, result)]) + " |")
            if task == "density" and not any("failure" in result for result in results.values()):
                for sentence in agree.disagreements(results, by_name[name].precision):
                    rows.append(f"| {name} | both | disagree | {sentence} |")
    table = "\n".join(rows) + "\n"
    print(table)
    if arguments.table:
        arguments.table.write_text(table)


if __name__ == "__main__":
    main()
