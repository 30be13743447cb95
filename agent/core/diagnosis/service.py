"""The checks of the service and of the pods that DNS lists for it."""

from collections.abc import Iterator
from dataclasses import replace

from agent.core.diagnosis import mends
from agent.core.diagnosis.evidence import Evidence
from agent.core.diagnosis.nameservers import tcp_mend
from agent.core.diagnosis.verdict import Verdict, fail, ok, some, together, warn
from agent.core.gate import Waiting, judge
from agent.core.identity import Identity
from agent.core.membership import Membership, Rules, observe
from agent.core.names import split_ordinal
from agent.core.observation import Absent, Answered, Endpoint, Unknown, Why
from agent.core.roll import Peer, Service
from agent.core.sightings import MISSED_ANSWERS
from agent.core.tracking import is_self


def at_once(me: Identity, seen: Answered) -> Membership:
    """What is known after an answer, if it is believed as if it had been given often enough."""
    state = Membership(me)
    for _ in range(MISSED_ANSWERS):
        state = observe(state, seen, 0.0, Rules(settle=0)).state
    return state


def check_service(evidence: Evidence) -> Verdict:
    """Whether the service is a headless one over this pod's set."""
    me = evidence.me
    match evidence.dns.seen:
        case Answered(endpoints) as seen:
            fact = f"{me.service.fqdn} is a headless service that lists {_pods(len(endpoints))}"
            return together(fact, _oddities(me, seen))
        case Absent(reason, why):
            other = _other_service(evidence)
            there = f"\nDNS knows this pod as {other.pod(me.pod)}" if other else ""
            return fail(f"{reason}{there}", _mend(why, me, other))
        case Unknown(reason):
            return fail(reason, tcp_mend(evidence.dns.over_tcp))
        case None:
            return fail("nobody has asked")


def _oddities(me: Identity, seen: Answered) -> Iterator[Verdict]:
    sets = _sets(seen.endpoints)
    if sets and me.set_name not in sets:
        yield fail(
            f"they are pods of {some(sorted(sets))}, and none of {me.set_name}: its selector is "
            "another set's, or the service is",
            mends.selector(me.service, me.set_name),
        )
    for remark in seen.remarks:
        yield warn(remark, mends.service_name(me.service.name))


def _other_service(evidence: Evidence) -> Service | None:
    """The service that really governs this pod, by the name that DNS has for its address."""
    me = evidence.me
    for name in (n for n in evidence.dns.own_names if "." in n):
        other = replace(me.service, name=name.split(".")[1])
        if name == other.pod(me.pod) and other != me.service:
            return other
    return None


def _mend(why: Why, me: Identity, other: Service | None) -> str:
    match why:
        case Why.NO_SUCH_NAME:
            return mends.whole_service(me.service)
        case Why.NO_DATA | Why.NO_SUCH_PORT:
            return mends.ports(me.service)
        case Why.NOT_HEADLESS:
            return mends.headless(me.service)
        case Why.EXTERNAL_NAME:
            return mends.variable("ROLLCALL_SERVICE", "HEADLESS-SERVICE")
        case Why.NO_NAMES if other:
            return mends.variable("ROLLCALL_SERVICE", other.name)
        case Why.NO_NAMES:
            return mends.service_name(me.service.name)
        case Why.OTHER_FAMILY:
            return mends.variable("ROLLCALL_ADDRESS_FAMILY", "any")
        case _:
            return ""


def check_record(evidence: Evidence) -> Verdict:
    """Whether DNS lists this pod, at the address that it has."""
    me, seen = evidence.me, evidence.dns.seen
    endpoints = seen.endpoints if isinstance(seen, Answered) else ()
    own = [endpoint for endpoint in endpoints if endpoint.fqdn == me.fqdn]
    listed = {address for endpoint in own for address in endpoint.addresses}
    if not own:
        return _unlisted(me, endpoints)
    if me.addresses and listed and not listed & set(me.addresses):
        return warn(
            f"{me.pod} is listed at {some(sorted(listed))}, and is at {some(me.addresses)}: an old "
            f"record (a cache keeps it for up to {max(evidence.dns.records.ttls, default=0):g} s), "
            f"another pod of that name that still runs, or a wrong POD_IP",
            mends.downward("POD_IP"),
        )
    where = f" at {some(sorted(listed))}" if listed else ", without an address"
    return ok(f"{me.pod} is listed{where}")


def _unlisted(me: Identity, endpoints: tuple[Endpoint, ...]) -> Verdict:
    if any(is_self(me, endpoint) for endpoint in endpoints):
        return fail(
            f"this pod is listed, but by its address and not as {me.pod}: its StatefulSet's "
            f"serviceName is not {me.service.name}",
            mends.service_name(me.service.name),
        )
    return fail(
        f"{me.pod} is not listed, so its peers don't know of it: it is not ready, and the service "
        "lists ready pods only; or it started less than a second ago; or the service does not "
        "select it",
        mends.publish_not_ready(me.service),
    )


def check_ports(evidence: Evidence) -> Verdict:
    """Whether SRV records lead to every pod.

    A port name that does not exist is a service without SRV records for it: `check_service` tells.
    """
    service, records = evidence.me.service, evidence.dns.records
    is_too_long = evidence.dns.over_tcp is not None and evidence.dns.over_tcp.is_cut_short
    if records.no_srv and is_too_long:
        return ok("too many pods for SRV records")
    if records.no_srv:
        return warn(records.no_srv, mends.ports(service))
    if records.ports and not any(records.ports):
        return warn("the SRV records have port 0: the service has no ports", mends.ports(service))
    troubles = []
    if records.without_port:
        troubles.append(
            fail(
                f"{some(records.without_port)} is listed without a port, and so without its name: "
                "the pod has no port of the name that the service's targetPort has",
                mends.target_port(service),
            )
        )
    numbers = some(str(port) for port in records.ports)
    return together(
        f"SRV records have port {numbers}" if numbers else "no port is needed", troubles
    )


def check_peers(evidence: Evidence) -> Verdict:
    """Whether all peers are there that are waited for, and that there are to be."""
    me, seen = evidence.me, evidence.dns.seen
    if not isinstance(seen, Answered):
        return fail("nobody has asked")
    state = at_once(me, seen)
    names = [peer.name for peer in state.peers if peer.fqdn in {e.fqdn for e in seen.endpoints}]
    fact = f"{_pods(len(names))} listed: {some(names)}" if names else "no pod has a name"
    return together(fact, _missing(evidence, state, seen))


def _missing(evidence: Evidence, state: Membership, seen: Answered) -> Iterator[Verdict]:
    me, gate = evidence.me, evidence.gate
    if isinstance(waiting := judge(state, gate, 0.0), Waiting):
        mend = mends.publish_not_ready(me.service)
        if gate.wait_for != "predecessors":
            mend = mends.all_of((mend, mends.parallel()))
        yield fail(f"the gate is not open: {waiting.reason}", mend)
    ordinals = range(gate.start_ordinal, gate.start_ordinal + (gate.replicas or 0))
    absent = [n for n in ordinals if f"{me.set_name}-{n}" not in state.listed]
    if absent:
        names = some(f"{me.set_name}-{n}" for n in absent)
        yield warn(
            f"replicas is {gate.replicas}, and {names} {'is' if len(absent) == 1 else 'are'} not "
            "listed (not made yet, not ready, or scaled down)",
            mends.publish_not_ready(me.service),
        )
    if addressless := [Peer(e.fqdn).name for e in seen.endpoints if not e.addresses]:
        yield warn(
            f"DNS names {some(addressless)} without an address beside the name",
            mends.variable("ROLLCALL_DISCOVERY", "address"),
        )
    sets = _sets(seen.endpoints)
    if len(sets) > 1 and me.set_name in sets:
        yield warn(
            f"pods of {some(sorted(sets))} are behind one service, and all count as peers",
            mends.selector(me.service, me.set_name),
        )


def check_freshness(evidence: Evidence) -> Verdict:
    """For how long a cache may hide what is new."""
    ttls = evidence.dns.records.ttls
    if not ttls:
        return ok("nothing has said how long it is valid")
    least, longest = min(ttls), max(ttls)
    if least == 0:
        return warn(
            "the records' TTL is 0 s: if that is not set in CoreDNS's kubernetes plugin, a cache "
            "hands out old records (serve_stale)"
        )
    hidden = f"a new pod or address may stay unseen for {longest:g} s"
    if least < longest:
        return ok(f"the records' TTL is {least:g} to {longest:g} s, so a cache answers: {hidden}")
    return ok(f"the records' TTL is {longest:g} s: where a cache answers, {hidden}")


def _sets(endpoints: tuple[Endpoint, ...]) -> set[str]:
    """The StatefulSets whose pods these are."""
    found = (split_ordinal(Peer(endpoint.fqdn).name) for endpoint in endpoints)
    return {parts[0] for parts in found if parts}


def _pods(count: int) -> str:
    return f"{count} {'pod' if count == 1 else 'pods'}"
