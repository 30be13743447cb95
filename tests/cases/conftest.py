from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from agent.lab.cluster import Cluster
from tests.cases.net import Net, network
from tests.e2e.conftest import start

__all__ = ["net", "shared_net", "start"]

# Cases that last as long as a real cache does: `ROLLCALL_SLOW=1 make test` runs them.
collect_ignore = [] if os.environ.get("ROLLCALL_SLOW") == "1" else ["slow"]


@pytest.fixture(scope="package")
def shared_net() -> Iterator[Net]:
    with network(Cluster()) as net:
        yield net


@pytest.fixture
def net(shared_net: Net) -> Net:
    """A cluster without services, on a network without a fault; no test may stop its CoreDNS."""
    shared_net.proxy.do()
    shared_net.show()
    return shared_net
