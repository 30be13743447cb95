"""Who is a member: what each observation does to the list of peers, and why.

The rules, which `observe` applies in this order:

| seen in DNS                       | does                                                       |
|-----------------------------------|------------------------------------------------------------|
| a new name in a whole answer      | a member, once nothing changed for `settle`                |
| the same name, another address    | readdressed at once; the old address is remembered         |
| one name, two addresses of one    | the one that was new last; the other is used again if that |
| family                            | one is gone for `forget_after`                             |
| a name missing from whole answers | held for `forget_after` and two answers at least, then     |
|                                   | dropped; time in which nobody answered does not count      |
| this pod missing, or listed at    | a member all the same, at its own address: it knows itself |
| another address                   |                                                            |
| part of an answer, not all of it  | whoever is in it is added or moved; nobody is missing      |
| a time to live of 0, after others | whoever is new in it is added: it may be stale             |
| Absent, after peers were known    | kept; `on_empty: accept` makes it an empty whole answer    |
| nobody but this pod, or Absent,   | this pod is alone, once said twice, and for longer than    |
| before any was known              | `settle` and than a cache may go on saying so              |
| Absent, because the setup is      | nothing                                                    |
| wrong; Unknown                    |                                                            |
"""

from collections.abc import Iterable
from dataclasses import replace

from agent.core import decisions
from agent.core.decisions import Decision
from agent.core.freshness import STALE_NO, is_stale, weigh
from agent.core.identity import Identity
from agent.core.observation import Absent, Answered, Endpoint, Observation, Unknown, Why
from agent.core.rest import again, rests
from agent.core.roll import Peer, sort_key
from agent.core.state import Alone, Membership, Pending, Rules, Step
from agent.core.tracking import is_here, is_self, misplaced, track

__all__ = ["Membership", "Rules", "Step", "advance", "due", "observe"]

# A set that never stops changing is rendered all the same, after so many times `settle`.
LONGEST_SETTLE = 5
# Seconds. Kubernetes has caches keep a "no" for 30 s at most; a root server's, which docker-compose
# gets for a name that Docker does not know, says a day.
LONGEST_NEGATIVE = 30.0


# Any other Absent means a wrong setup, which says nothing about who is there.
_SAYS_NOBODY = {Why.NO_SUCH_NAME, Why.NO_DATA}


def observe(state: Membership, seen: Observation, now: float, rules: Rules) -> Step:
    """Takes one observation, made at `now` (seconds), into account."""
    if (same := again(state, seen, now, rules)) is not None:
        return same
    step = _take(state, seen, now, rules)
    settled = advance(step.state, now, rules)
    return rests(settled.state, seen, step.decisions + settled.decisions)


def _take(state: Membership, seen: Observation, now: float, rules: Rules) -> Step:
    match seen:
        case Answered(endpoints):
            known = {known.fqdn for known in state.tracked}
            believed = weigh(seen, known, state.fresh_at, now)
            step = _answered(state, believed, now, rules)
            if _others(state.identity, endpoints):
                return Step(replace(step.state, is_answered=True), step.decisions)
            if not believed.is_whole:
                return step
            lasts = None if is_here(state.identity, endpoints) else believed.ttl
            return Step(_lonely(step.state, now, lasts, rules), step.decisions)
        case Absent(reason, ttl=ttl) if is_stale(ttl, state.fresh_at, now):
            return _doubted(state, f"{reason}; {STALE_NO}")
        case Absent(reason, why, ttl) if why in _SAYS_NOBODY:
            lonely = _lonely(state, now, ttl, rules)
            if rules.accept_empty and state.tracked:
                return _answered(lonely, Answered((), remarks=(reason,)), now, rules)
            return _doubted(lonely, reason)
        case Absent(reason) | Unknown(reason):
            return _doubted(state, reason)


def _doubted(state: Membership, reason: str) -> Step:
    """Keeps what is known; the time until the next answer is none in which anybody is missing."""
    return Step(replace(state, was_in_doubt=True), (decisions.kept(len(state.peers), reason),))


def _others(me: Identity, endpoints: tuple[Endpoint, ...]) -> bool:
    """Whether anybody but this pod is listed."""
    return any(not is_self(me, endpoint) for endpoint in endpoints)


def _lonely(state: Membership, now: float, ttl: float | None, rules: Rules) -> Membership:
    """DNS named nobody else: believed when said twice, and for longer than a cache would.

    A time to live of 0 may be that of a "no" which has expired, so it is taken for the longest;
    None is that of an answer that no cache can have kept from before.
    """
    lasts = 0.0 if ttl is None else min(ttl or LONGEST_NEGATIVE, LONGEST_NEGATIVE)
    since = now if state.alone is None else state.alone.since
    until = since + max(lasts, rules.settle)
    if state.alone is None:
        return replace(state, alone=Alone(since, until))
    until = max(until, state.alone.until)
    is_answered = state.is_answered or now >= until
    return replace(state, alone=Alone(since, until), is_answered=is_answered)


def advance(state: Membership, now: float, rules: Rules) -> Step:
    """Lets time pass: makes what has settled by `now` the view.

    The first view is told as a whole and not peer by peer.
    """
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
        pending = None if view == wanted else pending
    is_taken = state.is_taken or (state.is_answered and bool(view))
    state, before = replace(state, peers=view, pending=pending, is_taken=is_taken), state
    if view == before.peers:
        return Step(state)
    changed = replace(state, generation=before.generation + 1)
    return Step(changed, tuple(_differences(before, view)) if before.generation else ())


def due(state: Membership, rules: Rules) -> float | None:
    """When `advance` has something to do without another answer (seconds), None if never."""
    if state.pending is None or not state.is_answered:
        return None
    return _settled_at(state.pending, rules)


def _is_settled(state: Membership, pending: Pending, now: float, rules: Rules) -> bool:
    if not state.is_answered:
        return False
    others = len(pending.peers) - (1 if state.identity.is_member else 0)
    if not state.is_taken and others:
        return True  # the first answer that names others: nobody waits with an older file
    return now >= _settled_at(pending, rules)


def _settled_at(pending: Pending, rules: Rules) -> float:
    """When a change has lasted, or things have not settled for long enough (clock seconds)."""
    return min(pending.since + rules.settle, pending.first + rules.settle * LONGEST_SETTLE)


def _wanted(state: Membership) -> tuple[Peer, ...]:
    """The list as it is now, settled or not; empty while nothing was heard."""
    if not (state.generation or state.tracked or state.alone):
        return ()
    me = state.identity
    peers = {t.fqdn: Peer(t.fqdn, t.current) for t in state.tracked}
    if me.peer is not None:
        listed = peers.get(me.fqdn, me.peer)
        peers[me.fqdn] = Peer(me.fqdn, me.addresses or listed.addresses)
    return tuple(sorted(peers.values(), key=sort_key))


def _answered(state: Membership, answer: Answered, now: float, rules: Rules) -> Step:
    """Takes an answer into account.

    The time before a partial one counts for nobody who is not in it, however short it was.
    """
    gap = 0.0 if state.heard_at is None else now - state.heard_at
    missed = _missed(gap, rules, was_in_doubt=state.was_in_doubt)
    before = state.tracked
    if missed:
        before = tuple(known.after_gap(missed) for known in before)
    tracking = track(state.identity, before, answer, now, rules.forget_after)
    did = [decisions.remark(sentence) for sentence in answer.remarks]
    did += [*tracking.decisions, *misplaced(state.identity, answer.endpoints)]
    tracked, unlisted = tracking.tracked, state.unlisted_since
    if not answer.is_whole:
        listed, idle = tracking.listed, gap - missed
        tracked = tuple(t if t.fqdn in listed else t.after_gap(idle) for t in tracked)
        unlisted = None if unlisted is None else unlisted + gap
    elif not state.identity.is_member or state.identity.fqdn in tracking.listed:
        unlisted = None
    else:
        unlisted = now if unlisted is None else unlisted + missed
        if now - unlisted >= rules.forget_after:
            did.append(decisions.unlisted(state.identity, rules.forget_after))
    new = replace(
        state,
        tracked=tracked,
        remembered=state.remembered - tracking.listed,
        answered_at=now if answer.is_whole else state.answered_at,
        heard_at=now,
        was_in_doubt=False,
        fresh_at=now if answer.ttl else state.fresh_at,
        unlisted_since=unlisted,
    )
    return Step(new, tuple(did))


def _missed(gap: float, rules: Rules, *, was_in_doubt: bool) -> float:
    """How many seconds of the time between two answers are none in which anybody was missing."""
    if gap > rules.longest_gap:
        return gap
    return max(0.0, gap - rules.interval) if was_in_doubt else 0.0


def _differences(state: Membership, view: tuple[Peer, ...]) -> Iterable[Decision]:
    """Who is new in `view`, and who has moved; who has gone was told when it was dropped."""
    old = {peer.fqdn: peer for peer in state.peers}
    for peer in view:
        if peer.fqdn not in old:
            is_me = peer.fqdn == state.identity.fqdn
            yield decisions.added(peer, "this pod" if is_me else "listed in DNS")
        elif peer.addresses != old[peer.fqdn].addresses:
            yield decisions.readdressed(old[peer.fqdn], peer)
