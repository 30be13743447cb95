"""A client as raw as a test wants it, and servers to ask."""

import select
import socket
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Self

from agent.core.listen import ListenAddress
from agent.core.snapshot import Snapshot
from agent.status import Limits, Server
from tests.status.situations import ABOUT, CLOCKS
from tests.support.until import until

# Seconds. For what takes far less on an idle machine.
SOON = 10.0


@contextmanager
def serving(snapshot: Snapshot | None = None, limits: Limits | None = None) -> Iterator[Server]:
    """A server on a port of its own, to which it is always `NOW`."""
    server = Server(ListenAddress("127.0.0.1", 0), ABOUT, CLOCKS, limits)
    with closing(server):
        if snapshot is not None:
            server.show(snapshot)
        yield server


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, with its headers in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Client:
    """One connection."""

    def __init__(self, server: Server | str, host: str = "127.0.0.1") -> None:
        """`server` may be where it is, too."""
        where = server if isinstance(server, str) else server.where
        port = int(where.rpartition(":")[2])
        self.sock = socket.create_connection((host, port), SOON)
        self._file = self.sock.makefile("rb")

    def send(self, data: bytes) -> Self:
        """Sends these bytes."""
        self.sock.sendall(data)
        return self

    def ask(self, target: str, method: str = "GET", more: str = "") -> Self:
        """Sends a request; `more` are further headers, each with its CRLF."""
        return self.send(f"{method} {target} HTTP/1.1\r\nHost: x\r\n{more}\r\n".encode())

    def end(self) -> Self:
        """Sends no more."""
        self.sock.shutdown(socket.SHUT_WR)
        return self

    def answer(self, *, to_head: bool = False) -> Answer:
        """Reads one whole answer."""
        first = self._file.readline()
        assert first.startswith(b"HTTP/1.1 "), f"{first!r} instead of an answer"
        headers = {}
        while line := self._file.readline().strip():
            name, _, value = line.decode().partition(": ")
            headers[name.lower()] = value
        length = 0 if to_head else int(headers["content-length"])
        return Answer(int(first.split()[1]), headers, self._file.read(length))

    def rest(self) -> bytes:
        """Reads until the server has closed it."""
        try:
            return self._file.read()
        except ConnectionResetError:
            return b""

    def has_news(self) -> bool:
        """Whether anything came that was not read, or the connection was closed."""
        return self._next() is not None

    def is_closed(self) -> bool:
        """Whether the server has closed it, without anything else to read."""
        return self._next() == b""

    def _next(self) -> bytes | None:
        """The next byte, which stays unread; none at the end, None while nothing has come."""
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        if not poll.poll(0):
            return None
        try:
            return self.sock.recv(1, socket.MSG_PEEK)
        except ConnectionResetError:
            return b""

    def close(self) -> None:
        """Closes it."""
        self._file.close()
        self.sock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def get(server: Server, target: str, host: str = "127.0.0.1") -> Answer:
    """One request over a connection of its own, as a probe does it."""
    with Client(server, host) as client:
        return client.ask(target, more="Connection: close\r\n").answer()


def hold(server: Server, generation: int, timeout: str = "60s") -> Client:
    """A request that is held, once it is."""
    client = Client(server).ask(f"/v1/peers?after={generation}&timeout={timeout}")
    get(server, "/livez")  # what is asked later is answered later, so it was read by now
    assert not client.has_news()
    return client


def closes(client: Client) -> None:
    """Waits until the server has closed a connection."""
    until(client.is_closed, SOON, "the server closes the connection")
