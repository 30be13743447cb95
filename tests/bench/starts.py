"""How long programs take to begin and to end, by turns; and what a poll allocates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.bench import figures
from tests.bench.allocating import allocated
from tests.bench.figures import Reading, Remark
from tests.bench.programs import Kind, NoListError, Running
from tests.bench.stage import named, of, stage


def starts(
    size: int, kinds: Sequence[Kind], rounds: int, folder: Path
) -> Iterator[Reading | Remark]:
    """From a process's start to its first list, and from SIGTERM to its end; then some polls.

    A remark is of a program that does not come to have a list beside so many peers.
    """
    unable: set[Kind] = set()
    with stage(of(size), [named(size)] * len(kinds), folder) as there:
        for _ in range(rounds):
            for kind, place in zip(kinds, there.places, strict=True):
                if kind in unable:
                    continue
                with Running(kind, place) as program:
                    try:
                        took = program.first_list() - program.began
                    except NoListError as none:
                        unable.add(kind)
                        yield Remark(size, kind.name, str(none))
                        continue
                    yield Reading(figures.START, size, kind.name, 1000 * took)
                    yield Reading(figures.END, size, kind.name, 1000 * program.end())
        if any(kind.is_rollcall for kind in kinds if kind not in unable):
            yield from allocated(size, there.places[0].dns)
