"""The checks of the pods that DNS lists: this one, and those that it is one of."""

from collections.abc import Iterator
from itertools import chain

from agent.core.diagnosis import mends
from agent.core.diagnosis.evidence import Listed, Way
from agent.core.diagnosis.manifests import listing, manifest_of, wanted_family
from agent.core.diagnosis.mends import Mend
from agent.core.diagnosis.service import names_of, pods
from agent.core.diagnosis.verdict import Verdict, fail, moot, ok, some, together, warn
from agent.core.gate import Waiting, judge
from agent.core.glance import at_once
from agent.core.identity import Identity
from agent.core.membership import Membership
from agent.core.names import is_address, sets_of
from agent.core.observation import Endpoint
from agent.core.tracking import is_self


def check_record(evidence: Listed) -> Verdict:
    """Whether DNS lists this pod, at the address that it has."""
    me = evidence.me
    if not me.is_member:
        return moot(f"an observer is none of the pods of {me.service.fqdn}")
    endpoints = evidence.seen.endpoints
    match evidence.way:
        case Way.STATIC:
            return _told(me, endpoints)
        case Way.ORDINALS if not evidence.asks_own_name and not me.addresses:
            return moot(f"{me.pod} is in the list by itself: its own name is not asked for")
        case Way.ORDINALS if not evidence.asks_own_name:
            listed = set(evidence.dns.records.addresses)
        case _ if me.ordinal is None:
            own = (endpoint for endpoint in endpoints if is_self(me, endpoint))
            listed = {address for endpoint in own for address in endpoint.addresses}
        case _:
            return _named(evidence, endpoints)
    if not listed & set(me.addresses):
        return _unlisted(evidence)
    where = f" at {some(sorted(listed & set(me.addresses)))}" if me.ordinal is not None else ""
    return ok(f"{me.label} is listed{where}")


def _told(me: Identity, endpoints: tuple[Endpoint, ...]) -> Verdict:
    """Whether the peers that are told hold this pod under one name only."""
    names = [e.fqdn for e in endpoints if not is_address(e.fqdn) and e.fqdn != me.fqdn]
    twins = [name for name in names if name.partition(".")[0] == me.pod]
    if twins:
        return warn(
            f"discovery.peers has {some(twins)}, which is called as this pod is, {me.fqdn}: under "
            "two names it would count twice; write one of them in both places"
        )
    return ok(f"{me.label} is one of the peers")


def _named(evidence: Listed, endpoints: tuple[Endpoint, ...]) -> Verdict:
    """Of a pod that is known by its name."""
    me, manifest = evidence.me, manifest_of(evidence)
    own = [endpoint for endpoint in endpoints if endpoint.fqdn == me.fqdn]
    listed = {address for endpoint in own for address in endpoint.addresses}
    is_nameless = not own and any(is_self(me, endpoint) for endpoint in endpoints)
    if is_nameless and not evidence.bare_by:
        return fail(
            f"this pod is listed, but by its address and not as {me.pod}: its StatefulSet's "
            f"serviceName is not {me.service.name}",
            mends.service_name(me.service.name),
        )
    if not own:
        return _unlisted(evidence)
    if me.addresses and listed and not listed & set(me.addresses):
        longest = max(evidence.dns.records.ttls, default=0)
        why = (
            f"an old record (a cache keeps it for up to {longest:g} s), another pod of that name "
            "that still runs, or a wrong POD_IP"
        )
        why = "POD_IP is another container's than its database's" if evidence.bare_by else why
        return warn(
            f"{me.pod} is listed at {some(sorted(listed))}, and is at {some(me.addresses)}: {why}",
            manifest.own("POD_IP"),
        )
    where = f" at {some(sorted(listed))}" if listed else ", without an address"
    return ok(f"{me.pod} is listed{where}")


def _unlisted(evidence: Listed) -> Verdict:
    me = evidence.me
    if evidence.bare_by:
        why = "its database's container does not run, is called otherwise, or is on another network"
    else:
        why = (
            "it is not ready, and the service lists ready pods only; or it started less than a "
            "second ago; or the service does not select it"
        )
        why += "; or POD_IP is wrong" if me.ordinal is None else ""
    return fail(
        f"{me.label} is not listed, so its peers don't know of it: {why}",
        listing(evidence, me.pod),
    )


def check_peers(evidence: Listed) -> Verdict:
    """Whether all peers are there that are waited for, and that there are to be."""
    seen = evidence.seen
    state = at_once(evidence.me, seen)
    there = {endpoint.fqdn for endpoint in seen.endpoints}
    names = [peer.name for peer in state.peers if peer.fqdn in there]
    listed = "told" if evidence.way is Way.STATIC else "listed"
    fact = f"{pods(len(names))} {listed}: {some(names)}" if names else "nobody is listed"
    return together(fact, _missing(evidence, state))


def _missing(evidence: Listed, state: Membership) -> Iterator[Verdict]:
    me, seen, manifest = evidence.me, evidence.seen, manifest_of(evidence)
    start, known = evidence.gate.start_ordinal, state.listed
    expected = state.roll(evidence.gate.replicas, start).expected
    absent = [peer.name for peer in expected if peer.name not in known]
    lower = (f"{me.set_name}-{n}" for n in range(start, me.ordinal or 0))
    first = next((name for name in chain(absent, lower) if name not in known), "CONTAINER")
    mend = None if evidence.way is Way.STATIC else listing(evidence, first)
    if isinstance(waiting := judge(state, evidence.gate, 0.0), Waiting):
        is_later = evidence.gate.wait_for != "predecessors" and not evidence.bare_by
        parallel = mends.parallel() if is_later and me.ordinal is not None else None
        yield fail(f"the gate is not open: {waiting.reason}", mend, parallel)
    sets = sets_of(names_of(seen.endpoints))
    yield from _too_few(evidence, absent, 0 if sets else len(seen.endpoints), mend)
    unfit = {endpoint.fqdn for endpoint in evidence.dns.unfit}
    lost = tuple(e for e in seen.endpoints if not e.addresses and e.fqdn not in unfit)
    if lost and evidence.way is Way.SRV:
        yield warn(
            f"DNS names {some(names_of(lost))} without an address beside the name",
            manifest.variable("ROLLCALL_DISCOVERY", "address"),
        )
    if unfit:
        yield warn(
            f"address_family is {evidence.role.family}, and {some(names_of(evidence.dns.unfit))} "
            f"{'has' if len(unfit) == 1 else 'have'} no such address",
            wanted_family(evidence),
        )
    is_of_service = evidence.way in (Way.SRV, Way.ADDRESS) and not evidence.bare_by
    if len(sets) > 1 and is_of_service and me.set_name in (*sets, ""):
        yield warn(
            f"pods of {some(sets)} are behind one service, and all count as peers",
            mends.selector(me.service, me.set_name or "one StatefulSet"),
        )


def _too_few(
    evidence: Listed, absent: list[str], nameless: int, mend: Mend | None
) -> Iterator[Verdict]:
    """Those of `replicas` that are not there, by their names or else as `nameless` are too few."""
    replicas = evidence.gate.replicas or 0
    if absent and evidence.way is Way.STATIC:
        who = f"discovery.peers lacks {some(absent)}"
    elif absent:
        who = f"{some(absent)} {'is' if len(absent) == 1 else 'are'} not listed"
    elif 0 < nameless < replicas:
        who = f"only {nameless} {'is' if nameless == 1 else 'are'} listed"
    else:
        return
    why = " (not made yet, not ready, or scaled down)"
    if evidence.bare_by:
        why = " (no container of that name runs on this network)"
    if evidence.way is Way.STATIC:
        why = ""
    yield warn(f"replicas is {replicas}, and {who}{why}", mend)
