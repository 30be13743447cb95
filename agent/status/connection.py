"""One client's connection: reads requests, writes answers, and costs no more than it may.

| it is   | while                                    | and at the latest                           |
|---------|------------------------------------------|---------------------------------------------|
| reading | no whole request is there                | `idle` seconds after the last answer, or    |
|         |                                          | after it came, it is closed                 |
| held    | a request waits for a change             | when its time is over it is answered        |
| writing | the client has not read all of an answer | `unread` seconds after that it is cut off   |
| leaving | all is said, and the client has not left | `leave` seconds after that it is closed     |

While it leaves, what still comes is thrown away: if it were closed at once, the client would be
told of a reset, and might never read why it was refused. Pipelined requests are answered one by
one, each in a turn of the event loop of its own, whatever comes meanwhile: others get theirs.

It knows no snapshot: what is answered, its `House` says.
"""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable
from enum import Enum
from http import HTTPStatus
from typing import Protocol, cast

import h11

from agent.core.listen import SERVER
from agent.status.limits import Limits
from agent.status.routes import Hold, Request, Response, sentence

# Characters of what is wrong with a request.
_SAID = 60


class State(Enum):
    """What a connection is doing, as in the table above."""

    READING = "reading"
    HELD = "held"
    WRITING = "writing"
    LEAVING = "leaving"


class House(Protocol):
    """Who has the connections."""

    limits: Limits
    buffer: memoryview  # that all connections read into, each for a moment

    def came(self, connection: "Connection") -> None:
        """A connection is there."""
        ...

    def gone(self, connection: "Connection") -> None:
        """It is not there any more. May be told twice."""
        ...

    def stuck(self) -> None:
        """A client does not read as fast as it is answered."""
        ...

    def answer(self, request: Request) -> Response | Hold:
        """The answer to a request. Raises nothing."""
        ...

    def hold_over(self, after: int | None) -> Response | None:
        """The answer to a held request if the generation is not `after`; None while it is."""
        ...

    def date(self) -> str:
        """The time, as a header has it."""
        ...


class Connection(asyncio.BufferedProtocol):
    """One connection, from its coming to its end."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._http = self._anew()
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._after: int | None = None
        self._is_head = self._is_stuck = self._is_due = False
        self.state = State.READING
        self.since = self._loop.time()

    @property
    def unsent(self) -> int:
        """Bytes of answers that wait for the client to read."""
        return self._transport.get_write_buffer_size()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The event loop's word that it is there."""
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=0)  # so that whatever waits is told
        self._house.came(self)
        self._become(State.READING, self._house.limits.idle, self._transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        """The event loop's word that it is gone."""
        if self._timer is not None:
            self._timer.cancel()
        self._house.gone(self)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where the event loop reads into: no more than fits into a head."""
        return self._house.buffer[: None if self.state is State.LEAVING else self._room()]

    def buffer_updated(self, nbytes: int) -> None:
        """The event loop has read something."""
        if self.state is State.LEAVING:
            return
        self._http.receive_data(bytes(self._house.buffer[:nbytes]))
        if self.state is State.READING and not self._is_due:
            self._read()
        elif not self._room():
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        """The client sends no more: whoever held a request may be gone, and is answered now."""
        if self.state is State.LEAVING:
            return False
        self._http.receive_data(b"")
        if self.state is State.READING and not self._is_due:
            self._read()
        elif self.state is State.HELD:
            self.release()
        return True

    def pause_writing(self) -> None:
        """The client did not read all of what was written."""
        self._is_stuck = True
        self._house.stuck()

    def resume_writing(self) -> None:
        """Now it has. What follows from that has to wait until the transport is done with it."""
        self._is_stuck = False
        self._loop.call_soon(self._wrote)

    def look(self) -> None:
        """Answers the request that it holds if there is a change."""
        if self.state is State.HELD and (response := self._house.hold_over(self._after)):
            self._write(response)

    def release(self) -> None:
        """Answers the request that it holds, change or not."""
        self._after = None
        self.look()

    def drop(self) -> None:
        """Ends it now; a held request is answered, as far as the kernel takes the answer."""
        self._house.gone(self)
        if self.state is State.WRITING:
            self._reset()
            return
        self.release()
        self._transport.abort()

    def _anew(self) -> h11.Connection:
        # A head that fills all of its room, and has not ended, is too long.
        size = self._house.limits.head - 1
        return h11.Connection(h11.SERVER, max_incomplete_event_size=size)

    def _room(self) -> int:
        """Bytes that may come before what was not answered yet is as much as a head may be."""
        return self._house.limits.head - len(self._http.trailing_data[0])

    def _become(self, state: State, seconds: float, then: Callable[[], None]) -> None:
        """Takes a state, for so long at most."""
        if self._timer is not None:
            self._timer.cancel()
        self.state, self.since = state, self._loop.time()
        self._timer = self._loop.call_later(seconds, then)

    def _read(self) -> None:
        """Takes the next request, if all of it is there."""
        if self.state is not State.READING or self._transport.is_closing():
            return
        self._is_head = False
        self._skip_empty_lines()
        try:
            event = self._http.next_event()
            if isinstance(event, h11.Request):
                self._is_head = event.method == b"HEAD"
                has_body = not isinstance(self._http.next_event(), h11.EndOfMessage)
                self._take(event, has_body=has_body)
            elif isinstance(event, h11.ConnectionClosed):
                self._transport.close()
        except h11.RemoteProtocolError as wrong:
            said = f"that is no request: {_without_quote(str(wrong))}"
            if wrong.error_status_hint == HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE:
                said = f"a request's line and headers have {self._house.limits.head} bytes at most"
            self._write(sentence(wrong.error_status_hint, said), is_last=True)

    def _skip_empty_lines(self) -> None:
        """Passes over what some clients send between requests (RFC 9112 section 2.2)."""
        came, is_over = self._http.trailing_data
        if self._http.their_state is not h11.IDLE or came[:1] not in (b"\r", b"\n"):
            return
        self._http = self._anew()
        for data in (came.lstrip(b"\r\n"), b""):
            if data or is_over:  # none at all is the end
                self._http.receive_data(data)

    def _take(self, event: h11.Request, *, has_body: bool) -> None:
        headers = {name.decode(): value.decode("latin-1") for name, value in event.headers}
        if not event.http_version.startswith(b"1."):
            self._write(sentence(505, "this speaks HTTP/1.1 and HTTP/1.0 only"), is_last=True)
            return
        # Whoever is between may go by the other of the two (RFC 9112 section 6.1).
        is_twofold = {"content-length", "transfer-encoding"} <= headers.keys()
        method, target = event.method.decode(), event.target.decode()
        match self._house.answer(Request(method, target, headers, has_body)):
            case Hold(after, timeout):
                self._after = after
                self._become(State.HELD, timeout, self.release)
            case Response() as response:
                self._write(response, is_last=has_body or is_twofold)

    def _write(self, response: Response, *, is_last: bool = False) -> None:
        self._become(State.WRITING, self._house.limits.unread, self._reset)
        headers = [
            ("Content-Type", response.content_type),
            ("Content-Length", str(len(response.body))),
            ("Date", self._house.date()),
            ("Server", SERVER),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
            *response.headers,
            *([("Connection", "close")] if is_last else []),
        ]
        status = HTTPStatus(response.status)
        head = h11.Response(status_code=status, headers=headers, reason=status.phrase.encode())
        parts = [self._http.send(head)]
        if not self._is_head:
            parts.append(self._http.send(h11.Data(data=response.body)))
        parts.append(self._http.send(h11.EndOfMessage()))
        self._transport.write(b"".join(part for part in parts if part))
        if not self._is_stuck:
            self._wrote()

    def _wrote(self) -> None:
        """All is with the client, or the kernel: on to the next request, or to the end."""
        if self._transport.is_closing():
            return
        if self._http.our_state is not h11.DONE:
            self._leave()
            return
        self._http.start_next_cycle()
        self._become(State.READING, self._house.limits.idle, self._transport.close)
        self._transport.resume_reading()
        self._is_due = True
        self._loop.call_soon(self._go_on)

    def _go_on(self) -> None:
        self._is_due = False
        self._read()

    def _reset(self) -> None:
        """Ends it so that the kernel gives up too what it still has for the client."""
        sock = self._transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    def _leave(self) -> None:
        _, has_ended = self._http.trailing_data
        if has_ended:
            self._transport.close()
            return
        self._become(State.LEAVING, self._house.limits.leave, self._transport.abort)
        with contextlib.suppress(OSError):  # the client was faster
            self._transport.write_eof()
        self._transport.resume_reading()


def _without_quote(said: str) -> str:
    """What h11 says is wrong, without the line that it says it of."""
    return said.partition(": bytearray(")[0][:_SAID]
