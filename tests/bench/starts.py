"""How long programs take to begin and to end, one at a time, by turns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.bench import figures
from tests.bench.figures import Reading
from tests.bench.programs import Kind, Running
from tests.bench.stage import named, of, stage


def starts(size: int, kinds: Sequence[Kind], rounds: int, folder: Path) -> Iterator[Reading]:
    """From a process's start to its first list, and from SIGTERM to its end."""
    with stage(of(size), [named(size)] * len(kinds), folder) as there:
        for _ in range(rounds):
            for kind, place in zip(kinds, there.places, strict=True):
                with Running(kind, place) as program:
                    took = program.first_list() - program.began
                    yield Reading(figures.START, size, kind.name, 1000 * took)
                    yield Reading(figures.END, size, kind.name, 1000 * program.end())
