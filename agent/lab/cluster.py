"""The state of a Kubernetes as its DNS sees it: namespaces, services and the pods behind them.

Plain frozen values, so that a cluster is changed by making another one and two of them can be
compared. This module must not know how a question is asked or answered (that is `zone`), nor
where the pods come from.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from ipaddress import ip_address


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod: its name, its addresses (text, of either family, in any number), and its readiness.

    Two pods may carry one name: a pod that was deleted by force may still run beside the one that
    replaces it.
    """

    name: str
    addresses: tuple[str, ...]
    ready: bool = True


@dataclass(frozen=True, slots=True)
class Port:
    """A port of a service; an empty name is an unnamed port."""

    name: str
    number: int
    protocol: str = "TCP"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address behind a service, and the label that DNS knows it by."""

    hostname: str
    address: str


@dataclass(frozen=True, slots=True)
class Service:
    """A service and the pods that it selects.

    `cluster_ip` counts only where `headless` is false. `external_name` makes it an
    ExternalName service, whatever the rest says. `own_hostnames` false means that the pods'
    `subdomain` is another service, so that this one knows them by dashed addresses only.
    """

    name: str
    namespace: str = "default"
    pods: tuple[Pod, ...] = ()
    ports: tuple[Port, ...] = (Port("cql", 9042),)
    headless: bool = True
    cluster_ip: str = "10.96.0.50"
    external_name: str | None = None
    publish_not_ready: bool = True
    own_hostnames: bool = True

    def published(self) -> tuple[Pod, ...]:
        """The pods that DNS lists: the ready ones, or all with `publishNotReadyAddresses`."""
        return tuple(pod for pod in self.pods if pod.ready or self.publish_not_ready)

    def endpoints(self) -> tuple[Endpoint, ...]:
        """The published addresses, IPv4 first: an EndpointSlice holds one family only."""
        every = tuple(self._endpoints())
        return tuple(sorted(every, key=lambda endpoint: ip_address(endpoint.address).version))

    def _endpoints(self) -> Iterator[Endpoint]:
        for pod in self.published():
            for address in pod.addresses:
                yield Endpoint(pod.name if self.own_hostnames else dashed(address), address)


@dataclass(frozen=True, slots=True)
class Cluster:
    """A whole cluster. `ttl` is in seconds; `namespaces` names those that hold no service."""

    domain: str = "cluster.local"
    ttl: int = 5
    services: tuple[Service, ...] = ()
    namespaces: tuple[str, ...] = ()

    def service(self, namespace: str, name: str) -> Service | None:
        """The service of that name in that namespace, if there is one."""
        for service in self.services:
            if (service.namespace, service.name) == (namespace, name):
                return service
        return None

    def known_namespaces(self) -> frozenset[str]:
        """Every namespace that exists, with a service in it or without."""
        return frozenset(self.namespaces) | {service.namespace for service in self.services}

    def with_service(self, service: Service) -> Cluster:
        """This cluster with the service added, or put in the place of its namesake."""
        others = self.without_service(service.namespace, service.name)
        return replace(others, services=(*others.services, service))

    def without_service(self, namespace: str, name: str) -> Cluster:
        """This cluster without that service; its namespace stays."""
        kept = tuple(s for s in self.services if (s.namespace, s.name) != (namespace, name))
        named = self.namespaces
        if namespace in self.known_namespaces() and namespace not in named:
            named = (*named, namespace)
        return replace(self, services=kept, namespaces=named)

    def with_pods(self, namespace: str, name: str, pods: tuple[Pod, ...]) -> Cluster:
        """This cluster with other pods behind that service. Raises KeyError if it isn't there."""
        if self.service(namespace, name) is None:
            raise KeyError(f"no service {name} in namespace {namespace}")
        services = tuple(
            replace(s, pods=pods) if (s.namespace, s.name) == (namespace, name) else s
            for s in self.services
        )
        return replace(self, services=services)


def dashed(address: str) -> str:
    """The label of an endpoint without a hostname: `10-0-0-1`, `fd00--1`.

    A label must not end in a dash, so CoreDNS writes `fd00::` as `fd00--0`.
    """
    label = address.replace(".", "-").replace(":", "-")
    return f"{label}0" if label.endswith("-") else label
