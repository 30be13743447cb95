"""One question to DNS, answered or not, within a deadline.

Knows sockets and messages, and nothing of services or peers. A packet that is no answer to the
question, from whomever, is passed over and the wait goes on (RFC 5452 section 9.1). Each try has a
new socket, and so a new random source port: the first packet to a service address can be lost to a
race in connection tracking (kubernetes issue 56903), and a fixed port can be black-holed (issue
125467).
"""

import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode

from agent.core.nameservers import Nameserver
from agent.core.observation import Doubt

Kind = Literal["SRV", "A", "AAAA", "PTR"]

# RFC 9715 section 3 and DNS flag day 2020: what passes unfragmented nearly everywhere.
EDNS_PAYLOAD = 1232
# A try takes at most so many parts of the whole time, so that a lost packet gets a second try.
LEAST_TRIES = 2
# Seconds. Less than `forget_after` by far: what only the first one lists is missing for so long.
RETURN_AFTER = 10.0
# What another nameserver may know better than the one that said it.
_ASK_ANOTHER = {
    dns.rcode.SERVFAIL: Doubt.SERVFAIL,
    dns.rcode.REFUSED: Doubt.REFUSED,
    dns.rcode.NOTIMP: Doubt.NOTIMP,
    dns.rcode.FORMERR: Doubt.FORMERR,
}


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole message that answers the question, whatever its rcode."""

    message: dns.message.Message
    server: Nameserver


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


class Resolver:
    """Asks the given nameservers in turn until one answers or time is up.

    Begins with the one that answered last, so that a dead one costs its time once in RETURN_AFTER
    seconds; then with the first again, which may know more than the others. An answer that
    is cut short over TCP too is no better a second time: it ends the asking with its round, which
    leaves time for a question with a shorter answer. Keeps no socket between questions and caches
    nothing. `nameservers` is called at each question; `timeout` is for all questions of a poll, in
    seconds; `clock` gives seconds and never goes back.
    """

    def __init__(
        self,
        nameservers: Callable[[], tuple[Nameserver, ...]],
        timeout: float,
        clock: Callable[[], float],
    ) -> None:
        self.clock = clock
        self._nameservers = nameservers
        self._timeout = timeout
        self._answered_last: Nameserver | None = None
        self._chosen_at = 0.0

    def deadline(self) -> float:
        """When a poll that begins now has to end (clock seconds)."""
        return self.clock() + self._timeout

    def ask(self, name: str, kind: Kind, deadline: float) -> Reply | Failure:
        """Asks for one name, given without its final dot, until `deadline` (clock seconds)."""
        try:
            owner = dns.name.from_text(name + ".")
        except dns.exception.DNSException:
            return Failure(f"the name {name} is longer than DNS allows", Doubt.OTHER)
        servers = self._in_order()
        if not servers:
            return Failure("there is no nameserver to ask", Doubt.UNREACHABLE)
        try_for = self._timeout / max(LEAST_TRIES, len(servers))
        last: dict[Nameserver, Reply | Failure] = {}
        timed_out, is_cut = True, False
        # A round of refusals is not hurried again.
        while timed_out and not is_cut and self.clock() < deadline:
            timed_out = False
            for server in servers:
                until = min(deadline, self.clock() + try_for)
                tried = self._try(server, owner, kind, until)
                if isinstance(tried, Reply) and tried.message.rcode() not in _ASK_ANOTHER:
                    self._choose(server)
                    return tried
                last[server] = tried
                timed_out = timed_out or (isinstance(tried, Failure) and tried.is_timeout)
                if doubt_of(tried) is Doubt.CUT_SHORT:
                    self._choose(server)
                    is_cut = True
                if self.clock() >= deadline:
                    break
        return _summary(last)

    def _in_order(self) -> list[Nameserver]:
        """The nameservers, as given; but for a while the one that answered instead of the first."""
        is_old = self.clock() - self._chosen_at >= RETURN_AFTER
        first = None if is_old else self._answered_last
        return sorted(self._nameservers(), key=lambda server: server != first)

    def _choose(self, server: Nameserver) -> None:
        """Begins with this one from now on."""
        is_old = self.clock() - self._chosen_at >= RETURN_AFTER
        if is_old or server != self._answered_last:
            self._answered_last, self._chosen_at = server, self.clock()

    def _try(
        self, server: Nameserver, owner: dns.name.Name, kind: Kind, until: float
    ) -> Reply | Failure:
        """One try at one nameserver: UDP, once more without EDNS after FORMERR, TCP after TC."""
        query = dns.message.make_query(owner, kind, use_edns=0, payload=EDNS_PAYLOAD)
        is_tcp = False
        try:
            message = self._udp(server, query, until)
            if message.rcode() == dns.rcode.FORMERR:
                query = dns.message.make_query(owner, kind, use_edns=False)  # RFC 6891 section 7
                message = self._udp(server, query, until)
            if message.flags & dns.flags.TC:
                is_tcp = True
                message = self._tcp(server, query, until)
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
        if message.flags & dns.flags.TC:
            return Failure(cut_short(server), Doubt.CUT_SHORT)
        return Reply(message, server)

    def _udp(
        self, server: Nameserver, query: dns.message.Message, until: float
    ) -> dns.message.Message:
        """The first datagram that answers `query`. Raises OSError; _SilenceError says what came."""
        passed_over = 0
        with _socket(server, socket.SOCK_DGRAM) as sock:
            sock.send(query.to_wire())
            while (left := until - self.clock()) > 0:
                sock.settimeout(left)
                try:
                    message = _answer(query, sock.recv(65535))
                except TimeoutError:
                    break
                if message is not None:
                    return message
                passed_over += 1
        odd = f" but {passed_over} packets that do not answer the question" if passed_over else ""
        doubt = Doubt.FOREIGN if passed_over else Doubt.NO_ANSWER
        raise _SilenceError(f"nothing came from {server}{odd} in time", doubt)

    def _tcp(
        self, server: Nameserver, query: dns.message.Message, until: float
    ) -> dns.message.Message:
        """The answer over TCP. Raises OSError and _BrokenError."""
        with _socket(server, socket.SOCK_STREAM, max(0.001, until - self.clock())) as sock:
            wire = query.to_wire()
            sock.sendall(len(wire).to_bytes(2, "big") + wire)
            size = int.from_bytes(self._receive(sock, 2, until), "big")
            message = _answer(query, self._receive(sock, size, until))
        if message is None:
            raise _BrokenError("it does not answer the question")
        return message

    def _receive(self, sock: socket.socket, size: int, until: float) -> bytes:
        """Exactly `size` bytes, whatever pieces they come in."""
        read = bytearray()
        while len(read) < size:
            if (left := until - self.clock()) <= 0:
                raise TimeoutError
            sock.settimeout(left)
            if not (piece := sock.recv(size - len(read))):
                raise _BrokenError("the connection was closed in mid-answer")
            read += piece
        return bytes(read)


def _summary(last: dict[Nameserver, Reply | Failure]) -> Reply | Failure:
    """What came of it all: what each nameserver did last, if it was not the same for all."""
    late = Failure("the time for this poll was over before the question", Doubt.NO_ANSWER)
    *_, final = [late, *last.values()]
    if len(last) < 2 or all(isinstance(tried, Reply) for tried in last.values()):
        return final
    cut = [each for each in last.values() if doubt_of(each) is Doubt.CUT_SHORT]
    timed_out = [each for each in last.values() if isinstance(each, Failure) and each.is_timeout]
    reason = "; ".join(refusal_of(tried) for tried in last.values())
    return Failure(reason, doubt_of([*cut, *timed_out, final][0]))


def refusal_of(tried: Reply | Failure) -> str:
    """Why it is no answer that can be used, in a phrase."""
    if isinstance(tried, Failure):
        return tried.reason
    return f"{tried.server} answered {dns.rcode.to_text(tried.message.rcode())}"


def doubt_of(tried: Reply | Failure) -> Doubt:
    """What kind of doubt it leaves."""
    if isinstance(tried, Failure):
        return tried.doubt
    return _ASK_ANOTHER.get(tried.message.rcode(), Doubt.OTHER)


def cut_short(server: Nameserver) -> str:
    """What it means that an answer over TCP has TC, in a phrase."""
    return (
        f"the answer of {server} is cut short over TCP too, it has too many records: discovery "
        "mode address asks for less"
    )


def _socket(
    server: Nameserver, kind: socket.SocketKind, timeout: float | None = None
) -> socket.socket:
    """A connected socket: then only this server's packets arrive, and a refusal is noticed."""
    numeric = socket.AI_NUMERICHOST  # a scope such as fe80::1%eth0 becomes its interface's number
    family, _, _, _, address = socket.getaddrinfo(
        server.host, server.port, type=kind, flags=numeric
    )[0]
    sock = socket.socket(family, kind)
    try:
        sock.settimeout(timeout)
        sock.connect(address)
    except BaseException:
        sock.close()
        raise
    return sock


def _answer(query: dns.message.Message, wire: bytes) -> dns.message.Message | None:
    """The message in `wire` if it answers `query`; None for a stranger's or a broken one."""
    try:
        message = dns.message.from_wire(wire)
    except (dns.exception.DNSException, ValueError):
        return None
    return message if query.is_response(message) else None
