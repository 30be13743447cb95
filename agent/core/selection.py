"""Which of the peers a file names, and how: its seeds."""

from dataclasses import dataclass
from typing import Literal

from agent.core.roll import Peer, Roll, host_of

Source = Literal["discovered", "expected", "answering"]
ExcludeSelf = Literal["never", "always", "unless_first"]
Address = Literal["fqdn", "ip"]


@dataclass(frozen=True, slots=True)
class Selection:
    """The rule by which an output picks its seeds.

    `source`: `discovered` is who DNS lists now, `expected` who `replicas` says there will be (the
    same if that is unset), `answering` who of the discovered answers on the cluster's port (the
    same if nobody was asked). `exclude_self`: `unless_first` leaves this pod out, except where it
    has the lowest ordinal and nobody else is there, or none of them answers. `limit` 0 is no limit.
    `address`: whether names or addresses are written; who has no address then is left out.
    `allow_empty`: whether a file without any seed is harmless.
    """

    source: Source = "discovered"
    exclude_self: ExcludeSelf = "never"
    limit: int = 0
    address: Address = "fqdn"
    allow_empty: bool = False

    @property
    def picks(self) -> tuple[Source, ExcludeSelf, int]:
        """What says who is picked, and not how they are written."""
        return self.source, self.exclude_self, self.limit


@dataclass(frozen=True, slots=True)
class Listed:
    """A peer as a file names it: `host` is its name or its address, as the selection says."""

    peer: Peer
    host: str

    @property
    def name(self) -> str:
        """The pod's name, `db-1`."""
        return self.peer.name

    @property
    def fqdn(self) -> str:
        """Its name in DNS, without a final dot."""
        return self.peer.fqdn

    @property
    def ordinal(self) -> int | None:
        """The number at the end of the pod's name, None where there is none."""
        return self.peer.ordinal

    @property
    def addresses(self) -> tuple[str, ...]:
        """Its addresses, the one to use first; empty while it is not located."""
        return self.peer.addresses


def listed(peers: tuple[Peer, ...], address: Address) -> tuple[Listed, ...]:
    """The peers as a file names them, without those that it can't name so."""
    if address == "fqdn":
        return tuple(Listed(peer, peer.fqdn) for peer in peers)
    return tuple(Listed(peer, host_of(peer)) for peer in peers if peer.addresses)


def select(roll: Roll, rule: Selection, port: int | None = None) -> tuple[Peer, ...]:
    """The seeds, in the one order of peers. `port` is the cluster's, for `answering`.

    Where nobody else is known to answer, this pod stands for itself only as the first, and only
    once all the others are known not to: that nobody can tell is no reason to found a cluster.
    """
    peers = roll.expected if rule.source == "expected" else roll.peers
    others = tuple(peer for peer in peers if roll.me is None or peer.fqdn != roll.me.fqdn)
    is_alone = not others
    heard = None if port is None else roll.answering.get(port)
    if rule.source == "answering" and heard is not None:
        is_alone = all(heard.get(peer.fqdn) is False for peer in others)
        others = tuple(peer for peer in others if heard.get(peer.fqdn))
        peers = tuple(peer for peer in peers if peer == roll.me or heard.get(peer.fqdn))
    alone = (roll.me,) if roll.me is not None and roll.is_first and is_alone else ()
    chosen = {"never": peers, "always": others, "unless_first": others or alone}[rule.exclude_self]
    if rule.address == "ip":
        chosen = tuple(peer for peer in chosen if peer.addresses)
    return chosen[: rule.limit] if rule.limit else chosen
