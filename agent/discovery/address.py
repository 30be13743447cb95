"""The `address` mode: A and AAAA for the service, then PTR for each address that has no name yet.

For a service without ports, which has no SRV records, and for an alias in docker-compose. After
`ASK_AGAIN` a name is asked for again, because two pods that were made anew may have swapped their
addresses: one name a poll, the oldest. All that are due are asked for again at once where an
address has no name, and in docker-compose: a container gets any address that is free.
"""

from dataclasses import dataclass, replace

from agent.core.names import is_address
from agent.core.observation import Absent, Answered, Endpoint, Unknown, Why
from agent.discovery.docker import Container, Docker, Stranger
from agent.discovery.inquiry import BOTH, Inquiry
from agent.discovery.reading import (
    Addresses,
    answer_of,
    pointer_of,
    read_addresses,
    read_pointer,
)
from agent.discovery.transport import Resolver
from agent.discovery.wire import Kind

# Seconds. A "no such name" may be remembered by a cache for 30 s (kubernetes issue 92559).
ASK_AGAIN = 30.0
# What stands for the name of whoever is no container; no name in DNS has a space.
STRANGER = "a stranger"


@dataclass(frozen=True, slots=True)
class _Named:
    """The name that an address has, None for none, and when that was asked (clock seconds)."""

    fqdn: str | None
    asked: float


class AddressDiscovery:
    """Asks for the service's addresses and names them."""

    def __init__(self, resolver: Resolver, inquiry: Inquiry) -> None:
        self._resolver = resolver
        self._inquiry = inquiry
        self._docker = Docker(resolver, inquiry.here)
        self._names: dict[str, _Named] = {}

    def observe(self, deadline: float) -> Answered | Absent | Unknown:
        """Asks once: two questions, and one more for each address that is new."""
        found = locate(self._resolver, self._inquiry, self._inquiry.service.fqdn, deadline)
        if not isinstance(found, Addresses):
            if isinstance(found, Absent):
                self._names = {}  # whoever has one of these addresses next may be another
            return found
        if (doubt := self._name(found.addresses, deadline)) is not None:
            return doubt
        by_name: dict[str, tuple[str, ...]] = {}
        for address in found.addresses:
            fqdn = self._names[address].fqdn or address
            by_name[fqdn] = (*by_name.get(fqdn, ()), address)
        if strangers := by_name.pop(STRANGER, ()):
            name, who = self._inquiry.service.name, ", ".join(strangers)
            remark = f"passed over {who} for {name}: no container of this network"
            absent = Absent(f"{remark} (is none of them running?)", Why.NO_SUCH_NAME)
            return replace(answer_of(by_name, found.ttl), remarks=(remark,)) if by_name else absent
        return self._nameless(answer_of(by_name, found.ttl))

    def _nameless(self, answer: Answered) -> Answered:
        """The answer, without this pod's name where none of the others has one.

        This pod knows its name by itself; that DNS would have it is not said.
        """
        own = self._inquiry.own
        others = [e for e in answer.endpoints if own is None or e.fqdn != own.fqdn]
        if not others or not all(is_address(endpoint.fqdn) for endpoint in others):
            return answer
        mine = (a for e in answer.endpoints if e not in others for a in e.addresses)
        nameless = (Endpoint(address, (address,)) for address in mine)
        return replace(answer, endpoints=(*nameless, *others))

    def _name(self, addresses: tuple[str, ...], deadline: float) -> Absent | Unknown | None:
        """Learns the names of new addresses and forgets those that are gone; None if all went well.

        Names that were learnt before it went wrong stay known.
        """
        listed = set(addresses)
        names = {a: named for a, named in self._names.items() if a in listed}
        self._names = names
        own, oldest = self._inquiry.own, self._oldest(addresses)
        for address in addresses:
            now = self._resolver.clock()
            if own is not None and address in own.addresses:
                names[address] = _Named(own.fqdn, now)
                continue
            known = names.get(address)
            if known and address != oldest and not self._is_due(known, now):
                continue
            match self._name_of(address, deadline):
                case Absent() as absent:
                    return absent
                case Unknown() if known:
                    names[address] = replace(known, asked=now)
                case Unknown(reason, doubt):
                    return Unknown(f"{address} has no name yet: {reason}", doubt)
                case named:
                    names[address] = _Named(named, now)
        return None

    def _oldest(self, addresses: tuple[str, ...]) -> str | None:
        """The address whose name was asked for first, if that is long ago.

        It may be another pod's by now: two that were made anew between two polls have swapped
        theirs. One a poll is enough, and cheap for a thousand pods, too.
        """
        own = self._inquiry.own.addresses if self._inquiry.own else ()
        asked = {a: self._names[a].asked for a in addresses if a in self._names and a not in own}
        oldest = min(asked, key=lambda address: asked[address], default=None)
        is_old = oldest is not None and self._resolver.clock() - asked[oldest] >= ASK_AGAIN
        return oldest if is_old else None

    def _is_due(self, known: _Named, now: float) -> bool:
        """Whether the name is to be asked for again."""
        lasts = known.fqdn is not None and not self._inquiry.service.is_bare
        return not lasts and now - known.asked >= ASK_AGAIN

    def _name_of(self, address: str, deadline: float) -> str | Absent | Unknown | None:
        """The name that DNS has for an address, itself for a stranger's; one question."""
        if not self._inquiry.service.is_bare:
            reply = self._resolver.ask(pointer_of(address), "PTR", deadline)
            return read_pointer(reply, self._inquiry.service)
        match self._docker.at(address, deadline):
            case Container(name):
                return name or None
            case Stranger():
                return STRANGER
            case Unknown() as doubt:
                return doubt


def locate(
    resolver: Resolver, inquiry: Inquiry, name: str, deadline: float
) -> Addresses | Absent | Unknown:
    """The addresses that a name has, of the families that are asked for; one question for each."""
    found = _ask(resolver, inquiry.kinds, name, deadline)
    if inquiry.family == "any" or not isinstance(found, Absent) or found.why is not Why.NO_DATA:
        return found
    others = tuple(kind for kind in BOTH if kind not in inquiry.kinds)
    is_there = isinstance(_ask(resolver, others, name, deadline), Addresses)
    return other_family(inquiry) if is_there else found


def _ask(
    resolver: Resolver, kinds: tuple[Kind, ...], name: str, deadline: float
) -> Addresses | Absent | Unknown:
    located: list[Addresses] = []
    absent: list[Absent] = []
    for kind in kinds:
        match read_addresses(resolver.ask(name, kind, deadline), name):
            case Addresses() as found:
                located.append(found)
            case Absent() as nothing:
                absent.append(nothing)
            case Unknown() as doubt:
                return doubt
    if not located:
        return absent[0]
    addresses = tuple(address for found in located for address in found.addresses)
    return Addresses(addresses, min(found.ttl for found in located))


def other_family(inquiry: Inquiry) -> Absent:
    """What it means that pods have addresses, and none of the family that is asked for."""
    has_not, has = ("an IPv4", "ipv6") if inquiry.family == "ipv4" else ("an IPv6", "ipv4")
    return Absent(
        f"no pod of {inquiry.service.fqdn} has {has_not} address: set --address-family to {has}, "
        "or leave it out",
        Why.OTHER_FAMILY,
    )
