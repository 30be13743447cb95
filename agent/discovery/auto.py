"""The `auto` mode: SRV, and where that does not give the whole list, the service's addresses.

It stays with addresses once SRV had no data (no ports) or too much of it, so that a poll at rest is
one way of asking. It goes back to SRV on evidence: when there are no addresses any more, or a
quarter less than there were when SRV's answer was cut short; and, where it was, after `TRY_AGAIN`,
because a server may cut one short for once. NXDOMAIN for SRV is no reason to stay: two DNS servers
may disagree for a moment. Where SRV says that the setup is wrong, addresses are not asked for: that
of a service with a virtual IP would look like a peer.

In docker-compose there are no SRV records, and a question for them is handed on to strangers: it
asks for the pods by name if it knows how many there are to be, else for the alias.
"""

import math
from collections.abc import Sequence

from agent.core.observation import Absent, Answered, Doubt, Endpoint, Unknown, Why
from agent.discovery.address import AddressDiscovery
from agent.discovery.inquiry import Inquiry, Way
from agent.discovery.naming import ASK_AGAIN
from agent.discovery.ordinals import OrdinalsDiscovery
from agent.discovery.reading import Remarks
from agent.discovery.srv import SrvDiscovery
from agent.discovery.transport import Resolver

# The part of the most that there were. Each try costs 64 KiB where it is still too much.
BACK_AT = 0.75
# Seconds. Those 64 KiB are then 110 bytes a second, less than an answer about three peers.
TRY_AGAIN = 600.0


class NotBySrv(str):
    """A remark that says why addresses are asked for instead of SRV records."""

    __slots__ = ()


class TooLong(NotBySrv):
    """These records are too many for one answer."""

    __slots__ = ()


NO_SRV = NotBySrv(
    "the service has no SRV records (no ports?): asking for its addresses and their names"
)
NO_PORT = "the service has no port named {}: asking for its addresses and their names"
TOO_MANY = TooLong("the service has too many SRV records for one answer: asking for its addresses")


def automatic(resolver: Resolver, inquiry: Inquiry) -> Way:
    """The way of asking that fits what can be known before the first question."""
    if not inquiry.service.is_bare:
        return AutoDiscovery(resolver, inquiry)
    if inquiry.pods:
        return OrdinalsDiscovery(resolver, inquiry)
    return AddressDiscovery(resolver, inquiry)


class AutoDiscovery:
    """Chooses between SRV and addresses by what answers."""

    def __init__(self, resolver: Resolver, inquiry: Inquiry) -> None:
        self._srv = SrvDiscovery(resolver, inquiry)
        self._address = AddressDiscovery(resolver, inquiry)
        self._port = inquiry.port
        self._clock = resolver.clock
        self._srv_said: tuple[tuple[Endpoint, ...], float] | None = None  # and when
        self._not_srv = ""  # why SRV is not asked for, empty while it is
        self._tried = -math.inf  # when SRV was asked for last, in clock seconds
        self._most = 0
        self._remarks = Remarks()

    def observe(self, deadline: float) -> Answered | Absent | Unknown:
        """Asks once, in the way that answered last, and in the other if that has no answer."""
        now, until = self._clock(), deadline
        if self._not_srv:
            if self._not_srv != TOO_MANY or now - self._tried < TRY_AGAIN:
                return self._by_address(deadline, self._not_srv, lasts=True)
            until = (now + deadline) / 2  # the rest is for addresses
        self._tried = now
        match self._srv.observe(until):
            case Absent(_, Why.NO_DATA):
                return self._by_address(deadline, NO_SRV, lasts=True)
            case Absent(_, Why.NO_SUCH_NAME) if self._port:
                because = NotBySrv(NO_PORT.format(self._port))
                return self._by_address(deadline, because, lasts=False)
            case Absent(_, Why.NO_SUCH_NAME):
                return self._by_address(deadline, "", lasts=False)
            case Unknown(_, Doubt.CUT_SHORT):
                self._hand_over()
                return self._by_address(deadline, TOO_MANY, lasts=True)
            case Unknown() if self._not_srv:
                return self._by_address(deadline, self._not_srv, lasts=True)
            case by_srv:
                self._not_srv, self._most = "", 0
                if isinstance(by_srv, Answered):
                    self._srv_said = by_srv.endpoints, self._clock()
                return by_srv

    def _hand_over(self) -> None:
        """Names that SRV has just said need not be asked for; what was known before is too old."""
        if self._srv_said:
            endpoints, said = self._srv_said
            is_fresh = self._clock() - said < ASK_AGAIN
            self._address.learn(endpoints if is_fresh else (), said)
        self._srv_said = None

    def _by_address(
        self, deadline: float, because: str, *, lasts: bool
    ) -> Answered | Absent | Unknown:
        """Asks for addresses; `because` is remarked if that brings any, and kept if it `lasts`."""
        seen = self._address.observe(deadline)
        match seen:
            case Answered(endpoints):
                self._not_srv = because if lasts else ""
                self._look_back(endpoints)
                return self._remarks.on(seen, because)
            case Absent():
                self._not_srv = ""
            case Unknown():
                self._not_srv = because if lasts else self._not_srv
        return seen

    def _look_back(self, endpoints: Sequence[Endpoint]) -> None:
        """Goes back to SRV when a quarter has gone of what was too much for it."""
        self._most = max(self._most, len(endpoints)) if self._not_srv == TOO_MANY else 0
        if len(endpoints) < BACK_AT * self._most:
            self._not_srv, self._most = "", 0
