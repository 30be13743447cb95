"""What Docker's embedded DNS knows by itself: its containers' addresses, and their names.

Docker hands a name that it does not know on to the host's DNS, and what comes back may be anybody's
answer: a machine of that name in the office, a page that is put up for every name that is not
there, or silence. But for a container's address it answers itself, with `CONTAINER.NETWORK`; so
this container's own addresses tell what its networks are called, and whether Docker answers at all.

Observed with Docker Engine 20.10. Podman's aardvark-dns has all names of a container for its
address, and none of them has a network's name behind it. Where this container's own address has no
name, or none with a network's, only an address of the public internet without a name is taken for a
stranger's.
"""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass

from agent.core.names import split_ordinal
from agent.core.observation import Unknown
from agent.discovery.reading import pointer_of, read_names
from agent.discovery.transport import Resolver


@dataclass(frozen=True, slots=True)
class Container:
    """One of these networks'; `name` is empty where DNS has none for its address."""

    name: str


class Stranger:
    """Whoever has an address that is no container's of these networks."""


class Docker:
    """Tells containers from strangers. `here` are this container's addresses, as far as known."""

    def __init__(self, resolver: Resolver, here: tuple[str, ...]) -> None:
        self._resolver = resolver
        self._here = here
        self._networks: frozenset[str] = frozenset()
        self._knows_all = False

    def answers(self, deadline: float) -> bool:
        """Whether Docker answers now; then a name that gets no answer is no container's."""
        return any(isinstance(names, tuple) and names for names in self._own_names(deadline))

    def at(self, address: str, deadline: float) -> Container | Stranger | Unknown:
        """Who has an address; one question, and once another one for each network's name."""
        doubt = self._learn(deadline)
        if doubt and not self._networks:
            return doubt
        names = self._names(address, deadline)
        if isinstance(names, Unknown):
            return names
        known = [name for name in names if not self._networks or _network(name) in self._networks]
        if known:
            labels = [name.partition(".")[0] for name in known]
            return Container(min(labels, key=lambda label: (split_ordinal(label) is None, label)))
        if doubt:  # it may be of the network that is not known yet
            return doubt
        is_ours = not self._networks and not ipaddress.ip_address(address).is_global
        return Container("") if is_ours else Stranger()

    def _learn(self, deadline: float) -> Unknown | None:
        """Learns what the networks are called; None if nothing kept it from that."""
        doubt = None
        if self._knows_all:
            return None
        for names in self._own_names(deadline):
            if isinstance(names, Unknown):
                doubt = names
            else:
                self._networks |= {_network(name) for name in names} - {""}
        self._knows_all = doubt is None
        return doubt

    def _own_names(self, deadline: float) -> Iterator[tuple[str, ...] | Unknown]:
        """What this container's addresses are called, each with an equal part of the time left."""
        for asked, own in enumerate(self._here):
            now = self._resolver.clock()
            yield self._names(own, now + max(0.0, deadline - now) / (len(self._here) - asked))

    def _names(self, address: str, deadline: float) -> tuple[str, ...] | Unknown:
        return read_names(self._resolver.ask(pointer_of(address), "PTR", deadline))


def _network(name: str) -> str:
    """The network's name, or the end of one that has dots; empty where there is none."""
    return name.rpartition(".")[2] if "." in name else ""
