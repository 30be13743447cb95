"""Who has the connections: holds what they cost together within `Limits`, and has them answered.

It has no socket and no thread: all of it happens in the server's. It is imported when the first
client comes, with all that answering takes.
"""

import time
from collections.abc import Callable

from agent.core.snapshot import Snapshot
from agent.status import routes
from agent.status.about import About, Clocks
from agent.status.connection import Connection, State
from agent.status.limits import Limits
from agent.status.routes import Hold, Request, Response
from agent.status.scraping import Scrapes

# Who goes first when there are too many; of several, who is in that state for longest.
_FIRST_TO_GO = (State.LEAVING, State.READING, State.HELD, State.WRITING)


class House:
    """The connections, each answered from what `newest` gives: the newest snapshot, if any."""

    def __init__(
        self, limits: Limits, about: About, clocks: Clocks, newest: Callable[[], Snapshot | None]
    ) -> None:
        self.limits = limits
        self.buffer = memoryview(bytearray(limits.head))
        self._about = about
        self._clocks = clocks
        self._newest = newest
        self._scrapes = Scrapes()
        self._connections: set[Connection] = set()

    def client(self) -> Connection:
        """Who talks to a client that has come."""
        return Connection(self)

    def came(self, connection: Connection) -> None:
        """A connection is there; where there are too many, one has to go."""
        if len(self._connections) >= self.limits.connections:
            min(self._connections, key=_turn_to_go).drop()
        self._connections.add(connection)

    def gone(self, connection: Connection) -> None:
        """It is not there any more."""
        self._connections.discard(connection)

    def stuck(self) -> None:
        """A client does not read; where all have left too much unread, one of them has to go."""
        writing = [each for each in self._connections if each.state is State.WRITING]
        if sum(each.unsent for each in writing) > self.limits.unsent:
            min(writing, key=_turn_to_go).drop()

    def answer(self, request: Request) -> Response | Hold:
        """The answer from the newest snapshot."""
        try:
            moment = self._clocks.moment()
            return routes.answer(request, self._about, self._newest(), moment, self._scrapes)
        except Exception as wrong:  # noqa: BLE001  # a mistake in one page must not end the probes
            return routes.sentence(500, f"this is a mistake in rollcall: {wrong!r}")

    def hold_over(self, after: int | None) -> Response | None:
        """The roll, if its generation is not `after`."""
        snapshot = self._newest()
        if snapshot is None or snapshot.roll.generation == after:
            return None
        return routes.peers(snapshot)

    def date(self) -> str:
        """The time as RFC 9110 section 5.6.7 has it."""
        now = time.gmtime(self._clocks.wall())
        return time.strftime("%a, %d %b %Y %H:%M:%S GMT", now)

    def look(self) -> None:
        """There is a change: whoever waits for one is answered."""
        for connection in [*self._connections]:
            connection.look()

    def close(self) -> None:
        """Ends all connections."""
        for connection in [*self._connections]:
            connection.drop()


def _turn_to_go(connection: Connection) -> tuple[int, float]:
    return _FIRST_TO_GO.index(connection.state), connection.since
