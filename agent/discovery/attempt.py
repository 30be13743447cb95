"""One try to have a question answered by one nameserver: by UDP, or TCP if that is too small.

Knows sockets and messages, and nothing of services or peers. A packet that is no answer to the
question, from whomever, is passed over and the wait goes on (RFC 5452 section 9.1). Each try has a
new socket, and so a new random source port: the first packet to a service address can be lost to a
race in connection tracking (kubernetes issue 56903), and a fixed port can be black-holed (issue
125467).
"""

import functools
import itertools
import os
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import dns.exception
import dns.message
import dns.rcode

from agent.core.nameservers import Nameserver
from agent.core.observation import Doubt
from agent.discovery import wire
from agent.discovery.rdata import Names, names_in
from agent.discovery.repeats import Repeats
from agent.discovery.wire import Print, Serial

# RFC 9715 section 3 and DNS flag day 2020: what passes unfragmented nearly everywhere.
EDNS_PAYLOAD = 1232
# Bytes of an answer over UDP without EDNS: RFC 1035 section 4.2.1.
PLAIN_PAYLOAD = 512
# What is an answer, and not a failure to give one.
_ANSWERS = (dns.rcode.NOERROR, dns.rcode.NXDOMAIN)
# By number: a plain answer has no other one.
_OF_PLAIN = {int(rcode): rcode for rcode in _ANSWERS}
# Questions. A server's buffer for packets holds some 250 by default; what is too much is lost.
IN_FLIGHT = 64
# Seconds without any answer, after which what was asked is taken for lost: at first, and at last.
PATIENCE = 0.25
LAST_PATIENCE = 1.0
# An answer of 64 KiB holds some 4,090 IPv4 addresses, or 2,330 of IPv6.
LESS = "discovery mode address asks for less"
LEAST = (
    "set --discovery ordinals, --replicas and --address-family, and each pod is asked for by its "
    "name"
)
_SRV = b"\0\x21\0\1"  # what a question for SRV records ends in


@dataclass(frozen=True)
class Reply:
    """A message that answers the question, whatever its rcode.

    `plain` is what stands for one that says what such answers say nearly always: then nobody has
    parsed it yet.
    """

    wire: bytes
    server: Nameserver
    plain: Print | Serial | Names | None = None

    @functools.cached_property
    def message(self) -> dns.message.Message:
        """The message. Raises DNSException and ValueError if it is a broken one, and not plain."""
        return dns.message.from_wire(self.wire)

    @property
    def rcode(self) -> dns.rcode.Rcode:
        """The whole response code."""
        return _OF_PLAIN[self.wire[3] & 0x0F] if self.plain else self.message.rcode()

    @property
    def is_cut(self) -> bool:
        """Whether it does not hold all that it should: TC, RFC 1035 section 4.1.1."""
        return bool(self.wire[2] & 0x02)


@dataclass(frozen=True, slots=True)
class Failure:
    """No such message came; `reason` says what happened instead, in a phrase."""

    reason: str
    doubt: Doubt

    @property
    def is_timeout(self) -> bool:
        """Whether it took its time to find out; then another try may do better."""
        return self.doubt in (Doubt.NO_ANSWER, Doubt.FOREIGN)


class _SilenceError(TimeoutError):
    """No answer came over UDP in time; the text says what did, and `doubt` what kind it was."""

    def __init__(self, text: str, doubt: Doubt) -> None:
        super().__init__(text)
        self.doubt = doubt


class _BrokenError(Exception):
    """What came over TCP is no answer; the text says why."""


class Attempts:
    """Tries at any nameserver, until clock seconds; `clock` never goes back."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._large: dict[tuple[Nameserver, bytes], int] = {}
        self._repeats = Repeats()

    def ask(self, server: Nameserver, question: bytes, until: float) -> Reply | Failure:
        """Tries it: UDP, once more without EDNS after FORMERR, TCP after TC.

        An answer that was too large for UDP is asked for by TCP the next time, too.
        """
        payload = self._large.pop((server, question), None) if self._large else None
        is_tcp = payload is not None
        payload = EDNS_PAYLOAD if payload is None else payload
        try:
            if not is_tcp:
                reply = self._udp(server, question, payload, until)
                # What is cut short may end in mid-record, and has no rcode to read then.
                if not (reply.plain or reply.is_cut) and reply.rcode == dns.rcode.FORMERR:
                    payload = 0  # RFC 6891 section 7
                    reply = self._udp(server, question, payload, until)
                is_tcp = reply.is_cut
            if is_tcp:
                reply = self._tcp(server, question, payload, until)
        except _SilenceError as wrong:
            return Failure(str(wrong), wrong.doubt)
        except TimeoutError:
            return Failure(f"no answer from {server} over TCP in time", Doubt.NO_ANSWER)
        except ConnectionRefusedError:
            refuses = f"{server} refuses TCP, which an answer of this size has to come by"
            reason = refuses if is_tcp else f"nothing listens at {server}"
            return Failure(reason, Doubt.UNREACHABLE)
        except _BrokenError as wrong:
            return Failure(f"the answer of {server} over TCP can't be used: {wrong}", Doubt.OTHER)
        except OSError as wrong:
            reason = f"{server} can't be reached: {wrong.strerror or wrong}"
            return Failure(reason, Doubt.UNREACHABLE)
        if is_tcp and len(reply.wire) > (payload or PLAIN_PAYLOAD):
            self._large[server, question] = payload
        return Failure(cut_short(server, question), Doubt.CUT_SHORT) if reply.is_cut else reply

    def ask_many(
        self, server: Nameserver, questions: Iterable[bytes], until: float
    ) -> dict[bytes, Reply]:
        """What UDP soon brings of many questions with short answers; the others are for `ask`.

        Those are whatever is no whole "yes" or "no", and what was lost again and again: it is asked
        for from another port each time, and after more patience where nothing came at all.
        """
        left = dict.fromkeys(questions)
        replies: dict[bytes, Reply] = {}
        patience = PATIENCE
        while left and patience <= LAST_PATIENCE and self._clock() < until:
            before = len(left)
            try:
                for question, reply in self._volley(server, tuple(left), until, patience):
                    del left[question]
                    if not reply.is_cut and reply.rcode in _ANSWERS:
                        replies[question] = reply
            except OSError:
                break
            patience = PATIENCE if len(left) < before else 2 * patience
        return replies

    def _volley(
        self, server: Nameserver, questions: Iterable[bytes], until: float, patience: float
    ) -> Iterator[tuple[bytes, Reply]]:
        """Asks all of them, IN_FLIGHT at a time, until nothing comes for `patience` seconds."""
        unsent = iter(questions)
        waiting: dict[bytes, tuple[bytes, bytes]] = {}
        with closing(_socket(server, socket.SOCK_DGRAM, PATIENCE)) as sock:
            while (left := until - self._clock()) > 0:
                for question in itertools.islice(unsent, IN_FLIGHT - len(waiting)):
                    while (number := os.urandom(2)) in waiting:
                        pass
                    asked = wire.query(number, question, EDNS_PAYLOAD)
                    waiting[number] = asked, question
                    sock.send(asked)
                if not waiting:
                    return
                sock.settimeout(min(patience, left))
                try:
                    came = sock.recv(65535)
                except TimeoutError:
                    return
                asked, question = waiting.get(came[:2], (b"", b""))
                if asked and (reply := self._reply(asked, question, came, server)):
                    del waiting[came[:2]]
                    yield question, reply

    def _udp(self, server: Nameserver, question: bytes, payload: int, until: float) -> Reply:
        """The first datagram that answers. Raises OSError; _SilenceError says what came."""
        passed_over = 0
        asked = wire.query(os.urandom(2), question, payload)
        left = max(0.001, until - self._clock())
        sock = _socket(server, socket.SOCK_DGRAM, left)
        try:
            sock.send(asked)
            while left > 0:
                try:
                    reply = self._reply(asked, question, sock.recv(65535), server)
                except TimeoutError:
                    break
                if reply is not None:
                    return reply
                passed_over += 1
                left = until - self._clock()
                sock.settimeout(max(0.001, left))
        finally:
            sock.close()
        odd = f" but {passed_over} packets that do not answer the question" if passed_over else ""
        doubt = Doubt.FOREIGN if passed_over else Doubt.NO_ANSWER
        raise _SilenceError(f"nothing came from {server}{odd} in time", doubt)

    def _tcp(self, server: Nameserver, question: bytes, payload: int, until: float) -> Reply:
        """The answer over TCP. Raises OSError and _BrokenError."""
        asked = wire.query(os.urandom(2), question, payload)
        left = max(0.001, until - self._clock())
        with closing(_socket(server, socket.SOCK_STREAM, left)) as sock:
            sock.sendall(len(asked).to_bytes(2, "big") + asked)
            size = int.from_bytes(self._receive(sock, 2, until), "big")
            reply = self._reply(asked, question, self._receive(sock, size, until), server)
        if reply is None:
            raise _BrokenError("it does not answer the question")
        return reply

    def _receive(self, sock: socket.SocketType, size: int, until: float) -> bytes:
        """Exactly `size` bytes, whatever pieces they come in."""
        read = bytearray()
        while len(read) < size:
            if (left := until - self._clock()) <= 0:
                raise TimeoutError
            sock.settimeout(left)
            if not (piece := sock.recv(size - len(read))):
                raise _BrokenError("the connection was closed in mid-answer")
            read += piece
        return bytes(read)

    def _reply(
        self, asked: bytes, question: bytes, came: bytes, server: Nameserver
    ) -> Reply | None:
        """What came, if it answers what was `asked`; None for a stranger's or a broken message."""
        has_id = came[:2] == asked[:2]
        plain = self._repeats.plain(came, question) if has_id else None
        reply = Reply(came, server, plain or (names_in(came, question) if has_id else None))
        if reply.plain or (has_id and wire.is_cut(came, question)):
            return reply
        try:
            is_answer = dns.message.from_wire(asked).is_response(reply.message)
        except (dns.exception.DNSException, ValueError):
            return None
        return reply if is_answer else None


def cut_short(server: Nameserver, question: bytes = _SRV) -> str:
    """What it means that an answer over TCP has TC, in a phrase, and what asks for less."""
    less = LESS if question.endswith(_SRV) else LEAST
    return f"the answer of {server} is cut short over TCP too, it has too many records: {less}"


def _socket(server: Nameserver, kind: socket.SocketKind, timeout: float) -> socket.SocketType:
    """A connected socket: then only this server's packets arrive, and a refusal is noticed."""
    family = socket.AF_INET6 if ":" in server.host else socket.AF_INET
    address: Any = (server.host, server.port)
    if "%" in server.host:  # a scope such as fe80::1%eth0 becomes its interface's number
        numeric = socket.AI_NUMERICHOST
        address = socket.getaddrinfo(server.host, server.port, family, kind, flags=numeric)[0][4]
    sock = socket.SocketType(family, kind)  # what socket.socket wraps, and a poll has no use for
    try:
        sock.settimeout(timeout)
        sock.connect(address)
    except BaseException:
        sock.close()
        raise
    return sock
