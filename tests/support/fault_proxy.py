"""A proxy on loopback between an asker and a name server, that does to packets what a test says.

One thread with an event loop runs it all. What a fault raises is reported by `close`.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Self, TypeVar

from tests.support.faults import Exchange, Fault, Rewrite, Sent, passed, unchanged, whole
from tests.support.scripted_dns import framed

_LONGEST = 65535
# Seconds. A server that says nothing for so long says nothing.
_ANSWER_S = 5.0
_UPSTREAM = "127.0.0.1"

Given = TypeVar("Given")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it came; `at` in seconds of `time.monotonic`."""

    wire: bytes
    transport: str
    source_port: int
    at: float


class FaultProxy:
    """The proxy, running from its making to `close`, at first without a fault.

    `upstream` is called for each question and gives the port of the server on 127.0.0.1 that it
    goes to. Where no answer comes from there, none comes from here.
    """

    def __init__(self, upstream: Callable[[], int], host: str = _UPSTREAM, port: int = 0) -> None:
        self.asked: list[Asked] = []
        self.host = host
        self._upstream = upstream
        self._udp_fault: Fault = passed
        self._tcp_fault: Fault = whole
        self._rewrite: Rewrite = unchanged
        self._numbers = {"udp": 0, "tcp": 0}
        self._error: Exception | None = None
        self._serving: set[asyncio.Task[None]] = set()
        self._listener: asyncio.Server | None = None
        self._family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._loop = asyncio.new_event_loop()
        self._udp, tcp = self._bound(port)
        self.port: int = self._udp.getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._in_loop(self._open(tcp))

    def do(
        self,
        udp: Fault = passed,
        tcp: Fault | None = whole,
        rewrite: Rewrite = unchanged,
    ) -> None:
        """From now on these faults; without any, none. `tcp` None refuses connections."""
        self._in_loop(self._change(udp, tcp, rewrite))

    def lead_to(self, upstream: Callable[[], int]) -> None:
        """From now on another server answers."""
        self._upstream = upstream

    def count(self, transport: str) -> int:
        """How many questions have come over `udp` or `tcp`."""
        return sum(asked.transport == transport for asked in self.asked)

    def close(self) -> None:
        """End it, and raise what a fault raised. Once is enough."""
        if self._loop.is_closed():
            return
        self._in_loop(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        if self._error is not None:
            raise self._error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _bound(self, port: int) -> tuple[socket.socket, socket.socket]:
        """Both sockets, on one port."""
        while True:
            udp = socket.socket(self._family, socket.SOCK_DGRAM)
            udp.setblocking(False)
            udp.bind(self._address(port))
            try:
                return udp, self._bound_tcp(udp.getsockname()[1])
            except OSError:
                udp.close()
                if port:
                    raise

    def _bound_tcp(self, port: int) -> socket.socket:
        tcp = socket.socket(self._family, socket.SOCK_STREAM)
        try:
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tcp.bind(self._address(port))
        except OSError:
            tcp.close()
            raise
        return tcp

    def _address(self, port: int) -> tuple[str, int]:
        """Where to bind, with the number of a scope such as that of fe80::1%lo."""
        kind, numeric = socket.SOCK_DGRAM, socket.AI_NUMERICHOST
        found = socket.getaddrinfo(self.host, port, self._family, kind, flags=numeric)
        address: tuple[str, int] = found[0][4]  # type: ignore[assignment]  # of IPv6: four parts
        return address

    def _in_loop(self, doing: Coroutine[None, None, Given]) -> Given:
        return asyncio.run_coroutine_threadsafe(doing, self._loop).result()

    async def _open(self, tcp: socket.socket) -> None:
        self._listener = await asyncio.start_server(self._serve_stream, sock=tcp)
        self._start(self._serve_udp())

    async def _change(self, udp: Fault, tcp: Fault | None, rewrite: Rewrite) -> None:
        self._udp_fault, self._tcp_fault, self._rewrite = udp, tcp or whole, rewrite
        self._numbers = {"udp": 0, "tcp": 0}
        if tcp is None and self._listener is not None:
            self._listener.close()
            self._listener = None
        elif tcp is not None and self._listener is None:
            bound = self._bound_tcp(self.port)
            self._listener = await asyncio.start_server(self._serve_stream, sock=bound)

    async def _end(self) -> None:
        if self._listener is not None:
            self._listener.close()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)
        self._udp.close()

    def _start(self, serving: Coroutine[None, None, None]) -> None:
        task = self._loop.create_task(serving)
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve_udp(self) -> None:
        while True:
            wire, asker = await self._loop.sock_recvfrom(self._udp, _LONGEST)
            self._start(self._answer_packet(wire, asker))

    async def _answer_packet(self, wire: bytes, asker: tuple[str, int]) -> None:
        for sent in await self._asked("udp", wire, asker[1]):
            await asyncio.sleep(sent.after)
            await self._loop.sock_sendto(self._udp, sent.wire, asker)

    async def _serve_stream(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Answers one question, and closes the connection."""
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        try:
            wire = await _message(reader)
            for sent in await self._asked("tcp", wire, writer.get_extra_info("peername")[1]):
                await asyncio.sleep(sent.after)
                writer.write(sent.wire)
                await writer.drain()
        except (OSError, EOFError):  # the asker has gone
            pass
        except asyncio.CancelledError:  # it ends; passed on, asyncio would log it
            writer.transport.abort()
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _asked(self, transport: str, wire: bytes, source_port: int) -> list[Sent]:
        """What the fault sends for a question; nothing where the server says nothing."""
        number = self._numbers[transport]
        self._numbers[transport] += 1
        fault = self._udp_fault if transport == "udp" else self._tcp_fault
        self.asked.append(Asked(wire, transport, source_port, time.monotonic()))
        try:
            question = self._rewrite(wire)
            ask = self._ask_by_packet if transport == "udp" else _ask_by_stream
            answer = await asyncio.wait_for(ask(self._upstream(), question), _ANSWER_S)
            return list(fault(Exchange(question, answer, number)))
        except (OSError, EOFError, TimeoutError):
            return []
        except Exception as error:  # noqa: BLE001  # the asker goes on; close() raises it
            self._error = self._error or error
            return []

    async def _ask_by_packet(self, port: int, question: bytes) -> bytes:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.setblocking(False)
            await self._loop.sock_connect(asking, (_UPSTREAM, port))
            await self._loop.sock_sendall(asking, question)
            return await self._loop.sock_recv(asking, _LONGEST)


async def _ask_by_stream(port: int, question: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(_UPSTREAM, port)
    with contextlib.closing(writer):
        writer.write(framed(question))
        return await _message(reader)


async def _message(reader: asyncio.StreamReader) -> bytes:
    """The next message of a connection."""
    return await reader.readexactly(int.from_bytes(await reader.readexactly(2)))
