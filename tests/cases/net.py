"""What the cases are played with: a real CoreDNS, a network before it, and agents that ask."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import dns.message
import dns.rcode

from agent.core.nameservers import Nameserver
from agent.core.observation import Answered, Observation
from agent.core.roll import Peer
from agent.core.roll import Service as Asked
from agent.discovery import Discoverer, Inquiry, discoverer
from agent.lab.cluster import Cluster, Pod, Service
from tests.e2e.conftest import Start
from tests.e2e.kube import DB, pods
from tests.e2e.program import QUICK, SERVICE, SOON, Program
from tests.support.ask import over_udp
from tests.support.coredns import CoreDns
from tests.support.fault_proxy import FaultProxy
from tests.support.kubeapi import KubeApi
from tests.support.until import until

ASKED = Asked("db", "prod", "cluster.local")
OWN = Peer(ASKED.pod("db-0"))


@dataclass(frozen=True, slots=True)
class Net:
    """A CoreDNS with its API, and the proxy through which it is asked."""

    api: KubeApi
    core: CoreDns
    proxy: FaultProxy

    @property
    def flag(self) -> str:
        """What makes the program ask here."""
        return f"--nameserver={self.nameserver}"

    @property
    def nameserver(self) -> Nameserver:
        """Where to ask."""
        return Nameserver(self.proxy.host, self.proxy.port)

    def show(self, *services: Service) -> None:
        """Makes these all services there are; CoreDNS knows, though its cache may not."""
        self.api.set(cluster(*services))
        self.core.in_sync()

    def scale(self, count: int) -> None:
        """The service db over the pods db-0, db-1, … ."""
        self.show(of(count))

    def polls(self, more: int) -> None:
        """Waits until so many questions more have come."""
        before = len(self.proxy.asked)
        until(lambda: len(self.proxy.asked) >= before + more, SOON, f"{more} more questions")

    def query(self, kind: str = "SRV") -> dns.message.Message:
        """An agent's question."""
        return dns.message.make_query(f"{ASKED.fqdn}.", kind, use_edns=0, payload=1232)

    def answer(self, kind: str = "SRV") -> dns.message.Message:
        """What CoreDNS says about the service now, past the proxy; its cache is as for agents."""
        return dns.message.from_wire(over_udp(self.core.port, self.query(kind).to_wire()))

    def is_cached_for(self, seconds: int, rcode: dns.rcode.Rcode = dns.rcode.NOERROR) -> None:
        """Waits until an answer of that kind has just been cached for so long."""

        def is_cached() -> bool:
            said = self.answer()
            records = [*said.answer, *said.authority]
            return said.rcode() == rcode and {rrset.ttl for rrset in records} == {seconds}

        until(is_cached, SOON, f"{dns.rcode.to_text(rcode)} is cached for {seconds} s")


@contextmanager
def network(
    cluster: Cluster, plugins: Iterable[str] = (), ttl: int = 5, kubernetes: Iterable[str] = ()
) -> Iterator[Net]:
    """A CoreDNS of its own, that is in step with this cluster, and the network before it."""
    with (
        KubeApi(cluster) as api,
        CoreDns(api, plugins, ttl, kubernetes=kubernetes) as core,
        FaultProxy(lambda: core.port) as proxy,
    ):
        yield Net(api, core, proxy)


def caching(success: int, denial: int, *more: str) -> list[str]:
    """A cache that keeps answers, and a no, for so many seconds; by itself it is 5 s at least."""
    return ["cache {", f"success 1000 {success} 0", f"denial 1000 {denial} 0", *more, "}"]


def cluster(*services: Service) -> Cluster:
    """A cluster of these services."""
    return Cluster(services=services, namespaces=("prod",))


def many(count: int) -> Service:
    """The service db over more pods than one number of an address can count."""
    named = (Pod(f"db-{n}", (f"10.0.{n // 250}.{n % 250 + 1}",)) for n in range(count))
    return replace(DB, pods=tuple(named))


def of(count: int) -> Service:
    """The service db over the pods db-0, db-1, … ."""
    return replace(DB, pods=pods(range(count)))


def listed(service: Service) -> dict[str, list[str]]:
    """What a JSON output names where these pods are."""
    return {pod.name: list(pod.addresses) for pod in service.pods}


def inquiry(net: Net, timeout: float = 2.0) -> Inquiry:
    """The question of the pod db-0."""
    return Inquiry(ASKED, OWN, lambda: (net.nameserver,), timeout=timeout)


def asking(net: Net, timeout: float = 2.0) -> Discoverer:
    """A discoverer for the pod db-0."""
    return discoverer(inquiry(net, timeout), time.monotonic)


def seen(observation: Observation) -> dict[str, list[str]]:
    """The pods of an answer, with their addresses."""
    assert isinstance(observation, Answered), observation
    return {Peer(e.fqdn).name: list(e.addresses) for e in observation.endpoints}


def follow(start: Start, net: Net, output: object, *more: str, pod: str = "db-0") -> Program:
    """A quick sidecar with a JSON output, whose file is there when this returns."""
    given = ("run", f"--pod-name={pod}", *SERVICE, *QUICK, net.flag, f"--output=json:{output}")
    program = start(*given, *more)
    program.says("ready")
    return program
