"""The sockets of the lab's name server: UDP and TCP on one loopback port, served by one thread.

It carries bytes to an answerer and back, and must not know what they mean, beyond TCP's two-byte
lengths. It binds loopback addresses only: nothing outside this machine may ask it.
"""

from __future__ import annotations

import contextlib
import errno
import selectors
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Self

Answerer = Callable[[bytes, str, float], bytes | None]
"""(query, `udp` or `tcp`, now in seconds since the epoch) -> answer, or None for silence."""

_PAIR_TRIES = 50
_LONGEST = 65535
_BATCH = 64


@dataclass(slots=True, eq=False)
class _Connection:
    """A TCP connection: what has come and is no whole query yet, what waits to be sent."""

    stream: socket.socket
    last_used: float
    received: bytearray = field(default_factory=bytearray)
    waiting: bytearray = field(default_factory=bytearray)

    def queries(self) -> list[bytes]:
        """The whole queries that have come; they are taken out."""
        whole = []
        while len(self.received) >= 2:
            end = 2 + int.from_bytes(self.received[:2])
            if len(self.received) < end:
                break
            whole.append(bytes(self.received[2:end]))
            del self.received[:end]
        return whole


class DnsServer:
    """A DNS server on a loopback address, running from its making to `close`.

    `port` 0 takes a port that is free for UDP and TCP both; read it from `port`. A TCP
    connection takes any number of queries and is closed after `idle_s` seconds without one
    (CoreDNS: 10). Raises ValueError for an address that is not a loopback one, OSError where the
    port is taken.

    If the answerer raises, the query gets no answer, and `close` raises that error.
    """

    def __init__(
        self,
        answerer: Answerer,
        host: str = "127.0.0.1",
        port: int = 0,
        idle_s: float = 10.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._answerer = answerer
        self._idle_s = idle_s
        self._clock = clock
        self._udp, self._listener = _bind(host, port)
        self.host = host
        self.port: int = self._udp.getsockname()[1]
        self._wake, self._woken = socket.socketpair()
        self._connections: set[_Connection] = set()
        self._error: Exception | None = None
        self._selector = selectors.DefaultSelector()
        for source in (self._udp, self._listener, self._woken):
            source.setblocking(False)
            self._selector.register(source, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._serve, name="lab-dns", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every socket and end the thread, at once. A second call does nothing."""
        if not self._thread.is_alive():
            return
        self._wake.send(b"\0")
        self._thread.join()
        self._wake.close()
        if self._error is not None:
            raise self._error

    def _serve(self) -> None:
        try:
            while not self._turn():
                pass
        finally:
            self._selector.close()
            for source in (self._udp, self._listener, self._woken):
                source.close()
            for connection in self._connections:
                connection.stream.close()

    def _turn(self) -> bool:
        """Do what the sockets are ready for; true when it is time to end."""
        for key, events in self._selector.select(self._patience()):
            if key.fileobj is self._woken:
                return True
            if key.fileobj is self._udp:
                self._packets()
            elif key.fileobj is self._listener:
                self._accept()
            else:
                self._stream(key.data, events)
        self._drop_idle()
        return False

    def _patience(self) -> float | None:
        """Seconds until the next connection has idled for too long; None without a connection."""
        if not self._connections:
            return None
        oldest = min(connection.last_used for connection in self._connections)
        return max(0.0, oldest + self._idle_s - time.monotonic())

    def _packets(self) -> None:
        for _ in range(_BATCH):
            try:
                packet, asker = self._udp.recvfrom(_LONGEST)
            except OSError:
                return
            reply = self._answer(packet, "udp")
            if reply is not None:
                with contextlib.suppress(OSError):  # it is UDP: what doesn't fit or pass is lost
                    self._udp.sendto(reply, asker)

    def _accept(self) -> None:
        try:
            stream, _ = self._listener.accept()
        except OSError:
            return
        stream.setblocking(False)
        connection = _Connection(stream, time.monotonic())
        self._connections.add(connection)
        self._selector.register(stream, selectors.EVENT_READ, connection)

    def _stream(self, connection: _Connection, events: int) -> None:
        try:
            if events & selectors.EVENT_READ:
                received = connection.stream.recv(_LONGEST)
                if not received:
                    self._drop(connection)
                    return
                connection.received += received
                for query in connection.queries():
                    connection.last_used = time.monotonic()
                    reply = self._answer(query, "tcp")
                    if reply is not None:
                        connection.waiting += len(reply).to_bytes(2) + reply
            if connection.waiting:
                sent = connection.stream.send(connection.waiting)
                connection.last_used = time.monotonic()
                del connection.waiting[:sent]
        except BlockingIOError:
            pass
        except OSError:
            self._drop(connection)
            return
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if connection.waiting else 0)
        self._selector.modify(connection.stream, wanted, connection)

    def _drop(self, connection: _Connection) -> None:
        self._selector.unregister(connection.stream)
        self._connections.remove(connection)
        connection.stream.close()

    def _drop_idle(self) -> None:
        limit = time.monotonic() - self._idle_s
        for connection in [c for c in self._connections if c.last_used <= limit]:
            self._drop(connection)

    def _answer(self, query: bytes, transport: str) -> bytes | None:
        try:
            return self._answerer(query, transport, self._clock())
        except Exception as error:  # noqa: BLE001  # the other askers go on; close() raises it
            self._error = self._error or error
            return None


def _bind(host: str, port: int) -> tuple[socket.socket, socket.socket]:
    """A UDP socket and a TCP listener on one port."""
    try:
        address = ip_address(host)
    except ValueError:
        raise ValueError(f"the lab's DNS needs a loopback address, not {host!r}") from None
    if not address.is_loopback:
        raise ValueError(f"the lab's DNS serves loopback addresses only, not {host}")
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    for left in reversed(range(_PAIR_TRIES)):
        listener = socket.create_server((host, port), family=family)
        udp = socket.socket(family, socket.SOCK_DGRAM)
        try:
            udp.bind((host, listener.getsockname()[1]))
        except OSError as error:
            udp.close()
            listener.close()
            if port or not left or error.errno != errno.EADDRINUSE:
                raise
        else:
            return udp, listener
    raise AssertionError("unreachable")
