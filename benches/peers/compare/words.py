"""Figures and tables as Markdown has them."""

import math
import statistics


def number(value):
    """Three digits, a count as it is, or a dash."""
    if value is None:
        return "–"
    if isinstance(value, int):
        return str(value)
    digits = max(0, 2 - math.floor(math.log10(abs(value)))) if value else 0
    return f"{value:.{digits}f}"


def span(values):
    """The median of rounds, and the least and the greatest where there are several."""
    middle = number(statistics.median(values))
    return f"{middle} ({number(min(values))} to {number(max(values))})" if len(values) > 1 else middle


def table(head, rows, figures=True):
    """A table whose columns after the first are figures, or words."""
    lines = [head, ["---"] + ["---:" if figures else "---"] * (len(head) - 1), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
