"""A request over a connection and the answer to it. It knows HTTP, and no name or address."""

import re
import select
from typing import Any, Protocol

import h11

from agent.exchange.request import Place, Reply, Request
from agent.exchange.waits import ExchangeError, LaterError, Pollable, Waits

# Bytes of an answer's head, and of each 1xx answer before it; what comes at once may be a bit more.
LARGEST_HEAD = 65_536
_CHUNK = 65_536
# Headers that say how the body is sent, which is not for others to choose.
_OWN = {"content-length", "transfer-encoding"}
# RFC 9110, section 5.5, in ASCII.
_VALUE = re.compile(r"(?:[!-~](?:[!-~ \t]*[!-~])?)?")


class Line(Pollable, Protocol):
    """What a conversation goes over; either call raises BlockingIOError or LaterError."""

    def recv(self, most: int, /) -> bytes:
        """What has come, empty at the end."""
        ...

    def send(self, data: memoryview, /) -> int:
        """Sends what it can; how much."""
        ...


class Conversation:
    """One request, and what comes back, which may come before all is sent."""

    def __init__(self, request: Request, place: Place) -> None:
        """Raises ExchangeError if there can be no such request."""
        self._keeps = request.keeps
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=LARGEST_HEAD)
        headers = {
            "host": place.header,
            "user-agent": "rollcall",
            "connection": "close",
            "content-length": str(len(request.body)),
            **{name.lower(): value for name, value in request.headers.items()},
        }
        for name, value in request.headers.items():
            if name.lower() in _OWN:
                raise ExchangeError(f"the header {name} is made for each request: leave it out")
            if not _VALUE.fullmatch(value):  # which may be a secret, and is not told
                raise ExchangeError(
                    f"the header {name!r} has a value that can't be sent: it has to be ASCII, "
                    "without blanks around it"
                )
        try:
            head = h11.Request(
                method=request.method, target=place.target, headers=[*headers.items()]
            )
            events = (head, h11.Data(data=request.body), h11.EndOfMessage())
            sent = b"".join(self._http.send(event) or b"" for event in events)
        except (h11.LocalProtocolError, UnicodeError) as wrong:
            raise ExchangeError(f"there is no such request: {wrong}") from None
        self._unsent = memoryview(sent)

    def over(self, sock: Line, waits: Waits) -> Reply:
        """The whole answer, or as much of its body as is wanted. Raises ExchangeError."""
        waits.lacks = "did not answer"
        head: h11.Response | None = None
        body = bytearray()
        while len(body) <= self._keeps:
            match self._event(sock, waits):
                case h11.Response() as begun:
                    head = begun
                    waits.lacks = "did not end its answer"
                case h11.Data(data=data):
                    body += data
                case h11.EndOfMessage():
                    break
        assert head is not None  # noqa: S101  # h11 has nothing else before it
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in head.headers}
        is_cut = len(body) > self._keeps
        return Reply(head.status_code, headers, bytes(body[: self._keeps]), is_cut)

    def _event(self, sock: Line, waits: Waits) -> Any:
        """What comes next of the answer. Raises ExchangeError."""
        is_closed = False
        while True:
            try:
                event = self._http.next_event()
            except h11.RemoteProtocolError as wrong:
                if is_closed:
                    how = f"{waits.place} closed the connection and {waits.lacks}"
                elif wrong.error_status_hint == 431:
                    how = f"{waits.place} answered with a head of more than {LARGEST_HEAD} bytes"
                else:
                    how = f"{waits.place} answered with something that is not HTTP"
                raise ExchangeError(how) from None
            if event is h11.PAUSED:
                raise ExchangeError(f"{waits.place} went over to another protocol")
            if event is not h11.NEED_DATA:
                return event
            data = self._received(sock, waits)
            is_closed = not data
            self._http.receive_data(data)

    def _received(self, sock: Line, waits: Waits) -> bytes:
        """What has come, empty at the end; sends meanwhile. Raises ExchangeError."""
        while True:
            waits.until(sock, 0)
            awaited = self._send(sock)
            try:
                return sock.recv(_CHUNK)
            except BlockingIOError:
                waits.until(sock, awaited | select.POLLIN)
            except LaterError as later:
                waits.until(sock, awaited | later.events)
            except OSError as wrong:
                raise ExchangeError(
                    f"{waits.place} broke the connection off and {waits.lacks}: {wrong.strerror}"
                ) from None

    def _send(self, sock: Line) -> int:
        """Sends what it can; what to wait for before there can be sent more, 0 if nothing is left.

        Who takes no more may still have answered: that is for reading to find out.
        """
        try:
            if self._unsent:
                self._unsent = self._unsent[sock.send(self._unsent) :]
        except BlockingIOError:
            return select.POLLOUT
        except LaterError as later:
            return later.events
        except OSError:
            self._unsent = memoryview(b"")
        return select.POLLOUT if self._unsent else 0
