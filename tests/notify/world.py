"""What a notifier has around it in tests: who is told, and what it says and wakes."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from agent.core.delivery import Outcome
from agent.core.notice import Moved, Notice, notice
from agent.core.roll import Peer
from agent.edges import Attempt
from agent.notify import Around
from tests.formats.rolls import SERVICE, THREE, pod
from tests.support.until import until

# Seconds. For what takes far less on an idle machine.
SOON = 10.0
# Seconds. For what has to be over in a fifth of that, before the agent itself is killed.
AT_ONCE = 1.0
# db-1 and db-2 have come, db-9 went, and db-0 has moved.
NEWS = Notice(
    THREE,
    added=THREE.peers[1:],
    removed=(pod(9),),
    readdressed=(Moved(THREE.peers[0], ("10.0.9.9",)),),
)


def many() -> Notice:
    """News whose document has more than a megabyte."""
    peers = tuple(Peer(SERVICE.pod(f"db-{n}"), ("10.0.0.1",)) for n in range(5_000))
    return notice(THREE.peers, replace(THREE, peers=peers))


@dataclass
class World:
    """Writes down what is told, and how often the loop was woken."""

    told: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    woken: list[str] = field(default_factory=list)

    def around(self, environment: Mapping[str, str] | None = None) -> Around:
        environment = os.environ if environment is None else environment
        return Around(self.tell, self.wake, time.monotonic, environment)

    def tell(self, level: str, sentence: str, /, *, kind: str, **more: Any) -> None:
        self.told.append((level, sentence, {"kind": kind, **more}))

    def wake(self) -> None:
        self.woken.append(threading.current_thread().name)

    @property
    def lines(self) -> list[str]:
        return [sentence for _, sentence, _ in self.told]

    def outcome(self, attempt: Attempt, deadline: float = SOON) -> Outcome:
        """How a try ended, of which the loop was woken once; no thread is left of it."""
        found = until(attempt.outcome, deadline, "the try has an outcome")
        assert found is not None
        until(lambda: len(self.woken) == 1, SOON, "the loop is woken")
        self.woken.clear()
        attempt.end()
        assert attempt.outcome() == found
        until(lambda: not threads(), SOON, "no thread is left")
        return found


def threads() -> list[str]:
    """The threads of tries; those that look names up have their own end."""
    ours = [each.name for each in threading.enumerate() if each.daemon]
    return [name for name in ours if name.startswith(("exec", "http", "reload"))]
