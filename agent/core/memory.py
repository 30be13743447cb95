"""What outlives a restart of the container: the view, each peer's addresses, who was told.

A restart in the middle of a DNS outage must change nothing, and the first answer after it may be a
partial one. The document holds no times: the clock starts anew, and whoever was missing is held
from the start again.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agent.core.delivery import Told
from agent.core.identity import Identity
from agent.core.membership import Membership
from agent.core.names import address_key, dns_name, ip_address, is_address
from agent.core.roll import (
    Peer,
    from_document,
    peer_document,
    peer_from_document,
    sort_key,
    to_document,
)
from agent.core.sightings import Sighting, Tracked

MEMORY_VERSION = 1


class RecallError(ValueError):
    """A document that is damaged, or of another pod; the sentence says which.

    `is_damaged`: it may be this pod's own, and what was told by it is not known.
    """

    def __init__(self, sentence: str, *, is_damaged: bool = True) -> None:
        super().__init__(sentence)
        self.is_damaged = is_damaged


@dataclass(frozen=True, slots=True)
class Memory:
    """The membership, what each notifier was told last by its name, and the gate.

    `opened_for`: what the gate was open for, empty if it was not open for this very pod, which has
    the addresses that it had then. A new pod of the same name, which may find an older one's
    volume, waits for its peers again.
    """

    membership: Membership
    told: Mapping[str, Told]
    opened_for: str = ""


def remember(memory: Memory) -> bytes:
    """The document for a membership that has a view. The same memory gives the same bytes."""
    state = memory.membership
    document = {
        "version": MEMORY_VERSION,
        "roll": to_document(state.roll(replicas=None, start_ordinal=0)),
        "addresses": {known.fqdn: _newest_first(known) for known in state.tracked},
        "told": {name: _told_document(each, state) for name, each in sorted(memory.told.items())},
        "opened_for": memory.opened_for,
        "has_ttl": state.fresh_at is not None,
    }
    return json.dumps(document).encode()


def recall(content: bytes, me: Identity, now: float) -> Memory:
    """What `content` remembers: every peer in it is a member until it is forgotten.

    Raises RecallError; then nothing is known, as at a first start.
    """
    try:
        document = json.loads(content)
        if document["version"] != MEMORY_VERSION:
            raise RecallError(f"it has version {document['version']!r}, not {MEMORY_VERSION}")
        roll = from_document(document["roll"])
        tracked = tuple(_tracked(name, of, now) for name, of in document["addresses"].items())
        opened_for = str(document["opened_for"])
        told = {str(name): _told(each, roll.peers) for name, each in document["told"].items()}
        fresh_at = now if document["has_ttl"] is True else None
    except RecallError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise RecallError("it is damaged") from None
    if (roll.service, roll.me and roll.me.fqdn) != (me.service, me.peer and me.fqdn):
        whose = roll.me.fqdn if roll.me else f"an observer of {roll.service.fqdn}"
        raise RecallError(f"it is of {whose}", is_damaged=False)
    generation = max(1, roll.generation)
    is_same = me.addresses == (roll.me.addresses if roll.me else ())
    is_open = is_same and (bool(me.addresses) or not me.is_member)
    names = frozenset(known.fqdn for known in tracked)
    state = Membership(me, tracked, roll.peers, generation, remembered=names, fresh_at=fresh_at)
    return Memory(state, told if is_same or not me.addresses else {}, opened_for if is_open else "")


def _told_document(told: Told, state: Membership) -> dict[str, Any]:
    """What a notifier was told; its peers are left out where they are those of the view."""
    is_view = told.peers == state.peers
    peers = None if is_view else [peer_document(peer) for peer in told.peers]
    return {"stamp": told.stamp, "peers": peers}


def _told(document: Any, view: tuple[Peer, ...]) -> Told:
    listed = document["peers"]
    if listed is None:
        return Told(str(document["stamp"]), view)
    peers = (peer_from_document(peer, f"peers[{n}]") for n, peer in enumerate(listed))
    return Told(str(document["stamp"]), tuple(sorted(peers, key=sort_key)))


def _newest_first(known: Tracked) -> list[str]:
    by_age = sorted(known.addresses, key=lambda pair: -pair[1].first)
    return [address for address, _ in by_age]


def _tracked(name: str, newest_first: Any, now: float) -> Tracked:
    fqdn = ip_address(name) if is_address(name) else dns_name(name)
    ages = [(ip_address(address), Sighting(now - age)) for age, address in enumerate(newest_first)]
    addresses = tuple(sorted(ages, key=lambda pair: address_key(pair[0])))
    return Tracked(fqdn, Sighting(now), addresses)
