"""Sums up a comparison's runs as JSON and as Markdown; what the columns mean is said in `benches/README.md`."""

import json

import asked
from asked import LABELS, OURS
from engine import ENGINES
from figures import MAX_DIVERGENT, MAX_RHAT, divided, summary
from words import number, span, table

NUTS_COLUMNS = {
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
    "rounds": "rounds_run",
}
LEAPFROG_COLUMNS = {"leapfrog, us": "leapfrog_us", "peak, MB": "peak_mb", "rounds": "rounds_run"}
GRADIENT_COLUMNS = {"call": "dispatched_us", "NumPy in, read": "read_us", "in a loop": "looped_us"}
# What stands on effective sizes.
ESS_KEYS = ["min_ess", "ess_per_s_sampling", "ess_per_s_whole", "ess_per_leapfrog"]
# Whose spread over rounds is shown.
SPAN_KEYS = ["leapfrog_us", "ess_per_s_sampling", "ess_per_s_whole"]
MARKS = {
    "†": f"R-hat above {MAX_RHAT} in a run: these effective sizes are not to be trusted.",
    "‡": f"More than {MAX_DIVERGENT:.0%} of the draws of a run diverged: parts of the posterior may be missing.",
}


def cell(figures, key):
    rounds = list(figures["rounds"].get(key, {}).values()) if key in SPAN_KEYS else []
    shown = span(rounds) if len(rounds) > 1 else number(figures.get(key))
    return shown + (figures["marks"] if key in ESS_KEYS and shown != "–" else "")


def of_case(name, case):
    n = case["transitions"]
    columns = NUTS_COLUMNS if n else LEAPFROG_COLUMNS
    rows, notes = [], []
    for engine, figures in case["engines"].items():
        label = LABELS[engine]
        if engine == "numpyro" and "method" in figures:
            label += f", {figures['method']}"
        for why in figures["missing"]:
            notes.append(f"[{len(notes) + 1}] {LABELS[engine]}: {why}")
            label += f" [{len(notes)}]"
        rows.append([label, *(cell(figures, key) for key in columns.values())])
    marks = "".join(figures["marks"] for figures in case["engines"].values())
    notes += [f"{mark} {meaning}" for mark, meaning in MARKS.items() if mark in marks]
    head = f"## {name}" + (f": 4 x ({n} + {n})" if n else "")
    head += f", sampling alone and leapfrogs of 4 x ({n} + {case['alone']})" if case["alone"] else ""
    parts = [head, table(["engine", *columns], rows)]
    if notes:
        parts.append("\n".join(f"- {note}" for note in notes))
    return "\n\n".join(parts + more(case))


def more(case):
    """What is measured of some models only."""
    parts, ours = [], case["engines"].get(OURS, {})
    if case["stream_twice_us"]:
        ratios = [
            f"{LABELS[e]}'s leapfrog is {number(divided(f['leapfrog_us'], case['stream_twice_us']))} times that"
            for e, f in case["engines"].items()
            if f.get("leapfrog_us")
        ]
        twice = number(case["stream_twice_us"] / 1e3)
        read = f"Reading the matrix twice from memory, on all cores, takes {twice} ms"
        parts.append("; ".join([read, *ratios]) + ".")
    if ours.get("table_warm_s"):
        table_s = number(ours["table_warm_s"])
        parts.append(f"Pyroxene, warm, from start to the table less the plugin's loading: {table_s} s.")
    if case["alone"]:
        why = "[docs/decisions](../../docs/decisions/2026-11-26-short-runs-are-compiled-in-haste.md)"
        parts.append(f"Of Pyroxene's runs the shorter ones, which tell of start and whole, are compiled in haste ({why}).")
    return parts


def gradients(cases):
    """The shortest value and gradient of each model and engine."""
    engines = [e for e in ENGINES if any(c["engines"].get(e.name, {}).get("dispatched_us") for c in cases.values())]
    head, keys = ["model"], []
    for engine in engines:
        columns = GRADIENT_COLUMNS if engine.name == "numpyro" else {"call": "dispatched_us"}
        head += [f"{'JAX' if engine.name == 'numpyro' else engine.label}: {column}" for column in columns]
        keys += [(engine.name, key) for key in columns.values()]
    rows = [[name, *(number(c["engines"].get(e, {}).get(key)) for e, key in keys)] for name, c in cases.items()]
    return ["## One value and gradient, us", table(head, rows)] if keys else []


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
    for name, key, higher in RATIOS:
        rows = []
        for case, of in cases.items():
            figures = [of["engines"].get(engine, {}) for engine in (OURS, *peers)]
            ours, *theirs = ((f.get(key), f.get("marks", "") if key in ESS_KEYS else "") for f in figures)
            times = [number(divided(ours[0], t) if higher else divided(t, ours[0])) for t, _ in theirs]
            cells = [c if c == "–" else c + "".join(sorted({*ours[1], *mark})) for c, (_, mark) in zip(times, theirs)]
            if any(c != "–" for c in cells):
                rows.append([case, *cells])
        if rows:
            parts += [f"### {name}", table(["model", *(LABELS[p] for p in peers)], rows)]
    return parts


def preamble(result):
    machine, end, versions = result["machine"], result["end"], result["versions"]
    about = [
        f"{machine.get('date')}, {machine.get('cores')} cores of {machine.get('cpu')}, {machine.get('memory')},"
        f" {machine.get('system')}, Python {machine.get('python')}, commit {machine.get('commit')}.",
        f"Load before each run: {number(result['loads'][0])} to {number(result['loads'][1])}."
        f" All runs took {number(end.get('seconds'))} s." + ("" if end else " **The comparison was cut short.**"),
        *(f"{LABELS[name]}: {text}." for name, text in versions.get("versions", {}).items()),
    ]
    left_out = {}
    for job in end.get("left_out", []):
        what = f"{'warm ' if job['warm'] else ''}{job['task']}, round {job['round']}"
        left_out.setdefault(what, []).append(job["case"])
    about += [f"Left out for lack of time: {what}: {', '.join(dict.fromkeys(of))}." for what, of in left_out.items()]
    return "\n".join(f"- {line}" for line in about)


def markdown(result):
    parts = ["# Pyroxene beside its peers", preamble(result)]
    if result["asked"]:
        columns = ["what", "asked", "measured", "met"]
        rows = [[entry[column] for column in columns] for entry in result["asked"]]
        how = "Medians of the rounds, of ratios within a round, with the least and the greatest of them."
        parts += ["## What is asked", how, table(columns, rows, figures=False)]
    parts += gradients(result["cases"])
    parts += [of_case(name, case) for name, case in result["cases"].items()]
    of_ours = ratios(result["cases"])
    if of_ours:
        how = "How many times as good as the peer's Pyroxene's median is: more than 1 is better."
        parts += ["## Ratios", how, *of_ours]
    return "\n\n".join(parts) + "\n"


def write(log):
    """Writes the JSON and the Markdown beside the file of runs."""
    entries = [json.loads(line) for line in log.read_text().splitlines()]
    result = summary(entries)
    result["asked"] = asked.lines(result["cases"], result["plan"].get("repeats", 1))
    log.with_suffix(".json").write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    log.with_suffix(".md").write_text(markdown(result))
