"""Figures as a picture: a small SVG, to be seen on a light ground and on a dark one. Pure.

Each panel has the sizes from left to right, on a scale of tenfold steps upwards; a thin line from
the lowest to the highest shows how sure a point is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.bench import figures
from tests.bench.figures import HALF, PEER_FINDER, ROLLCALL, Figure, Measure
from tests.bench.table import rounded

WIDTH, HEIGHT = 760, 520
_COLOURS = {ROLLCALL: "#2f81f7", HALF: "#8250df", PEER_FINDER: "#bf8700"}
_GREY = "#7d8590"
# Nothing is drawn lower: a program that asks nothing is at the bottom.
_LEAST = 0.01
_LEFT, _TOP, _ACROSS, _DOWN = 48, 34, 290, 170


@dataclass(frozen=True, slots=True)
class _Panel:
    title: str
    measures: tuple[Measure, ...]


_PANELS = (
    _Panel("CPU at rest, ms/s", (figures.CPU,)),
    _Panel("DNS answers at rest, kB/s", (figures.ANSWERS,)),
    _Panel("change seen, ms: file, or peer-finder's hook", (figures.FILE, figures.HOOK)),
    _Panel("resident memory, MiB", (figures.RESIDENT,)),
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
    low = math.floor(min(_level(each.lowest) for each in shown))
    high = max(low + 1, math.ceil(max(_level(each.highest) for each in shown)))

    def across(size: int) -> float:
        return _LEFT + _ACROSS * (sizes.index(size) + 0.5) / len(sizes)

    def up(value: float) -> float:
        return _TOP + _DOWN * (high - _level(value)) / (high - low)

    for power in range(low, high + 1):
        y = up(10.0**power)
        yield (
            f'<path d="M{_LEFT} {y:.1f}h{_ACROSS}" stroke="{_GREY}" stroke-opacity=".3"/>'
            f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{10.0**power:g}</text>'
        )
    for size in sizes:
        at = f'x="{across(size):.1f}" y="{_TOP + _DOWN + 18}"'
        yield f'<text {at} text-anchor="middle">{size}</text>'
    for program in dict.fromkeys(each.program for each in shown):
        points = [each for each in shown if each.program == program]
        colour = _COLOURS[program]
        route = "L".join(f"{across(each.peers):.1f} {up(each.median):.1f}" for each in points)
        spread = "".join(
            f"M{across(each.peers):.1f} {up(each.lowest):.1f}V{up(each.highest):.1f}"
            for each in points
        )
        yield f'<path d="{spread}" stroke="{colour}" stroke-opacity=".5"/>'
        yield f'<path d="M{route}" stroke="{colour}" stroke-width="2" fill="none"/>'
        for each in points:
            yield (
                f'<circle cx="{across(each.peers):.1f}" cy="{up(each.median):.1f}" r="3" '
                f'fill="{colour}"><title>{program}, {each.peers} peers: {rounded(each.median)} '
                f"{each.measure.unit}</title></circle>"
            )


def _level(value: float) -> float:
    return math.log10(max(value, _LEAST))
