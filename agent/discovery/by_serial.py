"""Asks for the zone's serial instead of all peers, where that is much less and says as much.

`core/serial.py` says when. The serial is that of a "no": the SOA record beside the answer for a
name that is not there. Each second has another such name, the same for all agents: so a cache that
is between holds no more of them than there are seconds, and has an old answer only where the clock
of another agent was ahead; it keeps a "no" for 30 s at most.
"""

from collections.abc import Callable
from typing import Protocol

from agent.core import serial
from agent.core.nameservers import Nameserver
from agent.core.observation import Answered, Endpoint, Observation, Quiet, Unknown
from agent.core.serial import Watch
from agent.discovery.attempt import EDNS_PAYLOAD, Failure, Reply
from agent.discovery.inquiry import Inquiry, Way
from agent.discovery.reading import Remarks
from agent.discovery.wire import Kind, Serial, encoded

GIVEN_UP = (
    "the zone's serial does not tell of every change here, so all peers are asked for at each poll "
    "until it is tried again in an hour"
)


class Asks(Protocol):
    """What it needs of a Resolver."""

    clock: Callable[[], float]
    received: int

    @property
    def answered_last(self) -> Nameserver | None:
        """The nameserver that did, where there are several."""
        ...

    def deadline(self) -> float:
        """When a poll that begins now has to end (clock seconds)."""
        ...

    def ask(self, name: str, kind: Kind, deadline: float) -> Reply | Failure:
        """Asks for one name, given without its final dot, until `deadline` (clock seconds)."""
        ...


class BySerial:
    """Asks as `inner` does when there is reason to. `unix_time` gives seconds since 1970."""

    def __init__(
        self, inner: Way, resolver: Asks, inquiry: Inquiry, unix_time: Callable[[], float]
    ) -> None:
        self._inner = inner
        self._resolver = resolver
        self._inquiry = inquiry
        self._unix_time = unix_time
        self._may_ask = inquiry.serial != "never" and not inquiry.service.is_bare
        self._zone = encoded(inquiry.service.cluster_domain) if self._may_ask else b""
        self._watch = Watch()
        self._server: Nameserver | None = None
        self._endpoints: tuple[Endpoint, ...] = ()
        self._remarks = Remarks()
        self._is_large = False
        self._part = 0.0

    def observe(self) -> Observation:
        """Asks once for the peers, within the inquiry's timeout."""
        return self._ask(self._resolver.deadline(), at_rest=False)

    def observe_at_rest(self) -> Observation | Quiet:
        """Asks once for what is enough if nothing changed and nothing is awaited."""
        deadline = self._resolver.deadline()
        if not self._is_wanted or serial.is_due(self._watch, self._resolver.clock(), self._part):
            return self._ask(deadline, at_rest=True)
        return self._ask_serial(deadline) or self._ask(deadline, at_rest=True)

    @property
    def _is_wanted(self) -> bool:
        """Whether the serial is to be asked for here; Docker's DNS has none."""
        return self._may_ask and (self._is_large or self._inquiry.serial == "always")

    def _ask_serial(self, deadline: float) -> Quiet | Unknown | None:
        """Asks for the serial; None where it does not say that nothing changed."""
        unix_time, zone = self._unix_time(), self._inquiry.service.cluster_domain
        reply = self._resolver.ask(f"rollcall-{unix_time:.0f}.{zone}", "SOA", deadline)
        now = self._resolver.clock()
        match reply:
            case Failure(reason, doubt) if reply.is_timeout:  # it took all the time there is
                self._watch = serial.missed(self._watch, now)
                return Unknown(reason, doubt)
            case Reply(plain=Serial(owner, number)) if owner == self._zone:
                if serial.is_credible(number, unix_time):
                    self._look_who()
                    self._watch = serial.heard(self._watch, number, now)
                    return None if serial.is_due(self._watch, now, 1.0) else Quiet()
        self._watch = serial.missed(self._watch, now)
        return None

    def _ask(self, deadline: float, *, at_rest: bool) -> Observation:
        """Asks for the peers; `at_rest`: that they have changed would be a surprise."""
        asked_at, before = self._resolver.clock(), self._resolver.received
        seen = self._inner.observe(deadline)
        self._is_large = self._resolver.received - before > EDNS_PAYLOAD
        if not self._is_wanted:
            return seen
        if not isinstance(seen, Answered) or not seen.is_whole or seen.ttl is None:
            self._watch = serial.in_doubt(self._watch)
            return seen
        is_surprise = not self._look_who() and at_rest and seen.endpoints != self._endpoints
        self._endpoints = seen.endpoints
        self._watch = serial.answered(self._watch, seen.ttl, asked_at, surprised=is_surprise)
        self._part = serial.spread(f"{self._inquiry.own} {asked_at}")
        return self._remarks.on(seen, GIVEN_UP) if serial.is_off(self._watch, asked_at) else seen

    def _look_who(self) -> bool:
        """Whether it is another nameserver than before; what that said is forgotten then."""
        if (server := self._resolver.answered_last) == self._server:
            return False
        self._server, self._watch = server, serial.elsewhere(self._watch)
        return True
