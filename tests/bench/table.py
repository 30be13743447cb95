"""Figures as tables for people, which are Markdown too. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from tests.bench import figures
from tests.bench.figures import Figure, Measure

# Of these every reading counts: how long the slowest take is what matters.
_TAILED = (figures.FILE, figures.HOOK)
LEGEND = (
    "Each figure is a median, with the lowest and the highest of its rounds; "
    "of changes, with the 99th percentile and the highest."
)


def rounded(number: float) -> str:
    """Three digits that say something, of a number of any size."""
    if number == 0 or not math.isfinite(number):
        return f"{number:g}"
    return f"{number:.{max(0, 2 - math.floor(math.log10(abs(number))))}f}"


def rows(every: Sequence[Figure]) -> Iterator[list[str]]:
    """A table of all figures, with its head: a line for each program, a column for each size."""
    sizes = sorted({each.peers for each in every})
    cells = {(each.measure, each.program, each.peers): _cell(each) for each in every}
    yield ["", "", *(f"{size} peers" for size in sizes)]
    named: Measure | None = None
    for measure, program in dict.fromkeys((each.measure, each.program) for each in every):
        title = "" if measure is named else f"{measure.title}, {measure.unit}"
        yield [title, program, *(cells.get((measure, program, size), "–") for size in sizes)]
        named = measure


def _cell(figure: Figure) -> str:
    low, high = (
        (figure.p99, figure.highest)
        if figure.measure in _TAILED
        else (figure.lowest, figure.highest)
    )
    around = "" if len(figure.values) == 1 else f" ({rounded(low)}, {rounded(high)})"
    return f"{rounded(figure.median)}{around}"


def lined(table: Iterable[Sequence[str]]) -> Iterator[str]:
    """The lines of a table whose first row is its head, with columns of one width."""
    head, *others = table
    widths = [max(map(len, column)) for column in zip(head, *others, strict=True)]
    for row in (head, ["-" * width for width in widths], *others):
        padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield f"| {' | '.join(padded)} |"
