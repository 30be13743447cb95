"""Figures as a picture: a small SVG, to be seen on a light ground and on a dark one. Pure.

Each panel has the sizes from left to right; a thin line from the lowest to the highest shows how
sure a point is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.bench import figures
from tests.bench.figures import HALF, PEER_FINDER, ROLLCALL, Figure, Measure
from tests.bench.table import rounded

WIDTH, HEIGHT = 760, 520
_COLOURS = {ROLLCALL: "#2f81f7", HALF: "#a371f7", PEER_FINDER: "#bf8700"}
_GREY = "#7d8590"
# Nothing is drawn lower: a program that asks nothing is at the bottom.
_LEAST = 0.01
_LEFT, _TOP, _ACROSS, _DOWN = 48, 34, 290, 170


@dataclass(frozen=True, slots=True)
class _Panel:
    """`is_even`: its scale begins at 0, in even steps; else each step is tenfold."""

    title: str
    measures: tuple[Measure, ...]
    is_even: bool = False


_PANELS = (
    _Panel("CPU at rest, ms/s", (figures.CPU,)),
    _Panel("DNS answers at rest, kB/s", (figures.ANSWERS,)),
    _Panel(
        "change seen, ms (settle 0s): file, or peer-finder's hook",
        (figures.FILE, figures.HOOK),
        True,
    ),
    _Panel("resident memory, MiB", (figures.RESIDENT,), True),
)


def picture(every: Sequence[Figure]) -> str:
    """The whole file."""
    return "\n".join(_lines(every)) + "\n"


def _lines(every: Sequence[Figure]) -> Iterator[str]:
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'font-family="sans-serif" font-size="12" fill="{_GREY}" role="img">'
    )
    yield "<title>What one agent costs, by the number of its peers</title>"
    for number, panel in enumerate(_PANELS):
        x, y = 10 + number % 2 * 380, 8 + number // 2 * 240
        yield f'<g transform="translate({x} {y})">'
        yield from _panel(panel, _of(panel, every))
        yield "</g>"
    for number, (program, colour) in enumerate(_COLOURS.items()):
        x, y = 58 + number * 140, HEIGHT - 14
        yield f'<circle cx="{x}" cy="{y - 4}" r="4" fill="{colour}"/>'
        yield f'<text x="{x + 10}" y="{y}">{program}</text>'
    yield "</svg>"


def _of(panel: _Panel, every: Sequence[Figure]) -> list[Figure]:
    """What is drawn: of each program the first measure that it has."""
    best = {
        each.program: measure
        for measure in reversed(panel.measures)
        for each in every
        if each.measure == measure
    }
    return [each for each in every if best.get(each.program) == each.measure]


def _panel(panel: _Panel, shown: Sequence[Figure]) -> Iterator[str]:
    yield f'<text x="0" y="14" font-weight="bold">{panel.title}</text>'
    if not shown:
        return
    sizes = sorted({each.peers for each in shown})
    highest = max(each.highest for each in shown)
    ticks = _steps(highest) if panel.is_even else _powers(min(e.lowest for e in shown), highest)

    def across(size: int, program: str = "") -> float:
        aside = 4.0 * ([*_COLOURS].index(program) - 1) if program else 0.0
        return _LEFT + _ACROSS * (sizes.index(size) + 0.5) / len(sizes) + aside

    def up(value: float) -> float:
        low, level, high = (
            number if panel.is_even else math.log10(max(number, _LEAST))
            for number in (ticks[0], value, ticks[-1])
        )
        return _TOP + _DOWN * (high - level) / (high - low)

    for tick in ticks:
        y = up(tick)
        yield (
            f'<path d="M{_LEFT} {y:.1f}h{_ACROSS}" stroke="{_GREY}" stroke-opacity=".3"/>'
            f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{tick:g}</text>'
        )
    for size in sizes:
        at = f'x="{across(size):.1f}" y="{_TOP + _DOWN + 18}"'
        yield f'<text {at} text-anchor="middle">{size}</text>'
    for each in shown:
        x, y, colour = across(each.peers, each.program), up(each.median), _COLOURS[each.program]
        spread = f"M{x:.1f} {up(each.lowest):.1f}V{up(each.highest):.1f}"
        said = f"{each.program}, {each.peers} peers: {rounded(each.median)} {each.measure.unit}"
        yield f'<path d="{spread}" stroke="{colour}" stroke-opacity=".6"/>'
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}">'
        yield f"<title>{said}</title></circle>"
    for program in dict.fromkeys(each.program for each in shown):
        points = [each for each in shown if each.program == program]
        route = "L".join(
            f"{across(each.peers, program):.1f} {up(each.median):.1f}" for each in points
        )
        yield f'<path d="M{route}" stroke="{_COLOURS[program]}" stroke-width="2" fill="none"/>'


def _powers(lowest: float, highest: float) -> list[float]:
    """Powers of ten around these."""
    low, high = (math.log10(max(value, _LEAST)) for value in (lowest, highest))
    first = math.floor(low)
    return [10.0**power for power in range(first, max(first + 1, math.ceil(high)) + 1)]


def _steps(highest: float) -> list[float]:
    """From 0 up to this, in at most five even steps of a round number."""
    power = 10.0 ** math.floor(math.log10(max(highest, _LEAST) / 5))
    step = next(power * n for n in (1, 2, 5, 10) if power * n * 5 >= highest)
    return [step * n for n in range(max(1, math.ceil(highest / step)) + 1)]
