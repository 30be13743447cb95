"""The status server's thread: one event loop beside the agent's own loop.

It keeps the newest snapshot that it was shown, for the `House` that has the connections. The loop's
thread does no more for it than to set that snapshot, and to wake it if anybody waits for a change.
"""

import asyncio
import contextlib
import errno
import os
import resource
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from agent.background import in_background
from agent.core.listen import ListenAddress
from agent.core.seldom import Seldom
from agent.core.snapshot import Snapshot
from agent.status.about import About, Clocks
from agent.status.limits import Limits
from agent.status.listening import BACKLOG, listening

if TYPE_CHECKING:
    from agent.status.house import House

# Seconds that the thread has to end in.
_END_WITHIN = 0.2
# Connections that are accepted at a time: they are open before one that is too many can go.
_ACCEPTED = 8


class Tell(Protocol):
    """Where events are told: a sentence for people, and `kind` for programs."""

    def __call__(self, level: str, sentence: str, /, *, kind: str) -> None:
        """Tells one event; `level` as in logging."""
        ...


def tell_nobody(_level: str, _sentence: str, /, *, kind: str) -> None:
    """Stands for a log that nobody keeps."""


class NoServer:
    """What stands for a server where none is wanted."""

    where = ""

    def show(self, snapshot: Snapshot) -> None:
        """Shows it to nobody."""

    def close(self) -> None:
        """Ends nothing."""


class Server:
    """Listens, and answers in a thread of its own until it is closed. Raises ListenError.

    `where` is HOST:PORT as it was told, but with the port that it has. Nothing in it raises or
    waits in the thread that shows snapshots.
    """

    def __init__(
        self,
        at: ListenAddress,
        about: About,
        clocks: Clocks | None = None,
        limits: Limits | None = None,
        tell: Tell = tell_nobody,
    ) -> None:
        self.limits = limits or Limits()
        self._about = about
        self._clocks = clocks or Clocks()
        self._tell = tell
        self._told = Seldom()
        self._snapshot: Snapshot | None = None
        self._house: House | None = None
        self._socket = listening(at)
        self.where = str(ListenAddress(at.host, self._socket.getsockname()[1]))
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(self._trouble)
        self._is_over = self._loop.create_future()
        self._thread = in_background(self._run, "status")

    def show(self, snapshot: Snapshot) -> None:
        """Answers from this one from now on, also those who wait for another generation.

        No request misses a change: one that was answered to be held from the older snapshot is held
        before `_look` has its turn.
        """
        before, self._snapshot = self._snapshot, snapshot
        if before is not None and before.roll.generation != snapshot.roll.generation:
            self._call(self._look)

    def close(self) -> None:
        """Ends all connections and the thread, within 0.2 s. May be called again."""
        self._call(self._end)
        self._thread.join(_END_WITHIN)

    # What follows happens in the server's own thread.

    def _run(self) -> None:
        with contextlib.closing(self._loop):
            self._loop.run_until_complete(self._serve())

    def _client(self) -> asyncio.BaseProtocol:
        """Who talks to a client that has come."""
        if self._house is None:
            from agent.status.house import House  # noqa: PLC0415  # for who is asked

            self._house = House(self.limits, self._about, self._clocks, lambda: self._snapshot)
        return self._house.client()

    async def _serve(self) -> None:
        server = await self._loop.create_server(self._client, sock=self._socket, backlog=_ACCEPTED)
        self._socket.listen(BACKLOG)  # asyncio has made the kernel's queue as short as its own
        await self._is_over
        self._loop.remove_reader(self._socket)  # nobody else is accepted
        if coming := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(coming)  # those that were, and are not yet among us
        server.close()
        if self._house is not None:
            self._house.close()
        await asyncio.sleep(0)  # the loop closes their sockets in its next turn

    def _trouble(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """What asyncio would write into the log with a traceback, again and again."""
        self._told, is_news = self._told.say("status", self._clocks.steady())
        if is_news:
            wrong = context.get("exception")
            self._tell("warning", _sentence_of(context["message"], wrong), kind="status")

    def _call(self, function: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):  # it is closed
            self._loop.call_soon_threadsafe(function)

    def _look(self) -> None:
        if self._house is not None:
            self._house.look()

    def _end(self) -> None:
        if not self._is_over.done():
            self._is_over.set_result(None)


def serve(at: ListenAddress | None, about: About, tell: Tell = tell_nobody) -> Server | NoServer:
    """A server, or what stands for it where `at` is None. Raises ListenError.

    It takes no more connections than half of the files that this process may have open.
    """
    if at is None:
        return NoServer()
    most, (files, _) = Limits().connections, resource.getrlimit(resource.RLIMIT_NOFILE)
    if files != resource.RLIM_INFINITY:
        most = max(1, min(most, files // 2))
    return Server(at, about, limits=Limits(connections=most), tell=tell)


def _sentence_of(message: str, wrong: BaseException | None) -> str:
    match wrong:
        case OSError(errno=errno.EMFILE | errno.ENFILE):
            why = os.strerror(wrong.errno or 0)
            return (
                f"the status server can't take a connection: {why}; let the container have more "
                "of them (ulimit -n)"
            )
    return f"the status server had a trouble: {message}{f': {wrong!r}' if wrong else ''}"
