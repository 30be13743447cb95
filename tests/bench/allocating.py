"""What an unchanged poll allocates, as Python's own tracemalloc sees it, in a process for that.

`python -m tests.bench.allocating NAMESERVER NAMESPACE POLLS` runs the agent's loop with its real
questions, and a clock that jumps to the next poll. It prints as JSON, for each poll, the most bytes
that it held beside what was there before. What C libraries allocate past Python is not seen.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from types import MappingProxyType
from typing import Any

from agent.core.gate import GateRules
from agent.core.identity import Identity
from agent.core.membership import Rules
from agent.core.nameservers import Nameserver
from agent.core.roll import Peer, Service
from agent.discovery import Inquiry, discoverer
from agent.loop import Edges, Loop, Plan
from tests.bench import figures
from tests.bench.figures import ROLLCALL, Reading
from tests.bench.stage import POD, address, named

_WARM = 20
_POLLS = 50


class _Clock:
    """Time that passes only by waiting."""

    def __init__(self) -> None:
        self._now = 1000.0

    def now(self) -> float:
        return self._now

    def wait_until(self, then: float) -> None:
        self._now = max(self._now, then)


def allocated(size: int, nameserver: str) -> Iterator[Reading]:
    """Readings of polls at this nameserver, in a process of their own."""
    command = (sys.executable, "-m", "tests.bench.allocating", nameserver, named(size), _POLLS)
    printed = subprocess.run([*map(str, command)], capture_output=True, check=True).stdout
    for peak in json.loads(printed):
        yield Reading(figures.PEAK, size, ROLLCALL, peak / 1000)


def main(nameserver: str, namespace: str, polls: int) -> None:
    """Polls, and prints what that took."""
    service = Service("db", namespace, "cluster.local")
    me = Identity(POD, "db", 1, service, (address(1),), MappingProxyType({}))
    clock, asked = _Clock(), (Nameserver(nameserver, 53),)
    inquiry = Inquiry(service, Peer(service.pod(POD)), lambda: asked)
    asking = discoverer(inquiry, clock.now)
    edges = Edges(asking.observe, clock, (), _silent, observe_at_rest=asking.observe_at_rest)
    loop = Loop(Plan(me, Rules(), GateRules()), edges)
    for _ in range(_WARM):
        _turn(loop, clock)
    tracemalloc.start()
    peaks = []
    for _ in range(polls):
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        _turn(loop, clock)
        peaks.append(tracemalloc.get_traced_memory()[1] - before)
    print(json.dumps(peaks))


def _turn(loop: Loop, clock: _Clock) -> None:
    loop.turn()
    clock.wait_until(loop.next_turn())


def _silent(_: str, __: str, /, *, kind: str, **___: Any) -> None:
    pass


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
