"""Figures as a table for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tests.bench.figures import Figure


def table(every: Iterable[Figure]) -> Iterator[str]:
    """The lines."""
    yield f"{'':30} {'peers':>5}  {'program':20} {'median':>9} {'lowest':>9} {'p99':>9} {'most':>9}"
    before = ""
    for each in every:
        title = f"{each.measure.title}, {each.measure.unit}"
        numbers = (each.median, each.lowest, each.p99, each.highest)
        shown = " ".join(f"{number:9.2f}" for number in numbers)
        named = "" if title == before else title
        yield f"{named:30} {each.peers:5}  {each.program:20} {shown}  of {len(each.values)}"
        before = title
