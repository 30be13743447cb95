"""A cluster state and a nameserver that answers from it, the lab's or a real CoreDNS, alike."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any, Protocol

from agent.core.nameservers import Nameserver
from agent.core.observation import Observation
from agent.core.roll import Peer
from agent.core.roll import Service as Asked
from agent.discovery import Discoverer, Inquiry, Mode, discoverer
from agent.lab.cluster import Cluster, Pod, Service
from agent.lab.server import DnsServer
from agent.lab.world import Nameserver as LabNameserver
from tests.support.coredns import CoreDns
from tests.support.kubeapi import KubeApi
from tests.support.scripted_dns import ScriptedDns

DB = Asked("db", "prod", "cluster.local")
OWN = DB.pod("db-0")


class World(Protocol):
    """What a test needs of it."""

    def show(self, *services: Service) -> Nameserver:
        """The nameserver, which from now on answers for these services and no others."""
        ...


@dataclass(frozen=True, slots=True)
class LabWorld:
    nameserver: LabNameserver
    server: DnsServer

    def show(self, *services: Service) -> Nameserver:
        self.nameserver.set(Cluster(services=services, namespaces=("prod",)), time.time())
        return Nameserver(self.server.host, self.server.port)


@dataclass(frozen=True, slots=True)
class CoreDnsWorld:
    api: KubeApi
    core: CoreDns

    def show(self, *services: Service) -> Nameserver:
        self.api.set(Cluster(services=services, namespaces=("prod",)))
        self.core.in_sync()
        return Nameserver(self.core.host, self.core.port)


def pods(count: int, name: str = "db") -> tuple[Pod, ...]:
    """db-0, db-1, … at 10.0.0.1, 10.0.0.2, … ."""
    return tuple(Pod(f"{name}-{n}", (address(n),)) for n in range(count))


def address(ordinal: int) -> str:
    return f"10.0.{ordinal // 200}.{ordinal % 200 + 1}"


def at(server: ScriptedDns) -> Nameserver:
    """Where a scripted server is."""
    return Nameserver(server.host, server.port)


def asking(
    nameserver: Nameserver, mode: Mode = "auto", service: Asked = DB, timeout: float = 2.0
) -> Discoverer:
    """A discoverer for the pod db-0, which does not know its own address."""
    own = Peer(service.pod("db-0"))
    return discoverer(Inquiry(service, own, lambda: (nameserver,), mode, timeout), time.monotonic)


def inquire(nameserver: Nameserver, **changes: Any) -> Discoverer:
    """A discoverer for the pod db-0 that asks as an Inquiry with these changes says."""
    inquiry = replace(Inquiry(DB, Peer(OWN), lambda: (nameserver,)), **changes)
    return discoverer(inquiry, time.monotonic)


def observe(
    nameserver: Nameserver, mode: Mode = "auto", service: Asked = DB, timeout: float = 2.0
) -> Observation:
    """What one poll brings."""
    return asking(nameserver, mode, service, timeout).observe()
