"""Asking DNS who is there, and reading what it says as one of three outcomes.

`discoverer` makes the one that the settings name. Whoever holds it calls `observe()` once a poll,
which returns within the timeout that was given, whatever the network does.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from agent.core.nameservers import Nameserver
from agent.core.observation import Observation
from agent.core.roll import Peer, Service
from agent.discovery.address import AddressDiscovery
from agent.discovery.auto import AutoDiscovery
from agent.discovery.namespace import NamespaceCheck, Way
from agent.discovery.srv import SrvDiscovery
from agent.discovery.transport import Resolver

Mode = Literal["auto", "srv", "address"]

__all__ = ["Discoverer", "Inquiry", "Mode", "discoverer"]


class Discoverer(Protocol):
    """Any way of finding out who is there."""

    def observe(self) -> Observation:
        """Asks once, within the timeout."""
        ...


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What to ask about, whom, and how. `timeout` in seconds, for a whole poll."""

    service: Service
    own: Peer
    nameservers: Callable[[], tuple[Nameserver, ...]]
    mode: Mode = "auto"
    timeout: float = 2.0


def discoverer(inquiry: Inquiry, clock: Callable[[], float]) -> Discoverer:
    """The discoverer for an inquiry; `clock` gives seconds and never goes back."""
    resolver = Resolver(inquiry.nameservers, inquiry.timeout, clock)
    srv = SrvDiscovery(resolver, inquiry.service)
    address = AddressDiscovery(resolver, inquiry.service, inquiry.own)
    modes: dict[Mode, Way] = {
        "srv": srv,
        "address": address,
        "auto": AutoDiscovery(srv, address),
    }
    return NamespaceCheck(modes[inquiry.mode], resolver, inquiry.service)
