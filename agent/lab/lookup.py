"""Which endpoints of a cluster a name stands for, by the rules of CoreDNS's kubernetes plugin.

Names come in as lower-case labels below their zone, left to right. This module must not know DNS
messages, record types or TTLs: `zone` makes records of what is found here.

There are two ways to find nothing, and they are not the same: `None` is a name that does not
exist (NXDOMAIN), an empty tuple a name that exists and has nothing (NODATA).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address, ip_address

from agent.lab.cluster import Cluster, Port, Service

_NO_PORT = (Port("", 0, ""),)
_NIBBLES = 32
_A, _AAAA = 1, 28


@dataclass(frozen=True, slots=True)
class Entry:
    """One address on one port, with the labels (below the zone) of the name that it belongs to.

    `port` is None where the service has no ports: such an entry has addresses and no SRV.
    """

    address: str
    port: int | None
    owner: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Alias:
    """An ExternalName service's target."""

    target: str


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a name asks of a service; an empty text means any."""

    endpoint: str = ""
    port: str = ""
    protocol: str = ""

    def takes(self, port: Port) -> bool:
        return self.port in ("", port.name.lower()) and self.protocol in (
            "",
            port.protocol.lower(),
        )


def find(
    cluster: Cluster, path: tuple[str, ...], reverse: bool
) -> tuple[Entry | Alias, ...] | None:
    """Everything that a name stands for.

    A name for one port works with and without its underscores, and for addresses too: CoreDNS
    strips them and looks at the record type last.
    """
    match path[::-1]:
        case () | ("svc",) | ("pod",):
            return ()
        case ("svc", namespace, *rest) if not reverse and namespace in cluster.known_namespaces():
            match rest:
                case []:
                    return ()
                case [name]:
                    wanted = _Wanted()
                case [name, endpoint]:
                    wanted = _Wanted(endpoint=endpoint)
                case [name, protocol, port]:
                    wanted = _Wanted(port=_bare(port), protocol=_bare(protocol))
                case _:
                    return None
            service = cluster.service(namespace, name)
            return None if service is None else _select(service, wanted) or None
        case _:
            return None


def find_reverse(
    cluster: Cluster, path: tuple[str, ...], zone: bytes
) -> tuple[tuple[str, ...], ...] | None:
    """The names (labels below the zone) that an address belongs to; `zone` is its first label.

    A ClusterIP has one name. An endpoint has one in each service that publishes it. None means that
    the path spells no address.
    """
    address = _spelled(path, zone)
    if address is None:
        return None
    for service in cluster.services:
        virtual = not service.headless and service.external_name is None
        if virtual and _canonical(service.cluster_ip) == address:
            return (_owner(service),)
    return tuple(
        (endpoint.hostname, *_owner(service))
        for service in cluster.services
        if service.external_name is None
        for endpoint in service.endpoints()
        if _canonical(endpoint.address) == address
    )


@lru_cache(maxsize=8192)
def address_family(address: str) -> int:
    """The number of the record type for an address: 1 is A, 28 is AAAA."""
    return _A if ip_address(address).version == 4 else _AAAA


def _select(service: Service, wanted: _Wanted) -> tuple[Entry | Alias, ...]:
    if service.external_name is not None:
        target = service.external_name
        return (Alias(target),) if wanted == _Wanted() and not _is_address(target) else ()
    ports = [port for port in service.ports or _NO_PORT if wanted.takes(port)]
    owner = _owner(service)
    if service.headless or wanted.endpoint:
        return tuple(
            Entry(endpoint.address, port.number or None, (endpoint.hostname, *owner))
            for endpoint in service.endpoints()
            if wanted.endpoint in ("", endpoint.hostname.lower())
            for port in ports
        )
    return tuple(Entry(service.cluster_ip, port.number or None, owner) for port in ports)


def _owner(service: Service) -> tuple[str, ...]:
    return (service.name, service.namespace, "svc")


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _bare(label: str) -> str:
    return label.removeprefix("_")


def _spelled(path: tuple[str, ...], zone: bytes) -> str | None:
    labels = path[::-1]
    try:
        if zone == b"in-addr":
            return str(IPv4Address(".".join(labels)))
        if zone == b"ip6" and len(labels) == _NIBBLES:
            nibbles = "".join(labels)
            groups = (nibbles[at : at + 4] for at in range(0, _NIBBLES, 4))
            return str(IPv6Address(":".join(groups)))
    except AddressValueError:
        return None
    return None


@lru_cache(maxsize=8192)
def _canonical(address: str) -> str:
    return str(ip_address(address))
