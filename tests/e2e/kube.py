"""The cluster that the program is run against: a real CoreDNS that says what it was asked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from agent.lab.cluster import Cluster, Pod, Service
from tests.support.coredns import CoreDns
from tests.support.kubeapi import KubeApi

_LOGGED = re.compile(r'"(?P<kind>\S+) IN (?P<name>\S+)\. (?:udp|tcp) ')
DB = Service("db", "prod")


@dataclass(frozen=True, slots=True)
class Question:
    """A question that CoreDNS's log plugin noted; the name in lower case, without its final dot."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Kube:
    """A CoreDNS and its API. `log_from` is where this test's part of the log begins."""

    api: KubeApi
    core: CoreDns
    log_from: int = 0

    @property
    def flag(self) -> str:
        """What makes the program ask here."""
        return f"--nameserver={self.core.host}:{self.core.port}"

    def show(self, *services: Service) -> None:
        """Makes these all services there are, and waits until DNS says so."""
        self.api.set(Cluster(services=services, namespaces=("prod",)))
        self.core.in_sync()

    def scale(self, count: int) -> None:
        """The service db over the pods db-0, db-1, … ."""
        self.show(replace(DB, pods=pods(range(count))))

    def questions(self) -> list[Question]:
        """What was asked since the test began, but for the questions of `show` itself."""
        found = _LOGGED.finditer(self.core.log()[self.log_from :])
        every = [Question(q["kind"], q["name"].lower()) for q in found]
        return [q for q in every if not q.name.startswith("turn-")]


def pods(ordinals: Sequence[int]) -> tuple[Pod, ...]:
    """Pods of the set db, at addresses that say their ordinals."""
    return tuple(Pod(f"db-{n}", (f"10.0.0.{n + 1}",)) for n in ordinals)
