"""The checks of the service: whether it is one to follow, its ports, how old an answer may be."""

from collections.abc import Iterator
from dataclasses import replace

from agent.core.diagnosis import mends
from agent.core.diagnosis.evidence import Evidence, Known, Way
from agent.core.diagnosis.manifests import listing, manifest_of, wanted_family
from agent.core.diagnosis.mends import Mend
from agent.core.diagnosis.nameservers import NOBODY_ASKED, tcp_mend
from agent.core.diagnosis.verdict import Verdict, fail, moot, ok, some, together, warn
from agent.core.identity import Identity
from agent.core.names import address_key, is_address, sets_of, split_ordinal
from agent.core.observation import Absent, Answered, Endpoint, Unknown, Why
from agent.core.roll import Peer, Service


def check_service(evidence: Known) -> Verdict:
    """Whether the service is a headless one over this pod's set, or what stands for that."""
    seen = evidence.dns.seen
    match seen:
        case Answered():
            return together(_fact(evidence, seen), _oddities(evidence, seen))
        case Absent(_, Why.OTHER_FAMILY) if evidence.dns.unfit:
            return _of_other_family(evidence)
        case Absent(reason, why):
            other = _other_service(evidence)
            there = f"\nDNS knows this pod as {other.pod(evidence.me.pod)}" if other else ""
            return fail(f"{reason}{there}", _mend(why, evidence, other))
        case Unknown(reason):
            return fail(reason, tcp_mend(evidence))


def _fact(evidence: Known, seen: Answered) -> str:
    service, count = evidence.me.service, len(seen.endpoints)
    match evidence.way:
        case Way.STATIC:
            return NOBODY_ASKED
        case Way.ORDINALS:
            of = evidence.gate.replicas or count
            what = "containers" if service.is_bare else "pods"
            return f"asked for by their names, {count} of {of} {what} are there"
        case _ if service.is_bare:
            return f"the alias {service.name} has {count} {_plural('container', count)}"
        case _:
            return f"{service.fqdn} is a headless service that lists {pods(count)}"


def _oddities(evidence: Known, seen: Answered) -> Iterator[Verdict]:
    me, endpoints = evidence.me, seen.endpoints
    if evidence.dns.unfit and not any(_has_address(e, me) for e in endpoints):
        yield _of_other_family(evidence)
        return
    sets = sets_of(names_of(endpoints))
    if me.set_name and sets and me.set_name not in sets:
        yield _of_others(evidence, sets)
    numbered = [name for name in evidence.dns.records.names if split_ordinal(name)]
    if numbered and not evidence.role.has_ordinals:
        yield warn(
            f"its pods have names, as a StatefulSet's have ({some(numbered)}), but workload says "
            "that they are a Deployment's",
            manifest_of(evidence).variable("ROLLCALL_WORKLOAD", "statefulset"),
        )
    for remark in seen.remarks:
        yield warn(remark, _mend_of_nameless(evidence, endpoints))


def _mend_of_nameless(evidence: Known, endpoints: tuple[Endpoint, ...]) -> Mend | None:
    """What mends an answer with pods that are known by their addresses, if it has any."""
    nameless = [endpoint.fqdn for endpoint in endpoints if is_address(endpoint.fqdn)]
    if not evidence.role.has_ordinals and len({address_key(a)[0] for a in nameless}) > 1:
        return manifest_of(evidence).variable("ROLLCALL_ADDRESS_FAMILY", "ipv4")
    is_to_rename = nameless and evidence.has_ordinals and not evidence.bare_by
    return mends.service_name(evidence.me.service.name) if is_to_rename else None


def _has_address(endpoint: Endpoint, me: Identity) -> bool:
    """Whether it is another's, and has an address of the family that is asked for."""
    return bool(endpoint.addresses) and endpoint.fqdn != me.fqdn


def _of_others(evidence: Known, sets: tuple[str, ...]) -> Verdict:
    """All are pods of other sets than this one's; of containers discovery itself says so."""
    me = evidence.me
    return fail(
        f"they are pods of {some(sets)}, and none of {me.set_name}: its selector is "
        "another set's, or the service is",
        mends.selector(me.service, me.set_name),
    )


def _of_other_family(evidence: Known) -> Verdict:
    """Nobody has an address of the family that is asked for."""
    role, unfit = evidence.role, evidence.dns.unfit
    addresses = sorted({a for endpoint in unfit for a in endpoint.addresses}, key=address_key)
    return fail(
        f"address_family is {role.family}, and {some(names_of(unfit))} "
        f"{'has' if len(unfit) == 1 else 'have'} no such address, only {some(addresses)}",
        wanted_family(evidence),
    )


def _other_service(evidence: Known) -> Service | None:
    """The service that really governs this pod, by the name that DNS has for its address."""
    me = evidence.me
    for name in (n for n in evidence.dns.own_names if "." in n):
        other = replace(me.service, name=name.split(".")[1])
        if name == other.pod(me.pod) and other != me.service:
            return other
    return None


def _mend(why: Why, evidence: Known, other: Service | None) -> Mend | None:
    me, manifest = evidence.me, manifest_of(evidence)
    match why:
        case Why.OTHER_FAMILY:
            return wanted_family(evidence)
        case _ if evidence.bare_by:
            return _mend_of_containers(why, evidence)
        case Why.NO_SUCH_NAME:
            whose = "StatefulSet" if evidence.role.has_ordinals else "Deployment"
            return mends.whole_service(me.service, whose)
        case Why.NO_SUCH_PORT:
            return mends.port_name(me.service)
        case Why.NO_DATA:
            return mends.ports(me.service)
        case Why.NOT_HEADLESS:
            return mends.headless(me.service)
        case Why.EXTERNAL_NAME:
            return manifest.variable("ROLLCALL_SERVICE", "HEADLESS-SERVICE")
        case Why.NO_NAMES:
            return _mend_of_names(evidence, other)
        case Why.NO_NAMESPACE:  # which the check of the namespace has seen
            return None


def _mend_of_names(evidence: Known, other: Service | None) -> Mend:
    """What mends it that pods have no names; an observer's are mostly a Deployment's."""
    me, manifest = evidence.me, manifest_of(evidence)
    if not me.is_member:
        return manifest.variable("ROLLCALL_WORKLOAD", "deployment")
    told = manifest.variable("ROLLCALL_SERVICE", other.name) if other else None
    return told or mends.service_name(me.service.name)


def _mend_of_containers(why: Why, evidence: Known) -> Mend | None:
    """What mends it in docker-compose that nobody is there."""
    if why is Why.NO_NAMES:
        return manifest_of(evidence).variable("ROLLCALL_REPLICAS", "COUNT")
    pod = evidence.me.pod if evidence.has_ordinals else "CONTAINER"
    return listing(evidence, pod) if why is Why.NO_SUCH_NAME else None


def check_ports(evidence: Known) -> Verdict:
    """Whether SRV records lead to every pod.

    A port name that does not exist is a service without SRV records for it: where nothing else is
    asked for, `check_service` tells.
    """
    service, records = evidence.me.service, evidence.dns.records
    if evidence.way is Way.STATIC:
        return moot(NOBODY_ASKED)
    if evidence.way is not Way.SRV:
        return moot(f"DNS is asked for {evidence.way.value}, which takes no port")
    if records.is_too_long:
        return ok("too many pods for SRV records: their addresses are asked for instead")
    if records.no_srv and evidence.port_name:
        return warn(records.no_srv, mends.port_name(service))
    if records.no_srv:
        return warn(records.no_srv, mends.ports(service))
    if records.ports and not any(records.ports):
        return warn("the SRV records have port 0: the service has no ports", mends.ports(service))
    troubles = []
    if records.without_port:
        named = f"named {evidence.port_name}" if evidence.port_name else "of a name"
        troubles.append(
            fail(
                f"{some(records.without_port)} is listed without a port, and so without its name: "
                f"the pod has no port {named} that the service's targetPort has",
                mends.target_port(service),
            )
        )
    numbers = some(str(port) for port in records.ports)
    called = f"{evidence.port_name} is port" if evidence.port_name else "SRV records have port"
    return together(f"{called} {numbers}" if numbers else "no port is needed", troubles)


def check_freshness(evidence: Evidence) -> Verdict:
    """For how long a cache may hide what is new."""
    ttls = evidence.dns.records.ttls
    if evidence.way is Way.STATIC:
        return moot(NOBODY_ASKED)
    if evidence.bare_by:
        return moot("Docker answers by what runs now, whatever time to live it says")
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


def names_of(endpoints: tuple[Endpoint, ...]) -> list[str]:
    """What they are called, an address where they have no name."""
    return [Peer(endpoint.fqdn).name for endpoint in endpoints]


def pods(count: int) -> str:
    """So many pods."""
    return f"{count} {_plural('pod', count)}"


def _plural(thing: str, count: int) -> str:
    return thing if count == 1 else f"{thing}s"
