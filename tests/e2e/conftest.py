from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from agent.lab.cluster import Cluster
from tests.e2e.kube import Kube
from tests.e2e.program import Program, Setting
from tests.support.coredns import CoreDns
from tests.support.kubeapi import KubeApi

Start = Callable[..., Program]

# What waits longer than a person wants to: `ROLLCALL_SLOW=1 make test` does it.
collect_ignore = [] if os.environ.get("ROLLCALL_SLOW") == "1" else ["slow"]


@pytest.fixture(scope="package")
def shared_kube() -> Iterator[Kube]:
    with KubeApi(Cluster()) as api, CoreDns(api, ["log", "loadbalance"], ttl=2) as core:
        yield Kube(api, core)


@pytest.fixture
def kube(shared_kube: Kube) -> Kube:
    """A cluster without services, on a CoreDNS that no test may stop."""
    shared_kube.show()
    return Kube(shared_kube.api, shared_kube.core, len(shared_kube.core.log()))


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts programs, which end with the test."""
    with ExitStack() as running:

        def starting(*arguments: str | Path, setting: Setting | None = None) -> Program:
            return running.enter_context(Program(*arguments, setting=setting))

        yield starting
