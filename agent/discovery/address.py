"""The `address` mode: A and AAAA for the service, then PTR for each address that has no name yet.

For a service without ports, which has no SRV records, and for an alias in docker-compose. A name is
asked for once, as long as its address stays in the answer; an address without a name is asked for
again after `ASK_AGAIN`.
"""

from dataclasses import dataclass

import dns.reversename

from agent.core.observation import Absent, Answered, Unknown
from agent.discovery.inquiry import Inquiry
from agent.discovery.reading import Addresses, answer_of, read_addresses, read_pointer
from agent.discovery.transport import Resolver

# Seconds. A "no such name" may be remembered by a cache for 30 s (kubernetes issue 92559).
ASK_AGAIN = 30.0


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
        self._names: dict[str, _Named] = {}

    def observe(self, deadline: float) -> Answered | Absent | Unknown:
        """Asks once: two questions, and one more for each address that is new."""
        found = locate(self._resolver, self._inquiry, self._inquiry.service.fqdn, deadline)
        if not isinstance(found, Addresses):
            return found
        if (doubt := self._name(found.addresses, deadline)) is not None:
            return doubt
        by_name: dict[str, tuple[str, ...]] = {}
        for address in found.addresses:
            fqdn = self._names[address].fqdn or address
            by_name[fqdn] = (*by_name.get(fqdn, ()), address)
        return answer_of(by_name, found.ttl)

    def _name(self, addresses: tuple[str, ...], deadline: float) -> Absent | Unknown | None:
        """Learns the names of new addresses and forgets those that are gone; None if all went well.

        Names that were learnt before it went wrong stay known.
        """
        names = {a: named for a, named in self._names.items() if a in addresses}
        self._names = names
        own = self._inquiry.own
        for address in addresses:
            now = self._resolver.clock()
            if own is not None and address in own.addresses:
                names[address] = _Named(own.fqdn, now)
                continue
            known = names.get(address)
            if known and (known.fqdn or now - known.asked < ASK_AGAIN):
                continue
            named = name_of(self._resolver, self._inquiry, address, deadline)
            if isinstance(named, Absent):
                return named
            if isinstance(named, Unknown):
                return Unknown(f"{address} has no name yet: {named.reason}", named.doubt)
            names[address] = _Named(named, now)
        return None


def locate(
    resolver: Resolver, inquiry: Inquiry, name: str, deadline: float
) -> Addresses | Absent | Unknown:
    """The addresses that a name has, of the families that are asked for; one question for each."""
    located: list[Addresses] = []
    absent: list[Absent] = []
    for kind in inquiry.kinds:
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


def name_of(
    resolver: Resolver, inquiry: Inquiry, address: str, deadline: float
) -> str | Absent | Unknown | None:
    """The name that DNS has for an address; one question."""
    pointer = dns.reversename.from_address(address).to_text(omit_final_dot=True)
    return read_pointer(resolver.ask(pointer, "PTR", deadline), inquiry.service)
