"""How an agent asks the simulated DNS: for the peers, or by the real `BySerial`."""

from collections.abc import Callable
from typing import Protocol

from agent.core.names import address_key
from agent.core.nameservers import Nameserver
from agent.core.observation import Absent, Answered, Endpoint, Observation, Quiet, Unknown
from agent.core.roll import Peer
from agent.discovery.attempt import Failure, Reply
from agent.discovery.by_serial import BySerial
from agent.discovery.inquiry import Inquiry
from agent.discovery.wire import Kind, Serial, encoded
from tests.simulation.dns import Dns
from tests.simulation.scenario import TIMEOUT, Scenario
from tests.simulation.world import SERVICE

SERVER = Nameserver("10.96.0.10", 53)
ZONE = encoded(SERVICE.cluster_domain)


class Process(Protocol):
    """The agent's process, which waits for answers."""

    def now(self) -> float:
        """Its clock."""
        ...

    def passed(self, seconds: float) -> None:
        """It waited for so long."""
        ...

    def heard(self, serial: int | None) -> None:
        """It asked for the zone's serial, and got this."""
        ...


class Asked:
    """DNS as one process asks it: a way to find the peers, and the serial for `BySerial`."""

    def __init__(self, dns: Dns, pod: str, process: Process) -> None:
        self.clock: Callable[[], float] = process.now
        self.received = 0
        self.answered_last: Nameserver | None = None
        self._dns = dns
        self._pod = pod
        self._process = process

    def deadline(self) -> float:
        """When a poll that begins now has to end."""
        return self.clock() + TIMEOUT

    def observe(self, deadline: float) -> Answered | Absent | Unknown:
        """Asks for the peers once."""
        seen, took = self._dns.ask(self._pod)
        self._process.passed(min(took, deadline - self.clock()))
        return seen

    def ask(self, name: str, kind: Kind, deadline: float) -> Reply | Failure:
        """Asks for the zone's serial."""
        if kind != "SOA" or not name.startswith("rollcall-"):
            raise NotImplementedError(name)
        found, took = self._dns.ask_serial()
        self._process.passed(min(took, deadline - self.clock()))
        if isinstance(found, Failure):
            self._process.heard(None)
            return found
        self._process.heard(found)
        return Reply(b"", SERVER, Serial(ZONE, found))


class InOrder:
    """The same, with names and addresses in the one order that the reading of DNS gives them."""

    def __init__(self, inner: Asked) -> None:
        self._inner = inner

    def observe(self, deadline: float) -> Answered | Absent | Unknown:
        """Asks once."""
        seen = self._inner.observe(deadline)
        if not isinstance(seen, Answered):
            return seen
        found = (
            Endpoint(e.fqdn, tuple(sorted(e.addresses, key=address_key))) for e in seen.endpoints
        )
        endpoints = tuple(sorted(found, key=lambda endpoint: endpoint.fqdn))
        return Answered(endpoints, seen.ttl, seen.remarks, seen.is_whole)


Ways = tuple[Callable[[], Observation], Callable[[], Observation | Quiet] | None]


def ways(plan: Scenario, asked: Asked, pod: str, unix_time: Callable[[], float]) -> Ways:
    """How a poll asks, and how it does at rest, if that is another way."""
    if plan.serials is None:
        return lambda: asked.observe(asked.deadline()), None
    inquiry = Inquiry(
        SERVICE, Peer(SERVICE.pod(pod)), lambda: (SERVER,), timeout=TIMEOUT, serial="always"
    )
    by_serial = BySerial(InOrder(asked), asked, inquiry, unix_time)
    return by_serial.observe, by_serial.observe_at_rest
