"""The roll: who this pod is and who its peers are, as one value and as one JSON document.

It is what every later stage speaks: `rollcall peers --json` prints it, `rollcall render` reads it,
templates see it. docs/roll.md describes the document for people; `ROLL_VERSION` changes only when a
reader of an older document would be misled.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, get_args

from agent.core.names import address_key, dns_label, dns_name, ip_address, is_address, split_ordinal

ROLL_VERSION = 1
# The most pods that a list of the expected is made for.
MOST_REPLICAS = 10_000
# Whether this pod may found the cluster: core/bootstrap.
Word = Literal["first", "join", "unknown"]
Answering = Mapping[int, Mapping[str, bool]]


class RollError(ValueError):
    """A document that is not a roll; the sentence names the key."""


@dataclass(frozen=True, slots=True)
class Service:
    """The headless service, by the parts of its name.

    In docker-compose it is an alias, and neither it nor its containers are in any domain: then
    `namespace` and `cluster_domain` are empty, and names are bare.
    """

    name: str
    namespace: str
    cluster_domain: str

    @property
    def is_bare(self) -> bool:
        """Whether names have one label only."""
        return not self.namespace

    @property
    def fqdn(self) -> str:
        """`db.prod.svc.cluster.local`, without a final dot; `db` where names are bare."""
        if self.is_bare:
            return self.name
        return f"{self.name}.{self.namespace}.svc.{self.cluster_domain}"

    def pod(self, name: str) -> str:
        """The name that DNS has for a pod of this service, without a final dot."""
        return name if self.is_bare else f"{name}.{self.fqdn}"

    def has(self, name: str) -> bool:
        """Whether a name is one that a pod of this service has."""
        label, _, above = name.partition(".")
        return bool(label) and above == ("" if self.is_bare else self.fqdn)


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


def host_of(peer: Peer) -> str:
    """The address of a peer to use first; its name while it is not located."""
    return peer.addresses[0] if peer.addresses else peer.fqdn


def sort_key(peer: Peer) -> tuple[Any, ...]:
    """The one order of peers: by StatefulSet and ordinal as a number; nameless ones last."""
    if is_address(peer.fqdn):
        return (2, *address_key(peer.fqdn))
    found = split_ordinal(peer.name)
    return (0, *found, peer.fqdn) if found else (1, peer.fqdn)


@dataclass(frozen=True, slots=True)
class Roll:
    """Everything that a template, a hook or a person is told about the membership.

    `peers` is sorted by `sort_key` and holds `me`, which is None for an observer: that follows a
    service that it is not part of. `generation` counts the changes of `peers`; no file is rendered
    from it. `bootstrap` is None where nobody asked for that advice. `answering` has, for each port
    at which the peers were asked, who answers and who is known not to, by `fqdn`.
    """

    service: Service
    me: Peer | None
    peers: tuple[Peer, ...]
    generation: int = 0
    replicas: int | None = None
    start_ordinal: int = 0
    bootstrap: Word | None = None
    answering: Answering = field(default_factory=lambda: MappingProxyType({}), hash=False)

    @property
    def others(self) -> tuple[Peer, ...]:
        """The peers without this pod."""
        return tuple(peer for peer in self.peers if self.me is None or peer.fqdn != self.me.fqdn)

    @property
    def expected(self) -> tuple[Peer, ...]:
        """The pods that `replicas` says there will be, listed or not, and all peers."""
        # An observer learns from the peers what their StatefulSet is called.
        called = self.peers if self.me is None else (self.me,)
        found = next((parts for peer in called if (parts := split_ordinal(peer.name))), None)
        if self.replicas is None or found is None:
            return self.peers
        listed = {peer.name for peer in self.peers}
        names = pod_names(found[0], self.start_ordinal, self.replicas)
        unlisted = (Peer(self.service.pod(name)) for name in names if name not in listed)
        return tuple(sorted((*self.peers, *unlisted), key=sort_key))

    @property
    def is_first(self) -> bool:
        """Whether this pod has the StatefulSet's lowest ordinal."""
        return self.me is not None and self.me.ordinal == self.start_ordinal


def pod_names(set_name: str, start_ordinal: int, replicas: int) -> tuple[str, ...]:
    """The names of a StatefulSet's pods."""
    return tuple(f"{set_name}-{n}" for n in range(start_ordinal, start_ordinal + replicas))


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
        "bootstrap": roll.bootstrap,
        "answering": {str(port): dict(heard) for port, heard in roll.answering.items()},
        "self": None if roll.me is None else peer_document(roll.me),
        "peers": [peer_document(peer) for peer in roll.peers],
        "expected": [peer_document(peer) for peer in roll.expected],
    }


def peer_document(peer: Peer) -> dict[str, Any]:
    """A peer as JSON types, as it stands in the roll."""
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
    own = (
        None
        if "self" in top and top["self"] is None
        else peer_from_document(top.get("self"), "self")
    )
    listed = top.get("peers")
    if not isinstance(listed, list):
        raise RollError("peers is not a list")
    peers = {} if own is None else {own.fqdn: own}
    peers |= {
        peer.fqdn: peer
        for peer in (peer_from_document(p, f"peers[{i}]") for i, p in enumerate(listed))
    }
    try:
        return Roll(
            service=_service(service),
            me=own,
            peers=tuple(sorted(peers.values(), key=sort_key)),
            generation=_count(top.get("generation", 0), "generation"),
            replicas=_replicas(top.get("replicas")),
            start_ordinal=_count(top.get("start_ordinal", 0), "start_ordinal"),
            bootstrap=_word(top.get("bootstrap")),
            answering=_answering(top.get("answering", {})),
        )
    except ValueError as wrong:
        raise RollError(str(wrong)) from None


def _service(entry: Mapping[str, Any]) -> Service:
    """The service; both of its namespace and cluster domain may be empty. Raises ValueError."""
    name = dns_label(_text(entry, "name", "service"))
    parts = [_text(entry, key, "service") for key in ("namespace", "cluster_domain")]
    if not any(parts):
        return Service(name, "", "")
    return Service(name, dns_label(parts[0]), dns_name(parts[1]))


def peer_from_document(document: object, where: str) -> Peer:
    """Reads a peer back; `where` is what it is called in a sentence. Raises RollError."""
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


def _word(value: object) -> Word | None:
    word = next((word for word in get_args(Word) if word == value), None)
    if value is not None and word is None:
        raise RollError(f"bootstrap is {value!r}, not one of {', '.join(get_args(Word))}")
    return word


def _answering(value: object) -> Answering:
    ports = {}
    for port, heard in _mapping(value, "answering").items():
        if not str(port).isdecimal() or not 0 < int(port) < 65536:
            raise RollError(f"answering has {port!r}, which is no port")
        entry = _mapping(heard, f"answering.{port}")
        for fqdn, word in entry.items():
            if not isinstance(word, bool):
                raise RollError(f"answering.{port}.{fqdn} is not true or false")
        ports[int(port)] = MappingProxyType({str(fqdn): bool(w) for fqdn, w in entry.items()})
    return MappingProxyType(ports)


def _replicas(value: object) -> int | None:
    if value is None:
        return None
    replicas = _count(value, "replicas")
    if replicas > MOST_REPLICAS:
        raise RollError(f"replicas is more than {MOST_REPLICAS}")
    return replicas


def _count(value: object, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise RollError(f"{where} is not a whole number")
    return value
