"""One agent of a fleet: the real loop, membership and use of the serial, beside a model of DNS."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from agent.core.gate import GateRules
from agent.core.identity import Identity
from agent.core.nameservers import Nameserver
from agent.core.observation import Answered, Doubt, Endpoint, Unknown
from agent.core.roll import Peer
from agent.discovery.attempt import EDNS_PAYLOAD, Failure, Reply
from agent.discovery.by_serial import BySerial
from agent.discovery.inquiry import Inquiry, UseOfSerial
from agent.discovery.naming import ASK_AGAIN, MOST_AGAIN
from agent.discovery.transport import LEAST_TRIES, Resolver
from agent.discovery.wire import Kind, Serial, encoded
from agent.edges import Edges, Plan
from agent.loop import Loop
from agent.settings.schema import Settings
from tests.fleet import sizes
from tests.fleet.dns import EPOCH, SERVICE, TAKES, Books, Dns, Listing, pod
from tests.fleet.sizes import Answer

_SETTINGS = Settings()
_SERVER = Nameserver("10.96.0.10")
_TTL = 5.0


@dataclass
class Time:
    """An agent's own clock, in seconds."""

    at: float

    def now(self) -> float:
        return self.at

    def wait_until(self, then: float) -> None:
        self.at = max(self.at, then)


class Asking(Resolver):
    """Asks the model for what it asks real servers for, and lets the agent's time pass."""

    def __init__(self, dns: Dns, books: Books, time: Time) -> None:
        self.dns = dns
        self.books = books
        self.time = time
        self._large: set[str] = set()
        self._timeout_s = _SETTINGS.discovery.timeout
        super().__init__(lambda: (_SERVER,), self._timeout_s, time.now)

    def ask(self, name: str, kind: Kind, deadline: float) -> Reply | Failure:
        """Asks for the zone's serial."""
        if self.carry(kind, lambda _pods, _limit: Answer(sizes.SERIAL), deadline) is None:
            return Failure("no answer", Doubt.NO_ANSWER)
        return Reply(b"", _SERVER, Serial(encoded(sizes.ZONE), self.dns.serial(self.time.at)))

    @property
    def listing(self) -> Listing:
        """What is listed now."""
        return self.dns.at(self.time.at)

    def carry(
        self, kind: str, fitting: Callable[[int, int], Answer], deadline: float
    ) -> Answer | None:
        """What a question brings, by UDP and TCP as `Attempts` has it; None if that is nothing."""
        is_large = kind in self._large
        self._large.discard(kind)
        while self.time.at < deadline:
            if self.dns.is_silent(self.time.at):
                self.books.asked(kind, self.time.at, 0)
                self.time.at = min(deadline, self.time.at + self._timeout_s / LEAST_TRIES)
                is_large = False
                continue
            answer = self._answer(kind, fitting, EDNS_PAYLOAD) if not is_large else None
            if answer is None or not answer.is_whole:
                answer = self._answer(kind, fitting, sizes.BY_TCP)
            if answer.size > EDNS_PAYLOAD:
                self._large.add(kind)
            self.received += answer.size if answer.is_whole else 0
            return answer
        return None

    def _answer(self, kind: str, fitting: Callable[[int, int], Answer], limit: int) -> Answer:
        answer = fitting(self.listing.pods, limit)
        self.books.asked(kind, self.time.at, answer.size)
        self.time.at += TAKES
        return answer


class Everybody:
    """Asks for all pods as the `auto` mode does: by SRV, and where they are too many, by A.

    Then, for the names of new addresses, and for the oldest names again: one for each second since
    that was done.
    """

    def __init__(self, asking: Asking, own: Endpoint) -> None:
        self._asking = asking
        self._own = own
        self._is_srv = True
        self._named = 1  # addresses whose names are known: this pod's
        self._swept = asking.time.at
        self._both = -math.inf, -math.inf  # when both families were asked, and since when it is so

    def observe(self, deadline: float) -> Answered | Unknown:
        """Asks once."""
        if self._is_srv:
            by_srv = self._asking.carry("SRV", sizes.srv, deadline)
            if by_srv is None or by_srv.is_whole:
                return self._seen(by_srv)
            self._is_srv = False
        by_address = self._asking.carry("A", sizes.addresses, deadline)
        if by_address is None or not by_address.is_whole:
            return self._seen(by_address)
        now, listing = self._asking.time.at, self._asking.listing
        if listing.since != self._both[1] or now - self._both[0] >= ASK_AGAIN:
            self._both = now, listing.since
            if self._asking.carry("AAAA", _no_data, deadline) is None:
                return self._seen(None)
        sweep = round(min(MOST_AGAIN, max(1.0, now - self._swept)))
        self._swept = now
        self._asking.books.asked("PTR", now, sizes.NAME, listing.pods - self._named + sweep)
        return self._seen(by_address)

    def _seen(self, answer: Answer | None) -> Answered | Unknown:
        if answer is None:
            return Unknown("no answer", Doubt.NO_ANSWER)
        if not answer.is_whole:
            return Unknown("cut short", Doubt.CUT_SHORT)
        listing = self._asking.listing
        self._named = listing.pods
        return Answered((pod(0), *listing.moving, self._own), _TTL)


def _no_data(_pods: int, _limit: int) -> Answer:
    return Answer(sizes.NO_DATA)


def nothing_told(_level: str, _sentence: str, /, *, kind: str, **_more: Any) -> None:
    """Where events go."""


@dataclass(frozen=True, slots=True)
class Agent:
    """The agent of a pod, which starts at a time and has the default settings but for one."""

    number: int
    start: float = 0.0
    serial: UseOfSerial = "auto"


def run(agent: Agent, dns: Dns, books: Books, until: float) -> None:
    """Has an agent ask from its start on."""
    time = Time(agent.start)
    asking = Asking(dns, books, time)
    own, name = pod(agent.number), f"db-{agent.number}"
    peer = Peer(own.fqdn, own.addresses)
    me = Identity(name, "db", agent.number, SERVICE, own.addresses, MappingProxyType({}))
    inquiry = Inquiry(SERVICE, peer, lambda: (_SERVER,), serial=agent.serial)
    asks = BySerial(Everybody(asking, own), asking, inquiry, lambda: EPOCH + time.at)
    edges = Edges(asks.observe, time, (), nothing_told, observe_at_rest=asks.observe_at_rest)
    plan = Plan(me, _SETTINGS.rules, GateRules(wait_for="self"), _SETTINGS.discovery.interval)
    loop = Loop(plan, edges)
    loop.turn()
    while loop.next_turn() < until:
        time.wait_until(loop.next_turn())
        loop.turn()
