"""What an agent may cost: the goals, and whether figures reach them. Pure.

A goal beside another program is one of the same run; where it was not run, there is no verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.bench import figures
from tests.bench.figures import HALF, PEER_FINDER, ROLLCALL, Figure, Measure
from tests.bench.table import rounded


@dataclass(frozen=True, slots=True)
class Goal:
    """The median of a measure is to be at most so much, beside so many peers, 0: at every size.

    `beside` is what of peer-finder it is a multiple of; without it `most` has the measure's unit.
    """

    measure: Measure
    peers: int
    most: float
    beside: Measure | None = None
    program: str = ROLLCALL


GOALS = (
    Goal(figures.CPU, 10, 1.0, figures.CPU),
    Goal(figures.CPU, 100, 0.7, figures.CPU),
    Goal(figures.CPU, 700, 0.5, figures.CPU),
    Goal(figures.ANSWERS, 10, 1.0, figures.ANSWERS),
    Goal(figures.ANSWERS, 100, 0.2, figures.ANSWERS),
    Goal(figures.ANSWERS, 700, 0.01, figures.ANSWERS),
    Goal(figures.FILE, 0, 1.0, figures.HOOK),
    Goal(figures.FILE, 0, 300, program=HALF),
    Goal(figures.RESIDENT, 100, 36),
    Goal(figures.RESIDENT, 1000, 40),
    Goal(figures.START, 3, 300),
    Goal(figures.START, 1000, 600),
    Goal(figures.END, 3, 500),
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a goal's figure is, beside so many peers. `of` is peer-finder's, if that counts."""

    goal: Goal
    peers: int
    median: float
    of: float | None = None

    @property
    def is_reached(self) -> bool:
        return self.median <= self.goal.most * (1 if self.of is None else self.of)

    def document(self) -> dict[str, Any]:
        """As JSON has it; `of` is null where `most` has the measure's own unit."""
        return {
            "measure": self.goal.measure.key,
            "program": self.goal.program,
            "peers": self.peers,
            "median": self.median,
            "of": self.of,
            "most": self.goal.most,
            "is_reached": self.is_reached,
        }


Medians = Mapping[tuple[Measure, int, str], float]


def verdicts(every: Iterable[Figure]) -> Iterator[Verdict]:
    """Of each goal whose figures there are, at each of its sizes."""
    medians = {(each.measure, each.peers, each.program): each.median for each in every}
    for goal in GOALS:
        for peers in sorted({size for _, size, _ in medians}):
            own = medians.get((goal.measure, peers, goal.program))
            if own is None or goal.peers not in (0, peers):
                continue
            if goal.beside is None:
                yield Verdict(goal, peers, own)
            elif (of := medians.get((goal.beside, peers, PEER_FINDER))) is not None:
                yield Verdict(goal, peers, own, of)


def rows(every: Iterable[Figure]) -> Iterator[list[str]]:
    """The verdicts as a table, with its head."""
    yield ["goal", "peers", "is", "at most", ""]
    for each in verdicts(every):
        goal, unit = each.goal, each.goal.measure.unit
        half = "" if goal.program == ROLLCALL else f" ({goal.program})"
        if each.of is None:
            seen, most = f"{rounded(each.median)} {unit}", f"{goal.most:g} {unit}"
        else:
            of = f"{rounded(each.median)} {unit} of {rounded(each.of)}"
            ratio = each.median / each.of if each.of else float("inf")
            seen, most = f"{rounded(ratio)}× {PEER_FINDER}'s: {of}", f"{goal.most:g}×"
        verdict = "reached" if each.is_reached else "missed"
        yield [f"{goal.measure.title}{half}", str(each.peers), seen, most, verdict]
