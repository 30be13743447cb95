"""Figures: what was measured of a program at a size, each time, and what that comes to. Pure."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Measure:
    """Something that is measured: its key in JSON, what people call it, and its unit."""

    key: str
    title: str
    unit: str


RESIDENT = Measure("resident", "resident memory", "MiB")
ANONYMOUS = Measure("anonymous", "anonymous memory", "MiB")
CPU = Measure("cpu", "CPU at rest", "ms/s")
QUESTIONS = Measure("questions", "questions at rest", "/s")
ANSWERS = Measure("answers", "DNS answers at rest", "kB/s")
WIRE = Measure("wire", "on the wire at rest", "kB/s")
START = Measure("start", "start to first file", "ms")
END = Measure("end", "SIGTERM to exit", "ms")
FILE = Measure("file", "change to file replaced", "ms")
HOOK = Measure("hook", "change to hook started", "ms")
BUSY = Measure("busy", "CPU while peers change", "ms/s")
MOST = Measure("most", "most resident memory", "MiB")
PEAK = Measure("peak", "held by an unchanged poll", "kB")

MEASURES = (
    *(RESIDENT, ANONYMOUS, CPU, QUESTIONS, ANSWERS, WIRE),
    *(START, END, FILE, HOOK, BUSY, MOST, PEAK),
)

# With an interval of 1s and of 500ms, and the other.
ROLLCALL, HALF, PEER_FINDER = PROGRAMS = ("rollcall", "rollcall, 500ms", "peer-finder")


@dataclass(frozen=True, slots=True)
class Reading:
    """One measurement of a program beside so many peers."""

    measure: Measure
    peers: int
    program: str
    value: float


@dataclass(frozen=True, slots=True)
class Remark:
    """Why a program beside so many peers is not measured."""

    peers: int
    program: str
    why: str


@dataclass(frozen=True, slots=True)
class Figure:
    """All readings of one thing, in the order in which they were taken."""

    measure: Measure
    peers: int
    program: str
    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def lowest(self) -> float:
        return min(self.values)

    @property
    def highest(self) -> float:
        return max(self.values)

    @property
    def p99(self) -> float:
        """What 99 of 100 do not exceed; of fewer, between the two highest."""
        if len(self.values) == 1:
            return self.highest
        return statistics.quantiles(self.values, n=100, method="inclusive")[98]

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "measure": self.measure.key,
            "title": self.measure.title,
            "unit": self.measure.unit,
            "peers": self.peers,
            "program": self.program,
            "median": self.median,
            "lowest": self.lowest,
            "p99": self.p99,
            "highest": self.highest,
            "values": self.values,
        }


def figures(readings: Iterable[Reading]) -> list[Figure]:
    """The figures of these readings: by measure, then size, then program."""
    found: dict[tuple[Measure, int, str], list[float]] = defaultdict(list)
    for each in readings:
        found[each.measure, each.peers, each.program].append(each.value)
    made = [Figure(*key, tuple(values)) for key, values in found.items()]
    return sorted(made, key=_place)


def _place(figure: Figure) -> tuple[int, int, int]:
    measure, program = MEASURES.index(figure.measure), PROGRAMS.index(figure.program)
    return measure, figure.peers, program
