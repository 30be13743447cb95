"""The course of a run: each part at each size, with every program that is able to."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.changes import Turn, follow
from tests.bench.figures import HALF, PEER_FINDER, ROLLCALL, Reading, Remark
from tests.bench.programs import Kind
from tests.bench.rest import Quiet, at_rest
from tests.bench.starts import starts

PARTS = ("starts", "changes", "rest")


@dataclass(frozen=True, slots=True)
class Extent:
    """How long it is: starts of each size, rounds of changes, changes in each, and the rest.

    `changes` are those that Rollcall and the other program see, and those of half the interval;
    before them are `calm` seconds, in which all ask a few times.
    """

    starts: int
    rounds: int
    changes: tuple[int, int]
    calm: float
    quiet: Quiet


# One of 19 changes is of an address, which peer-finder does not see: it sees 54.
WHOLE = Extent(10, 3, (19, 10), 4, Quiet(60, 60, 3))
QUICK = Extent(3, 1, (6, 6), 2, Quiet(5, 5, 3))


@dataclass(frozen=True, slots=True)
class Course:
    """What is measured. `other` is the path of peer-finder, empty where there is none.

    `unable` grows on the way: a size, and the name of a program that can't follow a set of it.
    """

    sizes: Sequence[int]
    other: str = ""
    parts: Sequence[str] = PARTS
    extent: Extent = WHOLE
    unable: set[tuple[int, str]] = field(default_factory=set)

    def able(self, size: int, own: Kind, *, has_other: bool = True) -> list[Kind]:
        """It and the other program, but for what was unable at this size before."""
        every = [own, Kind(PEER_FINDER, self.other)] if self.other and has_other else [own]
        return [kind for kind in every if (size, kind.name) not in self.unable]


def run(course: Course) -> Iterator[Reading | Remark]:
    """All readings; a remark where a program is unable."""
    with tempfile.TemporaryDirectory(prefix="rollcall-bench-") as name:
        for each in _parts(course, Path(name)):
            if isinstance(each, Remark):
                course.unable.add((each.peers, each.program))
                if each.program == ROLLCALL:
                    course.unable.add((each.peers, HALF))
            yield each


def _parts(course: Course, folder: Path) -> Iterator[Reading | Remark]:
    extent = course.extent
    for size in course.sizes if "starts" in course.parts else ():
        kinds = course.able(size, Kind(ROLLCALL))
        yield from starts(size, kinds, extent.starts, folder / f"starts-{size}")
    for size in course.sizes if "changes" in course.parts else ():
        turns = [each for each in _turns(course, size) if each.kinds]
        yield from follow(size, extent.rounds, turns, folder / f"changes-{size}")
    if "rest" in course.parts:
        resting = [(n, kind) for n in course.sizes for kind in course.able(n, Kind(ROLLCALL))]
        yield from at_rest(resting, extent.quiet, folder / "rest")


def _turns(course: Course, size: int) -> Iterator[Turn]:
    """At one interval beside the other program, and at half of it alone."""
    at_once, half = "--settle=0s", "--interval=500ms"
    (many, fewer), calm = course.extent.changes, course.extent.calm
    yield Turn(tuple(course.able(size, Kind(ROLLCALL, flags=(at_once,)))), many, calm)
    alone = course.able(size, Kind(HALF, flags=(at_once, half)), has_other=False)
    yield Turn(tuple(alone), fewer, calm)
