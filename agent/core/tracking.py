"""What an answer does to the memory of names: who is seen, missing, forgotten."""

from collections.abc import Iterator
from dataclasses import dataclass

from agent.core import decisions
from agent.core.decisions import Decision
from agent.core.identity import Identity
from agent.core.names import address_key, dashed_address, is_address, split_ordinal
from agent.core.observation import Answered, Endpoint
from agent.core.roll import Peer
from agent.core.sightings import Sighting, Tracked


@dataclass(frozen=True, slots=True)
class Tracking:
    """The memory after an answer, the names that were in it, and what was decided."""

    tracked: tuple[Tracked, ...]
    listed: frozenset[str]
    decisions: tuple[Decision, ...]


def track(
    me: Identity,
    before: tuple[Tracked, ...],
    answer: Answered,
    now: float,
    forget_after: float,
) -> Tracking:
    """Takes an answer, made at `now`, into the memory. Times in seconds."""
    listed = _listed(me, before, answer.endpoints)
    known_as = {known.fqdn: known for known in before}
    located = {a for name, addresses in listed.items() if not is_address(name) for a in addresses}
    tracked: list[Tracked] = []
    did: list[Decision] = []
    for fqdn in sorted({*known_as, *listed}):
        known = known_as.get(fqdn, Tracked(fqdn, Sighting(now)))
        if fqdn in located:  # known by its address until now, and now by its name
            did += [decisions.named(fqdn)] if fqdn in known_as else []
        elif fqdn in listed:
            did += [decisions.returned(known, now)] if known.sighting.missed else []
            tracked.append(known.seen(listed[fqdn], now, forget_after))
        elif not answer.is_whole:
            tracked.append(known)
        elif (missing := known.not_seen(now)).sighting.is_over(now, forget_after):
            did.append(decisions.dropped(missing, now))
        else:
            did += [] if known.sighting.missed else [decisions.missing(missing, forget_after)]
            tracked.append(missing)
    if me.is_member:  # where this pod is missing, there are other words for it
        did = [decision for decision in did if decision.about != me.label]
    return Tracking(tuple(tracked), frozenset(listed), tuple(did))


def is_self(me: Identity, endpoint: Endpoint) -> bool:
    """Whether an endpoint is this pod: by its name, or because it has this pod's addresses only.

    An observer is none of them.

    Not by its addresses if it has the name of another pod: then the record is an old one of an
    address that is used again.
    """
    name = endpoint.fqdn
    if name == me.fqdn or not me.is_member:
        return me.is_member
    mine = bool(endpoint.addresses) and set(endpoint.addresses) <= set(me.addresses)
    label = Peer(name).name
    is_named = not is_address(name) and dashed_address(label) not in endpoint.addresses
    return mine and (not is_named or split_ordinal(label) is None)


def is_here(me: Identity, endpoints: tuple[Endpoint, ...]) -> bool:
    """Whether DNS lists this pod at an address that it has.

    Then the answer is not older than the pod, and lists whoever was there before it.
    """
    return any(e.fqdn == me.fqdn and set(e.addresses) & set(me.addresses) for e in endpoints)


def misplaced(me: Identity, endpoints: tuple[Endpoint, ...]) -> Iterator[Decision]:
    """Says so where DNS has this pod's name at an address that is not this pod's (any longer)."""
    versions = {address_key(address)[0] for address in me.addresses}
    name = me.fqdn
    for endpoint in endpoints:
        if endpoint.fqdn != name:
            continue
        comparable = [a for a in endpoint.addresses if address_key(a)[0] in versions]
        if comparable and not set(comparable) & set(me.addresses):
            yield decisions.misplaced(me, comparable)


def _listed(
    me: Identity, before: tuple[Tracked, ...], endpoints: tuple[Endpoint, ...]
) -> dict[str, tuple[str, ...]]:
    """Addresses by name, each endpoint under the name that it is known by.

    One that DNS lists by its address, while the name that had that address is not listed, has lost
    only its name.
    """
    names = {endpoint.fqdn for endpoint in endpoints}
    had = [(t.fqdn, a, seen) for t in before if t.fqdn not in names for a, seen in t.addresses]
    had.sort(key=lambda known: (not known[2].missed, known[2].first))  # the last to have it wins
    lost = {address: fqdn for fqdn, address, _ in had}
    listed: dict[str, tuple[str, ...]] = {}
    for endpoint in endpoints:
        name = me.fqdn if is_self(me, endpoint) else endpoint.fqdn
        name = lost.get(name, name)
        listed[name] = listed.get(name, ()) + endpoint.addresses
    return listed
