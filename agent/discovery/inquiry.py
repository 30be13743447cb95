"""What is asked for, and the shape of every way of asking."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from agent.core.names import Family
from agent.core.nameservers import Nameserver
from agent.core.observation import Absent, Answered, Unknown
from agent.core.roll import Peer, Service
from agent.discovery.wire import Kind

Mode = Literal["auto", "srv", "address", "ordinals", "static"]
UseOfSerial = Literal["auto", "always", "never"]
# The kinds of address records.
BOTH: tuple[Kind, ...] = ("A", "AAAA")


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What to ask about, whom, and how. `timeout` in seconds, for a whole poll.

    `own` is this pod, None if it is not one of the service's. `port` is a port's name, with
    `/udp` behind it if it is no TCP port; empty for all ports. `pods` are the names of the pods
    that there are to be, for `ordinals`, and `peers` are names and addresses, for `static`, which
    is what `auto` is where there are any.
    `has_names`: pods without a name of their own are a mistake. `here` are the addresses of
    the container that asks, where names are bare. `serial`: whether a poll at rest asks for the
    zone's serial alone; `auto` where the answer about peers is a large one.
    """

    service: Service
    own: Peer | None
    nameservers: Callable[[], tuple[Nameserver, ...]]
    mode: Mode = "auto"
    timeout: float = 2.0
    port: str = ""
    family: Family = "any"
    pods: tuple[str, ...] = ()
    peers: tuple[str, ...] = ()
    has_names: bool = True
    here: tuple[str, ...] = ()
    serial: UseOfSerial = "auto"

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds of address records to ask for."""
        kinds: dict[Family, tuple[Kind, ...]] = {"ipv4": ("A",), "ipv6": ("AAAA",)}
        return kinds.get(self.family, BOTH)


class Way(Protocol):
    """Any way of finding out who is there."""

    def observe(self, deadline: float) -> Answered | Absent | Unknown:
        """Asks once, and returns by `deadline` (clock seconds)."""
        ...
