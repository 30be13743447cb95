"""What programs take while nothing changes: memory, CPU, questions and bytes.

All sizes and programs run at the same time, each asking CoreDNS at an address of its own: what
disturbs one disturbs all, and an agent that asks less the longer it is quiet has time to.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.bench import figures
from tests.bench.counting import cpu_ms, fetched, memory_mib
from tests.bench.figures import Reading, Remark
from tests.bench.programs import Kind, NoListError, Running
from tests.bench.stage import Stage, named, of, stage


@dataclass(frozen=True, slots=True)
class Quiet:
    """How long is waited first, then how long each of how many rounds is. In seconds."""

    warm: float
    seconds: float
    rounds: int


@dataclass(frozen=True, slots=True)
class _Counters:
    """All that only grows, and when it was read."""

    at: float
    cpu: float
    questions: float
    answers: float
    wire: float


def at_rest(
    every: Sequence[tuple[int, Kind]], quiet: Quiet, folder: Path
) -> Iterator[Reading | Remark]:
    """Readings of each round, of each of these programs at its size."""
    with ExitStack() as held:
        namespaces = [named(size) for size, _ in every]
        there = held.enter_context(stage(of(*dict(every)), namespaces, folder))
        running = [
            (size, held.enter_context(Running(kind, place)))
            for (size, kind), place in zip(every, there.places, strict=True)
        ]
        for size, program in list(running):
            try:
                program.first_list()
            except NoListError as none:
                running.remove((size, program))
                yield Remark(size, program.kind.name, str(none))
                continue
            if program.kind.is_rollcall:
                fetched(f"http://{program.pod.address}:9797/metrics")
        time.sleep(quiet.warm)
        for _ in range(quiet.rounds):
            before = [_count(program, there) for _, program in running]
            time.sleep(quiet.seconds)
            for (size, program), since in zip(running, before, strict=True):
                yield from _readings(size, program, since, _count(program, there))


def _count(program: Running, there: Stage) -> _Counters:
    questions, size = there.asked().get(program.pod.dns, (0.0, 0.0))
    wire = program.pod.received()
    return _Counters(time.monotonic(), cpu_ms(program.pid), questions, size, wire)


def _readings(
    size: int, program: Running, before: _Counters, after: _Counters
) -> Iterator[Reading]:
    passed = after.at - before.at
    resident, anonymous, _ = memory_mib(program.pid)
    for measure, value in (
        (figures.RESIDENT, resident),
        (figures.ANONYMOUS, anonymous),
        (figures.CPU, (after.cpu - before.cpu) / passed),
        (figures.QUESTIONS, (after.questions - before.questions) / passed),
        (figures.ANSWERS, (after.answers - before.answers) / passed / 1000),
        (figures.WIRE, (after.wire - before.wire) / passed / 1000),
    ):
        yield Reading(measure, size, program.kind.name, value)
