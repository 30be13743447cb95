"""A name server that does as a test scripts it: says wrong things, nothing, or too slowly.

One thread serves UDP, one accepts TCP, and each TCP connection has its own, so that a script may
dawdle. A script that raises is reported by `close`.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Self

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from tests.support.ask import ask, read_message

_LONGEST = 65535
_DRIP_S = 0.004
_TCP_END_S = 5.0
_RELAY_S = 0.2


@dataclass(frozen=True, slots=True)
class Question:
    """A question as it came; `number` counts those of its transport from 0."""

    wire: bytes
    transport: str
    number: int
    source_port: int

    @property
    def message(self) -> dns.message.Message:
        return dns.message.from_wire(self.wire)

    @property
    def name(self) -> str:
        """What was asked about, in lower case and without the final dot."""
        return self.message.question[0].name.to_text(omit_final_dot=True).lower()

    @property
    def kind(self) -> str:
        """The record type that was asked for, as in `SRV`."""
        return dns.rdatatype.to_text(self.message.question[0].rdtype)


class Stream:
    """The server's end of a TCP connection."""

    def __init__(self, stream: socket.socket, closing: threading.Event) -> None:
        self._stream = stream
        self._closing = closing

    def send(self, data: bytes) -> None:
        """At once, as one piece if the network has it so."""
        self._stream.sendall(data)

    def send_apart(self, data: bytes) -> None:
        """Byte by byte, each with a moment in between, until all is sent or nobody listens."""
        self._stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in data:
            if self._closing.wait(_DRIP_S):
                return
            self._stream.sendall(bytes([byte]))

    def hold(self) -> None:
        """Keep the connection open and silent until the server is closed."""
        self._closing.wait()


UdpScript = Callable[[Question], Iterable[bytes]]
"""The packets to send back to the asker, in their order."""
TcpScript = Callable[[Question, Stream], None]
"""What to do with a connection once its first question has come; it is closed afterwards."""


class ScriptedDns:
    """The server, running from its making to `close`.

    Without a `tcp` script connections are refused.
    """

    def __init__(self, udp: UdpScript, tcp: TcpScript | None = None, host: str = "127.0.0.1"):
        self.asked: list[Question] = []
        self.host = host
        self._udp_script = udp
        self._tcp_script = tcp
        self._error: Exception | None = None
        self._closing = threading.Event()
        self._family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._udp, self._tcp = self._bound()
        self.port: int = self._udp.getsockname()[1]
        self._threads = [self._start(self._serve_udp)]
        if tcp is not None:
            self._tcp.listen()
            self._threads.append(self._start(self._serve_tcp))

    def count(self, transport: str) -> int:
        """How many questions have come over `udp` or `tcp`."""
        return sum(question.transport == transport for question in self.asked)

    def send_as_stranger(self, packet: bytes, to_port: int) -> None:
        """A packet to an asker, from a port that it did not ask."""
        with socket.socket(self._family, socket.SOCK_DGRAM) as stranger:
            stranger.sendto(packet, (self.host, to_port))

    def slowly(self, seconds: float) -> None:
        """Let the network take its time, within a script; none at all once the server closes."""
        self._closing.wait(seconds)

    def close(self) -> None:
        """End every thread and socket; raises what a script raised. Once is enough."""
        if self._closing.is_set():
            return
        self._closing.set()
        with socket.socket(self._family, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", (self.host, self.port))
        if self._tcp_script is not None:
            with contextlib.suppress(OSError):
                socket.create_connection((self.host, self.port), timeout=_TCP_END_S).close()
        for thread in self._threads:
            thread.join()
        self._udp.close()
        self._tcp.close()
        if self._error is not None:
            raise self._error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _bound(self) -> tuple[socket.socket, socket.socket]:
        """Both sockets on one port; the TCP one refuses connections until it listens."""
        while True:
            udp = socket.socket(self._family, socket.SOCK_DGRAM)
            tcp = socket.socket(self._family, socket.SOCK_STREAM)
            udp.bind((self.host, 0))
            try:
                tcp.bind((self.host, udp.getsockname()[1]))
            except OSError:
                udp.close()
                tcp.close()
            else:
                return udp, tcp

    def _start(self, serve: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=serve)
        thread.start()
        return thread

    def _note(self, wire: bytes, transport: str, source_port: int) -> Question:
        question = Question(wire, transport, self.count(transport), source_port)
        self.asked.append(question)
        return question

    def _serve_udp(self) -> None:
        while True:
            packet, asker = self._udp.recvfrom(_LONGEST)
            if self._closing.is_set():
                return
            question = self._note(packet, "udp", asker[1])
            try:
                for reply in self._udp_script(question):
                    self._udp.sendto(reply, asker)
            except Exception as error:  # noqa: BLE001  # the asker goes on; close() raises it
                self._error = self._error or error

    def _serve_tcp(self) -> None:
        while True:
            stream, asker = self._tcp.accept()
            if self._closing.is_set():
                stream.close()
                return
            stream.settimeout(_TCP_END_S)

            def serve(stream: socket.socket = stream, port: int = asker[1]) -> None:
                self._serve_stream(stream, port)

            self._threads.append(self._start(serve))

    def _serve_stream(self, stream: socket.socket, source_port: int) -> None:
        script = self._tcp_script
        with stream:
            try:
                question = self._note(read_message(stream), "tcp", source_port)
                if script is not None:
                    script(question, Stream(stream, self._closing))
            except (OSError, EOFError):  # the asker has gone
                pass
            except Exception as error:  # noqa: BLE001  # as above
                self._error = self._error or error


def answer(
    question: Question, *records: str, rcode: dns.rcode.Rcode = dns.rcode.NOERROR, cut: bool = False
) -> bytes:
    """A whole answer to the question: `records` as in a zone file, the first kind answers it.

    Records of other kinds are put into the additional section. `cut` sets TC.
    """
    reply = dns.message.make_response(question.message)
    reply.flags |= dns.flags.AA | (dns.flags.TC if cut else 0)
    reply.set_rcode(rcode)
    for record in records:
        owner, ttl, _, kind, data = record.split(maxsplit=4)
        rrset = dns.rrset.from_text(owner, int(ttl), "IN", kind, data)
        (reply.answer if kind == question.kind else reply.additional).append(rrset)
    return reply.to_wire(max_size=_LONGEST)


def framed(message: bytes) -> bytes:
    """A message as it goes over TCP."""
    return len(message).to_bytes(2) + message


def relay(to_port: Callable[[], int]) -> ScriptedDns:
    """A server that passes each question on to that port and its answer back, so as to count them.

    Where no answer comes it is silent, like a Kubernetes service without a server behind it.
    """

    def udp(question: Question) -> Iterable[bytes]:
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking,
        ):
            asking.settimeout(_RELAY_S)
            asking.connect(("127.0.0.1", to_port()))
            asking.send(question.wire)
            yield asking.recv(_LONGEST)

    def tcp(question: Question, stream: Stream) -> None:
        stream.send(framed(ask(to_port(), question.wire, "tcp")))

    return ScriptedDns(udp, tcp)
