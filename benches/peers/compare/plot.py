"""Draws a comparison's effective sizes a second, sampling alone and the whole run, as SVG."""

import json
import pathlib
import sys

import matplotlib

matplotlib.use("svg")
# Text stays text, and the same figures give the same file.
matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "peers", "font.size": 9})
import matplotlib.pyplot as plt  # noqa: E402
from engine import ENGINES  # noqa: E402

PANELS = {"ess_per_s_sampling": "sampling alone", "ess_per_s_whole": "whole run, compilation included"}
COLOURS = ["#b5122b", "#4c72b0", "#55a868", "#8172b3", "#e08a96", "#d9822b", "#8c8c8c"]


def draw(result, path):
    cases = {name: case["engines"] for name, case in result["cases"].items() if case["transitions"]}
    figure, axes = plt.subplots(len(PANELS), 1, figsize=(10, 7), layout="constrained")
    height = 0.8 / len(ENGINES)
    for axis, (key, title) in zip(axes, PANELS.items()):
        for i, (engine, colour) in enumerate(zip(ENGINES, COLOURS, strict=True)):
            values = [figures.get(engine.name, {}).get(key) or float("nan") for figures in cases.values()]
            places = [place + (i - (len(ENGINES) - 1) / 2) * height for place in range(len(cases))]
            bars = axis.bar(places, values, height, label=engine.label, color=colour)
            for bar, figures_of_case in zip(bars, cases.values()):
                if figures_of_case.get(engine.name, {}).get("marks"):
                    bar.set_hatch("////")
        axis.set_yscale("log")
        axis.set_xticks(range(len(cases)), cases, rotation=12)
        axis.set_ylabel("least bulk ESS a second")
        axis.set_title(title, loc="left")
        axis.grid(axis="y", alpha=0.3)
        axis.set_axisbelow(True)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, ncols=len(ENGINES), frameon=False, fontsize=8, loc="outside lower center")
    machine = result["machine"]
    about = f"{machine.get('cores')} cores of {machine.get('cpu')}, {machine.get('date')}"
    figure.suptitle(f"{about}; hatched: without convergence, or with many divergences", fontsize=9)
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    source = pathlib.Path(sys.argv[1])
    draw(json.loads(source.read_text()), source.with_suffix(".svg"))
