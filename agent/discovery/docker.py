"""What Docker's embedded DNS knows by itself: its containers' addresses, and their names.

Docker hands a name that it does not know on to the host's DNS, and what comes back may be anybody's
answer: a machine of that name in the office, a page that is put up for every name that is not
there, or silence. But for a container's address it answers itself, with `CONTAINER.NETWORK`; so
this container's own address tells what the network is called, and whether Docker answers at all.

Observed with Docker Engine 20.10. Where this container's own address has no name (an engine of
another kind), only an address of the public internet without a name is taken for a stranger's.
"""

import ipaddress
from dataclasses import dataclass

import dns.reversename

from agent.core.observation import Unknown
from agent.discovery.reading import read_names
from agent.discovery.transport import Resolver


@dataclass(frozen=True, slots=True)
class Container:
    """One of this network's; `name` is empty where DNS has none for its address."""

    name: str


class Stranger:
    """Whoever has an address that is no container's of this network."""


class Docker:
    """Tells containers from strangers. `here` is this container's own address, empty if unknown."""

    def __init__(self, resolver: Resolver, here: str) -> None:
        self._resolver = resolver
        self._here = here
        self._network = ""

    def answers(self, deadline: float) -> bool:
        """Whether Docker answers now; then a name that gets no answer is no container's."""
        return self._here != "" and bool(self._names(self._here, deadline))

    def at(self, address: str, deadline: float) -> Container | Stranger | Unknown:
        """Who has an address; one question, and once another one for the network's name."""
        if not self._network and self._here:
            own = self._names(self._here, deadline)
            if isinstance(own, Unknown):
                return own
            self._network = next((_network(name) for name in own), "")
        names = self._names(address, deadline)
        if isinstance(names, Unknown):
            return names
        known = [name for name in names if not self._network or _network(name) == self._network]
        if known:
            return Container(min(known).partition(".")[0])
        is_ours = not self._network and not ipaddress.ip_address(address).is_global
        return Container("") if is_ours else Stranger()

    def _names(self, address: str, deadline: float) -> tuple[str, ...] | Unknown:
        pointer = dns.reversename.from_address(address).to_text(omit_final_dot=True)
        return read_names(self._resolver.ask(pointer, "PTR", deadline))


def _network(name: str) -> str:
    """The network's name, or the end of one that has dots."""
    return name.rpartition(".")[2]
