"""How soon programs follow: from a change in the API until the file, and the hook, are there.

All programs of a turn see the same changes, each by a CoreDNS plugin of its own. A turn begins with
fresh ones; in it pods come, and some move, so that nothing has to be held back. No two changes are
less than a second apart, and they come at moments that are spread evenly over a second: chance
alone would favour one program or the other by a tenth. Agents of two intervals have turns of their
own: two that render 700 peers at the same time are twice as slow.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random

from agent.lab.cluster import Pod
from tests.bench import figures
from tests.bench.counting import cpu_ms, memory_mib
from tests.bench.figures import Measure, Reading, Remark
from tests.bench.programs import Kind, NoListError, Running
from tests.bench.stage import Stage, address, named, of, peers, stage

# Of so many changes the last is a pod that moves; the others are pods that come.
_MOVES_EVERY = 10
# Seconds.
_PATIENT = 120.0
_LOOK = 0.02
# The golden ratio to the power of -3: however many of its multiples are spread evenly over 1.
_STEP = 0.236068


@dataclass(frozen=True, slots=True)
class Turn:
    """Programs that see the same changes, how many, and seconds of rest before the first."""

    kinds: tuple[Kind, ...]
    changes: int
    calm: float


@dataclass(frozen=True, slots=True)
class Change:
    """Other pods, and the line that a file then has. Who has no file does not see a move."""

    pods: tuple[Pod, ...]
    line: bytes
    is_move: bool


def script(size: int, count: int, chance: Random) -> Iterator[Change]:
    """So many changes of a set that has this size before them."""
    pods = list(peers(size))
    for turn in range(1, count + 1):
        is_move = turn % _MOVES_EVERY == 0
        if is_move:
            at = chance.choice([n for n in range(size) if n != 1])  # not the pod that looks
            pods[at] = Pod(pods[at].name, (address(turn, 1),))
        else:
            at = len(pods)
            pods.append(Pod(f"db-{at}", (address(at),)))
        yield Change(tuple(pods), f"{pods[at].addresses[0]} {pods[at].name}.".encode(), is_move)


def follow(
    size: int, rounds: int, turns: Sequence[Turn], folder: Path
) -> Iterator[Reading | Remark]:
    """Readings of every change, in so many rounds, each of these turns."""
    chance = Random(size)
    moment = chance.random()
    with ExitStack() as held:
        kinds = [kind for turn in turns for kind in turn.kinds]
        there = held.enter_context(stage(of(size), [named(size)] * len(kinds), folder))
        places = dict(zip(kinds, there.places, strict=True))
        for turn in [*turns] * rounds:
            there.api.set(of(size))
            there.core.in_sync()
            with ExitStack() as programs:
                running = [
                    programs.enter_context(Running(kind, places[kind])) for kind in turn.kinds
                ]
                for program in list(running):
                    try:
                        program.first_list()
                    except NoListError as none:
                        running.remove(program)
                        yield Remark(size, program.kind.name, str(none))
                time.sleep(turn.calm)
                since = [(time.monotonic(), cpu_ms(program.pid)) for program in running]
                for change in script(size, turn.changes if running else 0, chance):
                    moment += _STEP
                    time.sleep((moment - time.time()) % 1)
                    at = _make(change, size, there)
                    yield from _followed(change, at, size, running)
                    time.sleep(max(0.0, at + 1 - time.time()))
                for program, (began, before) in zip(running, since, strict=True):
                    yield from _taken(program, size, time.monotonic() - began, before)


def _taken(program: Running, size: int, seconds: float, before: float) -> Iterator[Reading]:
    """What a program took in so many seconds of changes, `before` which it had taken some CPU."""
    taken = (cpu_ms(program.pid) - before) / seconds
    yield Reading(figures.BUSY, size, program.kind.name, taken)
    yield Reading(figures.MOST, size, program.kind.name, memory_mib(program.pid)[2])


def _make(change: Change, size: int, there: Stage) -> float:
    """When the API said it to its watchers (Unix time)."""
    there.api.set(of(size).with_pods(named(size), "db", change.pods))
    return time.time()


def _followed(
    change: Change, at: float, size: int, running: Sequence[Running]
) -> Iterator[Reading | Remark]:
    """Readings of one change, made at that time, as they come."""
    left = [each for each in running if each.kind.is_rollcall or not change.is_move]
    while left and time.time() < at + _PATIENT:
        time.sleep(_LOOK)
        for program in list(left):
            took = [(measure, then - at) for measure, then in _seen(program, change, at)]
            if took:
                left.remove(program)
            for measure, seconds in took:
                yield Reading(measure, size, program.kind.name, 1000 * seconds)
    for program in left:
        yield Remark(size, program.kind.name, f"a change was not followed in {_PATIENT:g} s")


def _seen(program: Running, change: Change, at: float) -> list[tuple[Measure, float]]:
    """When it replaced its file for a change and called its hook; nothing if not both."""
    calls = [call for call in program.calls() if call > at]
    if not program.kind.is_rollcall:
        return [(figures.HOOK, call) for call in calls[:1]]
    if not calls or change.line not in program.file.read_bytes():
        return []
    return [(figures.FILE, program.replaced()), (figures.HOOK, calls[0])]
