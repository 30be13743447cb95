"""Asking DNS who is there, and reading what it says as one of three outcomes.

`discoverer` makes the one that the settings name. Whoever holds it calls `observe()` once a poll,
which returns within the timeout that was given, whatever the network does.
"""

import time
from collections.abc import Callable
from typing import Protocol

from agent.core.observation import Observation, Quiet
from agent.discovery.address import AddressDiscovery
from agent.discovery.auto import automatic
from agent.discovery.by_serial import BySerial
from agent.discovery.inquiry import Inquiry, Mode, Way
from agent.discovery.ordinals import OrdinalsDiscovery
from agent.discovery.second_look import SecondLook
from agent.discovery.srv import SrvDiscovery
from agent.discovery.static import StaticDiscovery
from agent.discovery.transport import Resolver

__all__ = ["Discoverer", "Inquiry", "Mode", "discoverer"]


class Discoverer(Protocol):
    """What the loop asks."""

    def observe(self) -> Observation:
        """Asks once, within the timeout."""
        ...

    def observe_at_rest(self) -> Observation | Quiet:
        """The same, or only whether anything has changed: for whoever waits for nothing."""
        ...


def discoverer(
    inquiry: Inquiry, clock: Callable[[], float], unix_time: Callable[[], float] = time.time
) -> Discoverer:
    """The discoverer for an inquiry; `clock` gives seconds and never goes back."""
    resolver = Resolver(inquiry.nameservers, inquiry.timeout, clock)
    inner = SecondLook(_way(resolver, inquiry), resolver, inquiry)
    return BySerial(inner, resolver, inquiry, unix_time)


def _way(resolver: Resolver, inquiry: Inquiry) -> Way:
    match inquiry.mode:
        case "auto" if inquiry.peers:
            return StaticDiscovery(inquiry)
        case "auto":
            return automatic(resolver, inquiry)
        case "srv":
            return SrvDiscovery(resolver, inquiry)
        case "address":
            return AddressDiscovery(resolver, inquiry)
        case "ordinals":
            return OrdinalsDiscovery(resolver, inquiry)
        case "static":
            return StaticDiscovery(inquiry)
