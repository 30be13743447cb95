"""The roll: who this pod is and who its peers are, as one value and as one JSON document.

It is what every later stage speaks: `rollcall peers --json` prints it, `rollcall render` reads it,
templates see it. docs/roll.md describes the document for people; `ROLL_VERSION` changes only when a
reader of an older document would be misled.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agent.core.names import address_key, dns_label, dns_name, ip_address, is_address, split_ordinal

ROLL_VERSION = 1


class RollError(ValueError):
    """A document that is not a roll; the sentence names the key."""


@dataclass(frozen=True, slots=True)
class Service:
    """The headless service, by the parts of its name."""

    name: str
    namespace: str
    cluster_domain: str

    @property
    def fqdn(self) -> str:
        """`db.prod.svc.cluster.local`, without a final dot."""
        return f"{self.name}.{self.namespace}.svc.{self.cluster_domain}"

    def pod(self, name: str) -> str:
        """The name that DNS has for a pod of this service, without a final dot."""
        return f"{name}.{self.fqdn}"


@dataclass(frozen=True, slots=True)
class Peer:
    """One member: its name in DNS and its addresses, the one to use first.

    `fqdn` is an address itself where DNS has no name for the endpoint. `addresses` holds one of
    each family at most, and is empty while DNS has named the peer but not located it.
    """

    fqdn: str
    addresses: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The pod's name, `db-1`; for a peer that has no name, its address."""
        return self.fqdn if is_address(self.fqdn) else self.fqdn.partition(".")[0]

    @property
    def ordinal(self) -> int | None:
        """The number at the end of the pod's name, None where there is none."""
        found = split_ordinal(self.name)
        return found[1] if found else None


def sort_key(peer: Peer) -> tuple[Any, ...]:
    """The one order of peers: by StatefulSet and ordinal as a number; nameless ones last."""
    if is_address(peer.fqdn):
        return (2, *address_key(peer.fqdn))
    found = split_ordinal(peer.name)
    return (0, *found, peer.fqdn) if found else (1, peer.fqdn)


@dataclass(frozen=True, slots=True)
class Roll:
    """Everything that a template, a hook or a person is told about the membership.

    `peers` is sorted by `sort_key` and holds `me`. `generation` counts the changes of `peers`;
    no file is rendered from it.
    """

    service: Service
    me: Peer
    peers: tuple[Peer, ...]
    generation: int = 0
    replicas: int | None = None
    start_ordinal: int = 0

    @property
    def others(self) -> tuple[Peer, ...]:
        """The peers without this pod."""
        return tuple(peer for peer in self.peers if peer.fqdn != self.me.fqdn)

    @property
    def expected(self) -> tuple[Peer, ...]:
        """The pods that `replicas` says there will be, listed or not; all peers if it is unset."""
        found = split_ordinal(self.me.name)
        if self.replicas is None or found is None:
            return self.peers
        known = {peer.fqdn: peer for peer in self.peers}
        ordinals = range(self.start_ordinal, self.start_ordinal + self.replicas)
        names = (self.service.pod(f"{found[0]}-{ordinal}") for ordinal in ordinals)
        return tuple(known.get(name, Peer(name)) for name in names)

    @property
    def is_first(self) -> bool:
        """Whether this pod has the StatefulSet's lowest ordinal."""
        return self.me.ordinal == self.start_ordinal


def to_document(roll: Roll) -> dict[str, Any]:
    """The roll as JSON types; `from_document` gives the same roll back."""
    return {
        "version": ROLL_VERSION,
        "generation": roll.generation,
        "service": {
            "name": roll.service.name,
            "namespace": roll.service.namespace,
            "cluster_domain": roll.service.cluster_domain,
            "fqdn": roll.service.fqdn,
        },
        "replicas": roll.replicas,
        "start_ordinal": roll.start_ordinal,
        "self": _peer_document(roll.me),
        "peers": [_peer_document(peer) for peer in roll.peers],
        "expected": [_peer_document(peer) for peer in roll.expected],
    }


def _peer_document(peer: Peer) -> dict[str, Any]:
    return {
        "name": peer.name,
        "ordinal": peer.ordinal,
        "fqdn": peer.fqdn,
        "addresses": list(peer.addresses),
    }


def from_document(document: object) -> Roll:
    """Reads a roll back, checking every name and address.

    What can be derived (`name`, `ordinal`, `expected`, the service's `fqdn`) is not read, and keys
    that this version does not know are passed over. Raises RollError.
    """
    top = _mapping(document, "the document")
    if top.get("version") != ROLL_VERSION:
        raise RollError(f"version is {top.get('version')!r}, this rollcall reads {ROLL_VERSION}")
    service = _mapping(top.get("service"), "service")
    own = _peer(top.get("self"), "self")
    listed = top.get("peers")
    if not isinstance(listed, list):
        raise RollError("peers is not a list")
    peers = {peer.fqdn: peer for peer in (_peer(p, f"peers[{i}]") for i, p in enumerate(listed))}
    try:
        return Roll(
            service=Service(
                dns_label(_text(service, "name", "service")),
                dns_label(_text(service, "namespace", "service")),
                dns_name(_text(service, "cluster_domain", "service")),
            ),
            me=own,
            peers=tuple(sorted({own.fqdn: own, **peers}.values(), key=sort_key)),
            generation=_count(top.get("generation", 0), "generation"),
            replicas=None if top.get("replicas") is None else _count(top["replicas"], "replicas"),
            start_ordinal=_count(top.get("start_ordinal", 0), "start_ordinal"),
        )
    except ValueError as wrong:
        raise RollError(str(wrong)) from None


def _peer(document: object, where: str) -> Peer:
    entry = _mapping(document, where)
    name = _text(entry, "fqdn", where)
    addresses = entry.get("addresses", [])
    if not isinstance(addresses, list):
        raise RollError(f"{where}.addresses is not a list")
    try:
        fqdn = ip_address(name) if is_address(name) else dns_name(name)
        return Peer(fqdn, tuple(ip_address(str(address)) for address in addresses))
    except ValueError as wrong:
        raise RollError(f"{where}: {wrong}") from None


def _mapping(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise RollError(f"{where} is not an object")
    return value


def _text(entry: Mapping[str, Any], key: str, where: str) -> str:
    value = entry.get(key)
    if not isinstance(value, str):
        raise RollError(f"{where}.{key} is not a string")
    return value


def _count(value: object, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise RollError(f"{where} is not a whole number")
    return value
