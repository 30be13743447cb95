"""Memory over a day of the loop at rest: 24 simulated hours, poll by poll, on a real disk.

The polls are 5 s apart, not 1 s: a day of those takes half a minute.
"""

from __future__ import annotations

import functools
import gc
import sys
from pathlib import Path
from types import MappingProxyType
from typing import Any

from agent import formats, publish
from agent.core.gate import GateRules
from agent.core.identity import Identity
from agent.core.membership import Rules
from agent.core.observation import Answered, Endpoint, Observation, Unknown
from agent.core.snapshot import Snapshot
from agent.edges import Target
from agent.loop import Edges, Loop, Plan
from agent.status import About
from agent.status.about import Moment
from agent.status.scraping import Scrapes
from tests.simulation.world import SERVICE

HOUR = 3600.0
HOURS = 24
INTERVAL = 5.0
PEERS = 10
# A poll in so many is not answered, as on a network that loses packets.
SILENT = 97
# Seconds between two scrapes. Prometheus asks more often, but a text of it takes milliseconds.
SCRAPED = 300.0
# Blocks of memory. One that is left of each poll would be 17,000, of each scrape 280, of each poll
# that was not answered 180; what comes and goes by itself is some tens.
MOST = 100


class Day:
    """An agent among peers that never change; its clock goes from one turn to the next."""

    def __init__(self, folder: Path) -> None:
        self._now = 0.0
        self._polls = 0
        self._scraped = 0.0
        self._snapshot: Snapshot | None = None
        self._scrapes = Scrapes()
        self._about = About("1", 0.0, 30.0)
        me = Identity("db-1", "db", 1, SERVICE, ("10.0.0.2",), MappingProxyType({}))
        memory = folder / ".state"
        edges = Edges(
            observe=self._observe,
            clock=self,
            targets=(self._target(folder / "peers", formats.load("list")),),
            tell=self._tell,
            recall=functools.partial(publish.read, memory),
            remember=functools.partial(publish.publish, memory, mode=None),
            show=self._show,
        )
        rules, gate = Rules(1, 30, False, 17, INTERVAL), GateRules("self", 240, False)
        self._loop = Loop(Plan(me, rules, gate, INTERVAL), edges)

    def play(self, until: float) -> None:
        """Turns until it is so late (seconds), as the loop's own `run` would."""
        while self._now < until:
            self._loop.turn()
            self._now = max(self._now, self._loop.next_turn())

    @property
    def polls(self) -> int:
        """How often it has asked."""
        return self._polls

    def now(self) -> float:
        """The agent's clock."""
        return self._now

    def wait_until(self, then: float) -> None:
        """The test turns the loop by itself: nobody waits in here."""
        raise NotImplementedError

    def _observe(self) -> Observation:
        self._polls += 1
        if self._polls % SILENT == 0:
            return Unknown("10.96.0.10:53 did not answer in 2 s")
        ordinals = sorted(range(PEERS), key=lambda n: (n + self._polls) % PEERS)
        return Answered(
            tuple(Endpoint(SERVICE.pod(f"db-{n}"), (f"10.0.0.{n + 1}",)) for n in ordinals)
        )

    def _target(self, path: Path, form: formats.Format) -> Target:
        return Target(
            form.name,
            path,
            lambda roll: formats.render(formats.Recipe(form), roll),
            functools.partial(publish.publish, path, mode=None),
            publish.OnDisk(path).digest,
        )

    def _show(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        if self._now >= self._scraped + SCRAPED:
            self._scraped = self._now
            for accept in ("", "application/openmetrics-text"):
                self._scrapes.text(snapshot, self._about, Moment(self._now, 0.0), accept)

    def _tell(self, _level: str, _sentence: str, /, *, kind: str, **_more: Any) -> None:
        pass


def blocks_in_use() -> int:
    """All small objects that this process holds, but for Python's cache of attributes.

    In 3.11 a `match` puts a new text into that each time, until it is full (4,096).
    """
    gc.collect()
    if sys.version_info < (3, 13):
        sys._clear_type_cache()  # noqa: SLF001  # it has no other name
    return sys.getallocatedblocks()


def test_a_day_at_rest_leaves_nothing_behind(tmp_path: Path) -> None:
    day = Day(tmp_path)
    day.play(HOUR)
    after_an_hour = blocks_in_use()
    day.play(HOURS * HOUR)
    assert day.polls >= 0.95 * HOURS * HOUR / INTERVAL
    assert blocks_in_use() - after_an_hour < MOST
