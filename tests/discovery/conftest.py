from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from agent.lab.cluster import Cluster
from agent.lab.server import DnsServer
from agent.lab.world import Nameserver as LabNameserver
from tests.discovery.world import CoreDnsWorld, LabWorld, World
from tests.support.coredns import CoreDns
from tests.support.kubeapi import KubeApi
from tests.support.scripted_dns import ScriptedDns, TcpScript, UdpScript

Serve = Callable[..., ScriptedDns]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts scripted name servers, which end with the test."""
    with ExitStack() as open_servers:

        def start(
            udp: UdpScript, tcp: TcpScript | None = None, host: str = "127.0.0.1"
        ) -> ScriptedDns:
            return open_servers.enter_context(ScriptedDns(udp, tcp, host))

        yield start


@pytest.fixture(scope="package")
def lab_world() -> Iterator[World]:
    nameserver = LabNameserver(Cluster(), time.time())
    with DnsServer(nameserver.respond) as server:
        yield LabWorld(nameserver, server)


@pytest.fixture(scope="package")
def coredns_world() -> Iterator[World]:
    with KubeApi(Cluster()) as api, CoreDns(api, plugins=["loadbalance"]) as core:
        yield CoreDnsWorld(api, core)


@pytest.fixture(params=["lab", "coredns"])
def world(request: pytest.FixtureRequest) -> World:
    """A nameserver whose cluster a test decides: the lab's, and a real CoreDNS."""
    found: World = request.getfixturevalue(f"{request.param}_world")
    return found
