"""The `address` mode: A and AAAA for the service, then PTR for each address that has no name yet.

For a service without ports, which has no SRV records. A name is asked for once, as long as its
address stays in the answer; an address without a name is asked for again after `ASK_AGAIN`.
"""

from dataclasses import dataclass

import dns.reversename

from agent.core.observation import Absent, Answered, Unknown
from agent.core.roll import Peer, Service
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

    def __init__(self, resolver: Resolver, service: Service, own: Peer) -> None:
        self._resolver = resolver
        self._service = service
        self._own = own
        self._names: dict[str, _Named] = {}

    def observe(self) -> Answered | Absent | Unknown:
        """Asks once: two questions, and one more for each address that is new."""
        deadline = self._resolver.deadline()
        of_v4 = read_addresses(self._resolver.ask(self._service.fqdn, "A", deadline), self._service)
        if isinstance(of_v4, Unknown):
            return of_v4
        of_v6 = read_addresses(
            self._resolver.ask(self._service.fqdn, "AAAA", deadline), self._service
        )
        if isinstance(of_v6, Unknown):
            return of_v6
        found = [each for each in (of_v4, of_v6) if isinstance(each, Addresses)]
        if not found:
            return of_v4 if isinstance(of_v4, Absent) else Unknown("no addresses")
        addresses = tuple(address for each in found for address in each.addresses)
        if (doubt := self._name(addresses, deadline)) is not None:
            return doubt
        by_name: dict[str, tuple[str, ...]] = {}
        for address in addresses:
            fqdn = self._names[address].fqdn or address
            by_name[fqdn] = (*by_name.get(fqdn, ()), address)
        return answer_of(by_name, min(each.ttl for each in found), self._service)

    def _name(self, addresses: tuple[str, ...], deadline: float) -> Absent | Unknown | None:
        """Learns the names of new addresses and forgets those that are gone; None if all went well.

        Names that were learnt before it went wrong stay known.
        """
        names = {a: named for a, named in self._names.items() if a in addresses}
        self._names = names
        for address in addresses:
            now = self._resolver.clock()
            if address in self._own.addresses:
                names[address] = _Named(self._own.fqdn, now)
                continue
            known = names.get(address)
            if known and (known.fqdn or now - known.asked < ASK_AGAIN):
                continue
            pointer = dns.reversename.from_address(address).to_text(omit_final_dot=True)
            named = read_pointer(self._resolver.ask(pointer, "PTR", deadline), self._service)
            if isinstance(named, Absent):
                return named
            if isinstance(named, Unknown):
                return Unknown(f"{address} has no name yet: {named.reason}")
            names[address] = _Named(named, now)
        return None
