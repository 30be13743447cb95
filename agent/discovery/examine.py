"""Questions that the agent itself never asks, for whoever looks for what is wrong.

Each nameserver by itself, the same question over TCP on purpose, every kind of record of the
service, and what the agent's own way of asking makes of it. Returns frozen facts; what they mean is
`core/diagnosis`'s to say. Like the agent, it asks for this pod's own name in docker-compose only:
elsewhere a question that comes too early can keep it from resolving for 30 s (kubernetes issue
92559). There it asks for no SRV records, which Docker would hand on to strangers.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode

from agent.core.diagnosis import Asked, Dns, OverTcp, Reaction, Records, Way
from agent.core.names import is_address, of_family
from agent.core.nameservers import Nameserver
from agent.core.observation import Absent, Answered, Endpoint, Observation, Unknown, Why
from agent.discovery import Inquiry, discoverer
from agent.discovery.attempt import EDNS_PAYLOAD, Failure, cut_short
from agent.discovery.auto import NotBySrv, TooLong
from agent.discovery.reading import pointer_of
from agent.discovery.records import own_names, records_of
from agent.discovery.srv import srv_name
from agent.discovery.transport import Resolver, refusal_of
from agent.discovery.wire import Kind

# A packet may be lost, and a long list of names may take more than one poll.
LOOKS = 2
# Bytes. A message over TCP can't be longer (RFC 1035 section 4.2.2).
LONGEST = 65535
Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Place:
    """Where in which cluster to ask: known even where the service is not.

    Where names are bare there is neither a namespace nor a domain; then `here` are the addresses
    of this container, as far as known. `timeout` in seconds, for each question.
    """

    namespace: str
    cluster_domain: str
    nameservers: tuple[Nameserver, ...]
    timeout: float
    here: tuple[str, ...] = ()


def way_of(inquiry: Inquiry) -> Way:
    """What the agent asks for, by this inquiry."""
    if inquiry.peers:
        return Way.STATIC
    if inquiry.mode == "ordinals" or (inquiry.mode == "auto" and _is_of_containers(inquiry)):
        return Way.ORDINALS
    if inquiry.mode == "address" or (inquiry.mode == "auto" and inquiry.service.is_bare):
        return Way.ADDRESS
    return Way.SRV


def _is_of_containers(inquiry: Inquiry) -> bool:
    return inquiry.service.is_bare and bool(inquiry.pods)


def examine(place: Place, inquiry: Inquiry | None, clock: Clock) -> Dns:
    """Asks all there is to ask, of the service too where an inquiry says which one it is.

    Ends early where nobody answers, or where the namespace is not there. `clock` gives seconds and
    never goes back.
    """
    if inquiry is not None and inquiry.peers:
        return Dns(seen=discoverer(inquiry, clock).observe())
    if (question := _first_question(place, inquiry)) is None:
        return Dns()
    asked = tuple(_ask_alone(question, place, server, clock) for server in place.nameservers)
    said = {each.reaction for each in asked}
    found = Dns(asked)
    if Reaction.THERE in said or (Reaction.MISSING in said and not place.namespace):
        return found if inquiry is None else _with_service(found, inquiry, clock)
    if Reaction.MISSING not in said:
        return found
    resolver = Resolver(lambda: place.nameservers, place.timeout, clock)
    reply = resolver.ask(f"svc.{place.cluster_domain}", "A", resolver.deadline())
    if isinstance(reply, Failure):
        return found
    return replace(found, has_zone=reply.rcode == dns.rcode.NOERROR)


def _first_question(place: Place, inquiry: Inquiry | None) -> tuple[str, Kind] | None:
    """What shows whether a nameserver answers; None if that can't be known.

    Where names are bare, the name of this container's own address: Docker answers that itself, and
    hands a name that it does not know on to whom it may be silent for.
    """
    if place.namespace and place.cluster_domain:
        return f"{place.namespace}.svc.{place.cluster_domain}", "A"
    if place.here:
        return pointer_of(place.here[0]), "PTR"
    if inquiry is not None and inquiry.service.is_bare:
        return inquiry.service.fqdn, "A"
    return None


def _ask_alone(question: tuple[str, Kind], place: Place, server: Nameserver, clock: Clock) -> Asked:
    """What one nameserver makes of a question."""
    resolver = Resolver(lambda: (server,), place.timeout, clock)
    began = clock()
    reply = resolver.ask(*question, resolver.deadline())
    took = clock() - began
    if isinstance(reply, Failure):
        reaction = Reaction.SILENT if reply.is_timeout else Reaction.UNREACHABLE
        return Asked(server, reaction, took, reply.reason)
    match reply.rcode:
        case dns.rcode.NOERROR:
            return Asked(server, Reaction.THERE, took)
        case dns.rcode.NXDOMAIN:
            return Asked(server, Reaction.MISSING, took)
        case dns.rcode.REFUSED:
            return Asked(server, Reaction.REFUSED, took, refusal_of(reply))
        case _:
            return Asked(server, Reaction.FAILED, took, refusal_of(reply))


def _with_service(found: Dns, inquiry: Inquiry, clock: Clock) -> Dns:
    """With what is to be asked of the service itself."""
    resolver = Resolver(inquiry.nameservers, inquiry.timeout, clock)
    seen = _observe(inquiry, clock)
    found = replace(found, seen=seen, unfit=_unfit(seen, inquiry, clock))
    if isinstance(seen, Answered):
        remarks = tuple(r for r in seen.remarks if not isinstance(r, NotBySrv))
        why_not = next((r for r in seen.remarks if isinstance(r, NotBySrv)), "")
        records = Records() if inquiry.service.is_bare else records_of(resolver, inquiry)
        records = replace(records, no_srv=why_not, is_too_long=isinstance(why_not, TooLong))
        found = replace(found, seen=replace(seen, remarks=remarks), records=records)
    if isinstance(seen, Absent) and seen.why is Why.NO_NAMES and not inquiry.service.is_bare:
        found = replace(found, own_names=own_names(resolver, inquiry))
    return replace(found, over_tcp=_over_tcp(found, inquiry))


def _observe(inquiry: Inquiry, clock: Clock) -> Observation:
    """As the agent sees it, which asks again in time; names that were learnt stay known."""
    asking = discoverer(inquiry, clock)
    seen = asking.observe()
    for _ in range(LOOKS - 1):
        if not isinstance(seen, Unknown):
            break
        seen = asking.observe()
    return seen


def _unfit(seen: Observation, inquiry: Inquiry, clock: Clock) -> tuple[Endpoint, ...]:
    """The pods that have no address of the family that is asked for, and have one.

    Who has no name is listed once for each family, so of these only all together say something.
    """
    is_other = isinstance(seen, Absent) and seen.why is Why.OTHER_FAMILY
    if inquiry.family == "any" or not (isinstance(seen, Answered) or is_other):
        return ()
    of_both = _observe(replace(inquiry, family="any"), clock)
    endpoints = of_both.endpoints if isinstance(of_both, Answered) else ()
    located = [endpoint for endpoint in endpoints if endpoint.addresses]
    unfit = [each for each in located if not of_family(each.addresses, inquiry.family)]
    if len(unfit) < len(located):
        unfit = [each for each in unfit if not is_address(each.fqdn)]
    return tuple(unfit)


def _over_tcp(found: Dns, inquiry: Inquiry) -> OverTcp | None:
    """The agent's question over TCP, which the agent itself asks so only after a cut answer.

    None where no answer can be so long, or where there may be none over TCP of Docker's own.
    """
    way = way_of(inquiry)
    if way is Way.ORDINALS or (inquiry.service.is_bare and not isinstance(found.seen, Answered)):
        return None
    knowing = sorted(found.asked, key=lambda asked: asked.reaction is not Reaction.THERE)
    server = next(each.server for each in knowing if not each.phrase)
    name: str = srv_name(inquiry)
    kind: Kind = "SRV"
    if way is Way.ADDRESS or found.records.no_srv:
        name, kind = inquiry.service.fqdn, inquiry.kinds[0]
    query = dns.message.make_query(f"{name}.", kind, use_edns=0)
    try:
        answer = dns.query.tcp(query, server.host, timeout=inquiry.timeout, port=server.port)
    except dns.exception.Timeout:
        problem = f"{server} does not answer over TCP within {inquiry.timeout:g} s"
    except ConnectionRefusedError:
        problem = f"{server} takes no connection over TCP"
    except (OSError, EOFError, dns.exception.DNSException) as wrong:
        why = (isinstance(wrong, OSError) and wrong.strerror) or wrong
        problem = f"{server} does not answer over TCP: {why}"
    else:
        if answer.flags & dns.flags.TC:
            return OverTcp(server, EDNS_PAYLOAD, problem=cut_short(server), is_cut_short=True)
        return OverTcp(server, EDNS_PAYLOAD, size=len(answer.to_wire(max_size=LONGEST)))
    return OverTcp(server, EDNS_PAYLOAD, problem=problem)
