"""The curve of docs/fleet.svg: bytes a second at the DNS servers, by the size of the set. Pure.

It has no ground of its own, and its colours can be seen on a light one and on a dark one.
"""

import math
from collections.abc import Iterator, Mapping, Sequence

_COLOURS = ("#2f81f7", "#8250df", "#bf8700")
_GREY = "#7d8590"
_WIDTH, _HEIGHT = 760, 380
_LEFT, _TOP, _ACROSS, _DOWN = 70, 34, 470, 290

Point = tuple[int, float]


def picture(title: str, curves: Mapping[str, Sequence[Point]]) -> str:
    """The whole file; a point is a number of pods, and of bytes a second."""
    return "\n".join(_lines(title, curves)) + "\n"


def _lines(title: str, curves: Mapping[str, Sequence[Point]]) -> Iterator[str]:
    points = [point for curve in curves.values() for point in curve]
    left, right = (math.log10(edge(pods for pods, _ in points)) for edge in (min, max))
    low = math.floor(math.log10(min(size for _, size in points)))
    high = math.ceil(math.log10(max(size for _, size in points)))

    def across(pods: int) -> float:
        return _LEFT + _ACROSS * (math.log10(pods) - left) / (right - left)

    def up(size: float) -> float:
        return _TOP + _DOWN * (high - math.log10(size)) / (high - low)

    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'font-family="sans-serif" font-size="12" fill="{_GREY}" role="img">'
    )
    yield f'<title>{title}</title><text x="4" y="16" font-weight="bold">{title}</text>'
    for power in range(low, high + 1):
        y = up(10.0**power)
        yield (
            f'<path d="M{_LEFT} {y:.1f}h{_ACROSS}" stroke="{_GREY}" stroke-opacity=".3"/>'
            f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{_unit(10.0**power)}</text>'
        )
    for pods in sorted({pods for pods, _ in points}):
        at = f'x="{across(pods):.1f}" y="{_TOP + _DOWN + 20}"'
        yield f'<text {at} text-anchor="middle">{pods:,}</text>'
    yield f'<text x="{_LEFT + _ACROSS + 16}" y="{_TOP + _DOWN + 20}">pods</text>'
    for number, (name, curve) in enumerate(curves.items()):
        colour = _COLOURS[number]
        route = "L".join(f"{across(pods):.1f} {up(size):.1f}" for pods, size in curve)
        yield f'<path d="M{route}" stroke="{colour}" stroke-width="2" fill="none"/>'
        for pods, size in curve:
            yield f'<circle cx="{across(pods):.1f}" cy="{up(size):.1f}" r="3" fill="{colour}"/>'
        x, y = _LEFT + _ACROSS + 30, _TOP + _DOWN // 3 + 24 * number
        yield f'<circle cx="{x}" cy="{y - 4}" r="4" fill="{colour}"/>'
        yield f'<text x="{x + 12}" y="{y}">{name}</text>'
    yield "</svg>"


def _unit(size: float) -> str:
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= factor:
            return f"{size / factor:g} {unit}/s"
    return f"{size:g} B/s"
