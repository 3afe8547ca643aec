"""What each engine's runs of each model say, by round and as medians; `benches/README.md` says what figures mean."""

import math
import statistics

from cases import CASES
from engine import ENGINES

CHAINS = 4
# Above these, effective sizes are marked as not to be trusted.
MAX_RHAT = 1.05
MAX_DIVERGENT = 0.01


def median(values):
    known = [v for v in values if v is not None and math.isfinite(v)]
    return statistics.median(known) if known else None


def least(values):
    known = [v for v in values if v is not None]
    return min(known) if known else None


def divided(a, b):
    return a / b if a is not None and b else None


def with_phases(runs, apart):
    """The results of sampling runs. What a leapfrog of NumPyro's sampling takes is timed apart: times the leapfrogs of
    a run it is that run's sampling."""
    times = ("sampling_s", "threads_s")
    a_leapfrog = {name: median(r["result"][name] / r["result"]["leapfrogs"] for r in apart) for name in times}
    results = []
    for run in runs:
        result = dict(run["result"])
        if "sampling_s" not in result and apart:
            result |= {name: a_leapfrog[name] * result["leapfrogs"] for name in times}
        results.append(result | {name: run[name] for name in ("task", "warm", "round", "peak_bytes", "transitions")})
    return results


def first_draw(r):
    return r["to_draws_s"] - r["sampling_s"] if "sampling_s" in r else None


def table_warm(r):
    return r["to_table_s"] - r["plugin_s"] if "to_table_s" in r else None


def leapfrog_us(r):
    return r["threads_s"] / r["leapfrogs"] * 1e6 if "threads_s" in r else None


# Of which runs each figure is taken, and how: of cold starts, warm ones, both, or those that tell of sampling alone, which
# are longer ones where the model has such.
BOTH, COLD, WARM, ALONE = "both", "cold", "warm", "alone"
SAMPLING = {
    "leapfrog_us": (ALONE, leapfrog_us),
    "nuts_s": (BOTH, lambda r: r["run_s"]),
    "sampling_s": (BOTH, lambda r: r.get("sampling_s")),
    "whole_s": (COLD, lambda r: r["to_draws_s"]),
    "whole_warm_s": (WARM, lambda r: r["to_draws_s"]),
    "table_warm_s": (WARM, table_warm),
    "min_ess": (BOTH, lambda r: r["min_ess"]),
    "ess_per_s_sampling": (ALONE, lambda r: divided(r["min_ess"], r.get("sampling_s"))),
    "ess_per_s_whole": (COLD, lambda r: divided(r["min_ess"], r["to_draws_s"])),
    "ess_per_leapfrog": (ALONE, lambda r: divided(r["min_ess"], r["leapfrogs"])),
    "first_draw_cold_s": (COLD, first_draw),
    "first_draw_warm_s": (WARM, first_draw),
    "peak_mb": (COLD, lambda r: r["peak_bytes"] / 1e6),
}


def by_round(results, of):
    """A figure's median in each round that has it."""
    found = {}
    for r in results:
        if (value := of(r)) is not None:
            found.setdefault(r["round"], []).append(value)
    return {number: median(values) for number, values in sorted(found.items())}


def sampled(runs, apart):
    """An engine's figures of one model: medians over rounds, and the rounds' own."""
    results = with_phases(runs, apart)
    asked_for = [r for r in results if r["task"] == "sample"] or results
    of_kind = {
        BOTH: asked_for,
        COLD: [r for r in asked_for if not r["warm"]],
        WARM: [r for r in asked_for if r["warm"]],
        ALONE: [r for r in results if r["task"] == "alone"] or asked_for,
    }
    rounds = {key: by_round(of_kind[which], of) for key, (which, of) in SAMPLING.items()}
    rhat = max(r["max_rhat"] for r in results)
    divergent = max(r["divergences"] / (CHAINS * r["transitions"]) for r in results)
    marks = ("†" if not rhat <= MAX_RHAT else "") + ("‡" if divergent > MAX_DIVERGENT else "")
    return {
        **{key: median(values.values()) for key, values in rounds.items()},
        "rounds_run": len(rounds["ess_per_s_sampling"]),
        "method": results[0]["method"],
        "divergences": int(median(r["divergences"] for r in asked_for)),
        # Of a chain that does not move there is none.
        "max_rhat": rhat if math.isfinite(rhat) else None,
        "marks": marks,
        "rounds": rounds,
    }


def of_engine(runs):
    """An engine's figures of one model, from all its runs of it that have a result."""
    of_task = lambda task: [r for r in runs if r["task"] == task]
    leapfrog, sample = of_task("leapfrog"), of_task("sample") + of_task("alone")
    figures = sampled(sample, of_task("phases")) if sample else {"marks": "", "rounds": {}}
    for key in ("dispatched", "read", "looped"):
        shortest = least(r["result"].get(f"{key}_s") for r in runs)
        figures[f"{key}_us"] = shortest and shortest * 1e6
    if leapfrog:
        rounds = {
            "leapfrog_us": by_round(leapfrog, lambda r: r["result"]["leapfrog_s"] * 1e6),
            "peak_mb": by_round(leapfrog, lambda r: r["peak_bytes"] / 1e6),
        }
        figures |= {key: median(values.values()) for key, values in rounds.items()}
        figures |= {"rounds": rounds, "rounds_run": len(rounds["leapfrog_us"])}
    return figures


def missing(case, engine, runs, skipped, end):
    """Why figures of an engine are not there, or not all of them: sentences."""
    if engine.name in skipped:
        return [f"not installed: {skipped[engine.name]}"]
    if case.precision not in engine.precisions:
        return ["has no single precision here"]
    what = lambda r: f"{'warm ' if r['warm'] else ''}{r['task']}, round {r['round']}"
    found = [f"{what(r)} failed: {r['failure']}" for r in runs if r["failure"]]
    main = "sample" if case.nuts else "leapfrog"
    if not any(r["task"] == main for r in runs):
        found.append("not run for lack of time" if end else "not run before the comparison was cut short")
    return found


def summary(entries):
    """Figures by model and engine from a comparison's lines."""
    runs = [e for e in entries if e["kind"] == "run"]
    result = {"machine": {}, "versions": {}, "plan": {}, "end": {}}
    result |= {e["kind"]: e for e in entries if e["kind"] in result}
    loads = [r["load"] for r in runs]
    result["loads"] = [min(loads, default=None), max(loads, default=None)]
    planned, skipped = result["plan"].get("engines", []), result["versions"].get("skipped", {})
    result["cases"] = {}
    for case in (c for c in CASES if c.name in result["plan"].get("cases", [])):
        engines = {}
        for engine in (e for e in ENGINES if e.name in planned and (case.nuts or not e.later)):
            of = [r for r in runs if (r["case"], r["engine"]) == (case.name, engine.name)]
            why = missing(case, engine, of, skipped, result["end"])
            engines[engine.name] = of_engine([r for r in of if not r["failure"]]) | {"missing": why}
        twice = least(
            e["result"].get("twice_s") for e in entries if e["kind"] == "stream" and e["case"] == case.name
        )
        kept = lambda task: [r["transitions"] for r in runs if (r["case"], r["task"]) == (case.name, task)]
        result["cases"][case.name] = {
            "transitions": max(kept("sample"), default=case.transitions) if case.nuts else None,
            "alone": max(kept("alone"), default=None),
            "stream_twice_us": twice and twice * 1e6,
            "engines": engines,
        }
    return result
