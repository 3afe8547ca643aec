"""Sums up a comparison's runs as JSON and as Markdown; what the columns mean is said in `benches/README.md`."""

import json
import math
import statistics

from cases import CASES
from engine import ENGINES

LABELS = {engine.name: engine.label for engine in ENGINES}
OURS = "pyroxene"


def median(values):
    known = [v for v in values if v is not None and math.isfinite(v)]
    return statistics.median(known) if known else None


def least(values):
    known = [v for v in values if v is not None]
    return min(known) if known else None


def divided(a, b):
    return a / b if a is not None and b else None


def with_phases(runs):
    """The results of sampling runs. NumPyro's phases are timed apart, in a warm run: what a leapfrog took there times
    the leapfrogs of a run is that run's sampling."""
    apart = [r["result"]["phases"] for r in runs if "phases" in r["result"]]
    a_leapfrog = median(p["sampling_s"] / p["leapfrogs"] for p in apart)
    warmup_s = median(p["warmup_s"] for p in apart)
    results = []
    for run in runs:
        result = dict(run["result"])
        if "sampling_s" not in result:
            result["warmup_s"] = warmup_s
            result["sampling_s"] = a_leapfrog and a_leapfrog * result["leapfrogs"]
        results.append(result | {"warm": run["warm"], "peak_bytes": run["peak_bytes"]})
    return results


def sampled(runs):
    """An engine's figures of one model, medians over its runs."""
    results = with_phases(runs)
    cold, warm = ([r for r in results if r["warm"] == w] for w in (False, True))

    def over(of, chosen=results):
        return median(of(r) for r in chosen)

    first = lambda r: r["sampling_s"] and r["to_draws_s"] - r["sampling_s"]
    both = lambda r: r["sampling_s"] and r["warmup_s"] + r["sampling_s"]
    return {
        "runs": len(cold),
        "method": results[0]["method"],
        "leapfrog_us": over(lambda r: r["sampling_s"] and r["sampling_s"] * r["threads"] / r["leapfrogs"] * 1e6),
        "nuts_s": over(both),
        "sampling_s": over(lambda r: r["sampling_s"]),
        "whole_s": over(lambda r: r["to_draws_s"], cold),
        "whole_warm_s": over(lambda r: r["to_draws_s"], warm),
        "table_warm_s": over(lambda r: r.get("to_table_s") and r["to_table_s"] - r["plugin_s"], warm),
        "min_ess": over(lambda r: r["min_ess"]),
        "ess_per_s_sampling": over(lambda r: divided(r["min_ess"], r["sampling_s"])),
        "ess_per_s_whole": over(lambda r: divided(r["min_ess"], r["to_draws_s"]), cold),
        "ess_per_leapfrog": over(lambda r: divided(r["min_ess"], r["leapfrogs"])),
        "first_draw_cold_s": over(first, cold),
        "first_draw_warm_s": over(first, warm),
        "peak_mb": over(lambda r: r["peak_bytes"] / 1e6, cold),
        "divergences": int(over(lambda r: r["divergences"])),
        "max_rhat": max((r["max_rhat"] for r in results), default=None),
    }


def of_engine(runs):
    """An engine's figures of one model, from all its runs of it."""
    density, sample, leapfrog = ([r for r in runs if r["task"] == task] for task in ("density", "sample", "leapfrog"))
    figures = sampled(sample) if sample else {}
    for key in ("dispatched", "looped"):
        shortest = least(r["result"].get(f"{key}_s") for r in density)
        figures[f"{key}_us"] = shortest and shortest * 1e6
    if leapfrog:
        figures["leapfrog_us"] = least(r["result"]["leapfrog_s"] for r in leapfrog) * 1e6
        figures["peak_mb"] = median(r["peak_bytes"] / 1e6 for r in leapfrog)
    return figures


def summary(entries):
    """Figures by model and engine from a comparison's lines."""
    runs = [e for e in entries if e["kind"] == "run"]
    result = {"machine": {}, "versions": {}, "end": {}}
    result |= {e["kind"]: e for e in entries if e["kind"] in result}
    loads = [r["load"] for r in runs]
    result["loads"] = [min(loads, default=None), max(loads, default=None)]
    failed = [(r, f"{r['case']}, {LABELS[r['engine']]}, {r['task']}, round {r['round']}") for r in runs if r["failure"]]
    result["failures"] = [f"{what}: {r['failure']}" for r, what in failed]
    result["cases"] = {}
    for case in CASES:
        of_case = [r for r in runs if r["case"] == case.name and not r["failure"]]
        if not of_case:
            continue
        by_engine = {e.name: [r for r in of_case if r["engine"] == e.name] for e in ENGINES}
        streams = [e["result"].get("twice_s") for e in entries if e["kind"] == "stream" and e["case"] == case.name]
        twice = least(streams)
        result["cases"][case.name] = {
            "transitions": max((r["transitions"] for r in of_case if r["task"] == "sample"), default=None),
            "stream_twice_us": twice and twice * 1e6,
            "engines": {name: of_engine(of) for name, of in by_engine.items() if of},
        }
    return result


def number(value):
    """Three digits, a count as it is, or a dash."""
    if value is None:
        return "–"
    if isinstance(value, int):
        return str(value)
    digits = max(0, 2 - math.floor(math.log10(abs(value)))) if value else 0
    return f"{value:.{digits}f}"


NUTS_COLUMNS = {
    "value and gradient, us": "dispatched_us",
    "in a loop, us": "looped_us",
    "leapfrog, us": "leapfrog_us",
    "NUTS, s": "nuts_s",
    "whole run, s": "whole_s",
    "least ESS": "min_ess",
    "ESS/s sampling": "ess_per_s_sampling",
    "ESS/s whole": "ess_per_s_whole",
    "ESS/leapfrog": "ess_per_leapfrog",
    "first draw cold, s": "first_draw_cold_s",
    "warm, s": "first_draw_warm_s",
    "peak, MB": "peak_mb",
    "divergences": "divergences",
    "R-hat": "max_rhat",
    "runs": "runs",
}
LEAPFROG_KEYS = ["dispatched_us", "looped_us", "leapfrog_us", "peak_mb"]
LEAPFROG_COLUMNS = {name: key for name, key in NUTS_COLUMNS.items() if key in LEAPFROG_KEYS}


def table(head, rows):
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def of_case(name, case):
    nuts = case["transitions"] is not None
    columns = NUTS_COLUMNS if nuts else LEAPFROG_COLUMNS
    cells = lambda figures: [number(figures.get(key)) for key in columns.values()]
    rows = [[LABELS[engine], *cells(figures)] for engine, figures in case["engines"].items()]
    n = case["transitions"]
    parts = [f"## {name}" + (f": 4 x ({n} + {n})" if nuts else ""), table(["engine", *columns], rows)]
    ours = case["engines"].get(OURS, {})
    if case["stream_twice_us"]:
        ratios = [
            f"{LABELS[e]}'s leapfrog is {number(divided(f['leapfrog_us'], case['stream_twice_us']))} times that"
            for e, f in case["engines"].items()
            if f.get("leapfrog_us")
        ]
        twice = number(case["stream_twice_us"] / 1e3)
        parts.append(f"Reading the matrix twice from memory, on all cores, takes {twice} ms; {', '.join(ratios)}.")
    if ours.get("table_warm_s"):
        table_s = number(ours["table_warm_s"])
        parts.append(f"Pyroxene, warm, from start to the table less the plugin's loading: {table_s} s.")
    return "\n\n".join(parts)


# A ratio's name, the figure, whether more of it is better, and the engines that it is asked of.
RATIOS = [
    ("ESS/s, sampling alone", "ess_per_s_sampling", True),
    ("ESS/s, whole run", "ess_per_s_whole", True),
    ("whole run", "whole_s", False),
    ("first draw, cold", "first_draw_cold_s", False),
    ("leapfrog", "leapfrog_us", False),
    ("value and gradient", "dispatched_us", False),
    ("peak memory", "peak_mb", False),
]


def ratios(cases):
    """How many times better Pyroxene is than each peer."""
    peers = [e.name for e in ENGINES if e.name != OURS]
    parts = []
    for name, key, more in RATIOS:
        rows = []
        for case, figures in cases.items():
            ours = figures["engines"].get(OURS, {}).get(key)
            theirs = [figures["engines"].get(peer, {}).get(key) for peer in peers]
            cells = [number(divided(ours, t) if more else divided(t, ours)) for t in theirs]
            if any(cell != "–" for cell in cells):
                rows.append([case, *cells])
        if rows:
            parts += [f"### {name}", table(["model", *(LABELS[p] for p in peers)], rows)]
    return parts


def markdown(result):
    machine, end, versions = result["machine"], result["end"], result["versions"]
    about = [
        f"{machine.get('date')}, {machine.get('cores')} cores of {machine.get('cpu')}, {machine.get('memory')},"
        f" {machine.get('system')}, Python {machine.get('python')}, commit {machine.get('commit')}.",
        f"Load before each run: {number(result['loads'][0])} to {number(result['loads'][1])}."
        f" All runs took {number(end.get('seconds'))} s." + ("" if end else " **The comparison was cut short.**"),
        f"NumPyro's chains: {machine.get('numpyro_method')}.",
        *(f"{LABELS[name]}: {text}." for name, text in versions.get("versions", {}).items()),
    ]
    parts = ["# Pyroxene beside its peers", "\n".join(f"- {line}" for line in about)]
    missing = [f"{LABELS[name]}: skipped: {why}" for name, why in versions.get("skipped", {}).items()]
    missing += [f"No result: {failure}" for failure in result["failures"]]
    dropped = end.get("dropped", {}).items()
    missing += [f"Left out for lack of time: {what}: {', '.join(cases)}" for what, cases in dropped]
    if missing:
        parts.append("\n".join(f"- {line}" for line in missing))
    parts += [of_case(name, case) for name, case in result["cases"].items()]
    of_ours = ratios(result["cases"])
    if of_ours:
        how = "How many times as good as the peer's Pyroxene's figure is: more than 1 is better."
        parts += ["## Ratios", how, *of_ours]
    return "\n\n".join(parts) + "\n"


def write(log):
    """Writes the JSON and the Markdown beside the file of runs."""
    entries = [json.loads(line) for line in log.read_text().splitlines()]
    result = summary(entries)
    log.with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n")
    log.with_suffix(".md").write_text(markdown(result))
