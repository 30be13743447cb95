"""Who is a member: what each observation does to the list of peers, and why.

The rules, which `observe` applies in this order:

| seen in DNS                       | does                                                       |
|-----------------------------------|------------------------------------------------------------|
| a new name in a whole answer      | a member, once nothing changed for `settle`                |
| the same name, another address    | readdressed at once; the old address is remembered         |
| one name, two addresses of one    | the one that was new last; the other is used again if that |
| family                            | one is gone for `forget_after`                             |
| a name missing from whole answers | held for `forget_after` and two answers at least, then     |
|                                   | dropped                                                    |
| this pod missing                  | a member all the same: it knows itself                     |
| Absent, after peers were known    | kept; `on_empty: accept` makes it an empty whole answer    |
| Absent, before any was known      | this pod is alone, once said twice and `settle` apart      |
| Absent, because the setup is      | nothing                                                    |
| wrong; Unknown                    |                                                            |
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from agent.core import decisions
from agent.core.decisions import Decision, Did
from agent.core.identity import Identity
from agent.core.names import dashed_address, is_address, split_ordinal
from agent.core.observation import Absent, Answered, Endpoint, Observation, Unknown, Why
from agent.core.roll import Peer, Roll, sort_key
from agent.core.sightings import MISSED_ANSWERS, Sighting, Tracked

# A set that never stops changing is rendered all the same, after so many times `settle`.
LONGEST_SETTLE = 5


# Any other Absent means a wrong setup, which says nothing about who is there.
_SAYS_NOBODY = {Why.NO_SUCH_NAME, Why.NO_DATA}


@dataclass(frozen=True, slots=True)
class Rules:
    """What the operator may set. Times in seconds."""

    settle: float = 1.0
    forget_after: float = 30.0
    accept_empty: bool = False


@dataclass(frozen=True, slots=True)
class Pending:
    """A list of peers that differs from the view and is waiting for things to settle."""

    peers: tuple[Peer, ...]
    since: float
    first: float


@dataclass(frozen=True, slots=True)
class Membership:
    """All that is remembered. `peers` is the view that files are rendered from.

    `generation` counts its changes; 0 means that DNS has not yet said anything to rely on, and then
    `peers` is empty. `is_answered`: DNS has said who is there since the agent started, or that
    nobody is; `is_taken`: and that is in the view. `remembered` are the tracked names that it has not listed since then.
    """

    identity: Identity
    tracked: tuple[Tracked, ...] = ()
    peers: tuple[Peer, ...] = ()
    generation: int = 0
    pending: Pending | None = None
    is_answered: bool = False
    is_taken: bool = False
    remembered: frozenset[str] = frozenset()
    empty_answers: int = 0
    unlisted_since: float | None = None

    @property
    def listed(self) -> frozenset[str]:
        """The names of those in the view that DNS has listed since the agent started, and self."""
        listed = {peer.name for peer in self.peers if peer.fqdn not in self.remembered}
        return frozenset({self.identity.pod, *listed})

    def roll(self, replicas: int | None, start_ordinal: int) -> Roll:
        """The view as a roll."""
        own = self.identity
        me = next((peer for peer in self.peers if peer.fqdn == own.fqdn), own.peer)
        return Roll(own.service, me, self.peers, self.generation, replicas, start_ordinal)


@dataclass(frozen=True, slots=True)
class Step:
    """A new state and what was decided on the way to it."""

    state: Membership
    decisions: tuple[Decision, ...] = ()


def observe(state: Membership, seen: Observation, now: float, rules: Rules) -> Step:
    """Takes one observation, made at `now` (seconds), into account."""
    step = _take(state, seen, now, rules)
    settled = advance(step.state, now, rules)
    return Step(settled.state, step.decisions + settled.decisions)


def _take(state: Membership, seen: Observation, now: float, rules: Rules) -> Step:
    match seen:
        case Answered():
            answered = replace(state, empty_answers=0, is_answered=True)
            return _answered(answered, seen, now, rules)
        case Absent(reason, why) if why in _SAYS_NOBODY:
            times = state.empty_answers + 1
            is_answered = state.is_answered or times >= MISSED_ANSWERS
            empty = replace(state, empty_answers=times, is_answered=is_answered)
            if rules.accept_empty and state.tracked:
                return _answered(empty, Answered((), remarks=(reason,)), now, rules)
            return Step(empty, (decisions.kept(len(state.peers), reason),))
        case Absent(reason) | Unknown(reason):
            return Step(state, (decisions.kept(len(state.peers), reason),))


def advance(state: Membership, now: float, rules: Rules) -> Step:
    """Lets time pass: makes what has settled by `now` the view."""
    wanted = _wanted(state)
    pending = state.pending
    if wanted == state.peers:
        pending = None
    elif pending is None or pending.peers != wanted:
        pending = Pending(wanted, since=now, first=pending.first if pending else now)
    if pending is not None and _is_settled(state, pending, now, rules):
        pending, view = None, wanted
    else:  # who is in the view stays, and is where DNS says now
        located = {peer.fqdn: peer for peer in wanted}
        view = tuple(located.get(peer.fqdn, peer) for peer in state.peers)
    is_taken = state.is_taken or (state.is_answered and bool(view))
    state, before = replace(state, peers=view, pending=pending, is_taken=is_taken), state
    if view == before.peers:
        return Step(state)
    changed = replace(state, generation=before.generation + 1)
    return Step(changed, tuple(_differences(before, view)))


def due(state: Membership, rules: Rules) -> float | None:
    """When `advance` has something to do without another answer (seconds), None if never."""
    if state.pending is None or not _is_heard(state):
        return None
    return _settled_at(state.pending, rules)


def standing(state: Membership, now: float, rules: Rules) -> tuple[str, ...]:
    """Why things are as they are: a sentence for each peer that is held and for a change due."""
    held = [
        f"keep {_short(t.fqdn)}: missing for {t.sighting.missing_for(now):.0f} s "
        f"of {rules.forget_after:.0f} s"
        for t in state.tracked
        if t.sighting.missed and t.fqdn != state.identity.fqdn
    ]
    if state.pending is not None:
        held.append(f"{len(state.pending.peers)} peers wait for the list to settle")
    return tuple(held)


def _is_heard(state: Membership) -> bool:
    """Whether DNS has said anything to rely on: an answer, or "nobody" twice."""
    return bool(state.generation or state.tracked or state.empty_answers >= MISSED_ANSWERS)


def _is_settled(state: Membership, pending: Pending, now: float, rules: Rules) -> bool:
    if not _is_heard(state):
        return False
    if state.is_answered and state.tracked and not state.is_taken:
        return True  # the first whole answer: nobody waits with an older file
    return now >= _settled_at(pending, rules)


def _settled_at(pending: Pending, rules: Rules) -> float:
    """When a change has lasted, or things have not settled for long enough (clock seconds)."""
    return min(pending.since + rules.settle, pending.first + rules.settle * LONGEST_SETTLE)


def _wanted(state: Membership) -> tuple[Peer, ...]:
    """The list as it is now, settled or not; empty while nothing was heard."""
    if not (state.generation or state.tracked or state.empty_answers):
        return ()
    me = state.identity
    peers = {t.fqdn: Peer(t.fqdn, t.current) for t in state.tracked}
    listed = peers.get(me.fqdn, me.peer)
    peers[me.fqdn] = Peer(me.fqdn, me.addresses or listed.addresses)
    return tuple(sorted(peers.values(), key=sort_key))


def _answered(state: Membership, answer: Answered, now: float, rules: Rules) -> Step:
    listed = _listed(state, answer.endpoints)
    before = {t.fqdn: t for t in state.tracked}
    located = {a for name, addresses in listed.items() if not is_address(name) for a in addresses}
    tracked: list[Tracked] = []
    did = [Decision(Did.REMARK, "", remark) for remark in answer.remarks]
    for fqdn in sorted({*before, *listed}):
        if fqdn in located:  # known by its address until now, and now by its name
            did += [decisions.named(fqdn)] if fqdn in before else []
            continue
        known = before.get(fqdn, Tracked(fqdn, Sighting(now)))
        is_other = fqdn != state.identity.fqdn
        if fqdn in listed:
            if known.sighting.missed and is_other:
                did.append(decisions.returned(known, now))
            tracked.append(known.seen(listed[fqdn], now, rules.forget_after))
            continue
        known = known.not_seen(now)
        over = known.sighting.is_over(now, rules.forget_after)
        if not over:
            tracked.append(known)
        if is_other and over:
            did.append(decisions.dropped(known, now))
        elif is_other and known.sighting.missed == 1:
            did.append(decisions.missing(known, rules.forget_after))
    unlisted = None
    if state.identity.fqdn not in listed:
        unlisted = now if state.unlisted_since is None else state.unlisted_since
        if now - unlisted >= rules.forget_after:
            did.append(decisions.unlisted(state.identity, rules.forget_after))
    new = replace(state, tracked=tuple(tracked), unlisted_since=unlisted)
    return Step(replace(new, remembered=state.remembered.difference(listed)), tuple(did))


def _listed(state: Membership, endpoints: tuple[Endpoint, ...]) -> dict[str, tuple[str, ...]]:
    """Addresses by name, each endpoint under the name that it is known by.

    One that DNS lists by its address, while the name that had that address is not listed, has lost
    only its name.
    """
    names = {endpoint.fqdn for endpoint in endpoints}
    lost = {a: t.fqdn for t in state.tracked if t.fqdn not in names for a, _ in t.addresses}
    listed: dict[str, tuple[str, ...]] = {}
    for endpoint in endpoints:
        name = state.identity.fqdn if _is_self(state.identity, endpoint) else endpoint.fqdn
        name = lost.get(name, name)
        listed[name] = listed.get(name, ()) + endpoint.addresses
    return listed


def _is_self(me: Identity, endpoint: Endpoint) -> bool:
    """Whether an endpoint is this pod, whatever DNS calls it: it has this pod's addresses only.

    Not if it has the name of another pod: then the record is an old one of an address used again.
    """
    mine = bool(endpoint.addresses) and set(endpoint.addresses) <= set(me.addresses)
    name = endpoint.fqdn
    is_named = not is_address(name) and dashed_address(_short(name)) not in endpoint.addresses
    return mine and (not is_named or split_ordinal(_short(name)) is None)


def _differences(state: Membership, view: tuple[Peer, ...]) -> Iterable[Decision]:
    """Who is new in `view`, and who has moved; who has gone was told when it was dropped."""
    old = {peer.fqdn: peer for peer in state.peers}
    for peer in view:
        if peer.fqdn not in old:
            is_me = peer.fqdn == state.identity.fqdn
            yield decisions.added(peer, "this pod" if is_me else "listed in DNS")
        elif peer.addresses != old[peer.fqdn].addresses:
            yield decisions.readdressed(old[peer.fqdn], peer)


def _short(fqdn: str) -> str:
    return Peer(fqdn).name
