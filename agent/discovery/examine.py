"""Questions that the agent itself never asks, for whoever looks for what is wrong.

Each nameserver by itself, the same question over TCP on purpose, every kind of record of the
service, and what the agent's own way of asking makes of it. Returns frozen facts; what they mean is
`core/diagnosis`'s to say. Like the agent, it never asks for this pod's own name: a question that
comes too early can keep it from resolving for 30 s (kubernetes issue 92559).
"""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.reversename
import dns.rrset

from agent.core.diagnosis import Asked, Dns, OverTcp, Reaction, Records
from agent.core.names import dns_name, ip_address
from agent.core.nameservers import Nameserver
from agent.core.observation import Absent, Answered, Why
from agent.discovery import Inquiry, discoverer
from agent.discovery.auto import NO_PORT, NO_SRV, TOO_MANY
from agent.discovery.transport import (
    EDNS_PAYLOAD,
    Failure,
    Kind,
    Reply,
    Resolver,
    cut_short,
    refusal_of,
)

# Two answers may differ because a pod came in between; the second time that is no chance.
LOOKS = 2
# Bytes. A message over TCP can't be longer (RFC 1035 section 4.2.2).
LONGEST = 65535
_LOCATED: tuple[Kind, ...] = ("A", "AAAA")
_KINDS: tuple[Kind, ...] = ("SRV", *_LOCATED)
Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Place:
    """Where in which cluster to ask: known even where the service is not.

    `timeout` in seconds, for each question.
    """

    namespace: str
    cluster_domain: str
    nameservers: tuple[Nameserver, ...]
    timeout: float


def examine(place: Place, inquiry: Inquiry | None, clock: Clock) -> Dns:
    """Asks all there is to ask, of the service too where an inquiry says which one it is.

    Ends early where nobody answers, or where the namespace is not there. `clock` gives seconds and
    never goes back.
    """
    if not place.namespace or not place.cluster_domain:
        return Dns()
    svc = f"svc.{place.cluster_domain}"
    asked = tuple(_ask_alone(place, server, clock) for server in place.nameservers)
    said = {each.reaction for each in asked}
    if Reaction.THERE in said:
        found = Dns(asked)
        return found if inquiry is None else _with_service(found, inquiry, clock)
    if Reaction.MISSING not in said:
        return Dns(asked)
    resolver = Resolver(lambda: place.nameservers, place.timeout, clock)
    reply = resolver.ask(svc, "A", resolver.deadline())
    if isinstance(reply, Failure):
        return Dns(asked)
    return Dns(asked, has_zone=reply.message.rcode() == dns.rcode.NOERROR)


def _ask_alone(place: Place, server: Nameserver, clock: Clock) -> Asked:
    """What one nameserver makes of the namespace's name."""
    resolver = Resolver(lambda: (server,), place.timeout, clock)
    began = clock()
    name = f"{place.namespace}.svc.{place.cluster_domain}"
    reply = resolver.ask(name, "A", resolver.deadline())
    took = clock() - began
    if isinstance(reply, Failure):
        reaction = Reaction.SILENT if reply.is_timeout else Reaction.UNREACHABLE
        return Asked(server, reaction, took, reply.reason)
    match reply.message.rcode():
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
    seen = discoverer(inquiry, clock).observe()
    first = next(each.server for each in found.asked if each.reaction is Reaction.THERE)
    found = replace(found, seen=seen, over_tcp=_over_tcp(inquiry, first))
    match seen:
        case Answered(remarks=remarks):
            because = (NO_SRV, TOO_MANY, NO_PORT.format(inquiry.port))
            no_srv = next((remark for remark in remarks if remark in because), "")
            others = tuple(remark for remark in remarks if remark != no_srv)
            records = replace(_records(resolver, inquiry), no_srv=no_srv)
            return replace(found, seen=replace(seen, remarks=others), records=records)
        case Absent(why=Why.NO_NAMES):
            return replace(found, own_names=_own_names(resolver, inquiry))
        case _:
            return found


def _records(resolver: Resolver, inquiry: Inquiry) -> Records:
    """What the records say besides who is there."""
    records = Records()
    for _ in range(LOOKS):
        records = _look(resolver, inquiry)
        if not records.without_port:
            break
    return records


def _look(resolver: Resolver, inquiry: Inquiry) -> Records:
    name = inquiry.service.fqdn
    replies = {kind: resolver.ask(name, kind, resolver.deadline()) for kind in _KINDS}
    answers = {kind: _answer(reply, kind) for kind, reply in replies.items()}
    srv = answers["SRV"]
    listed = {ip_address(rdata.address) for kind in _LOCATED for rdata in _data(answers[kind])}
    by_port = _beside(replies["SRV"])
    is_whole = {rdata.target for rdata in _data(srv)} <= by_port.keys()
    reached = {address for addresses in by_port.values() for address in addresses}
    return Records(
        ports=tuple(sorted({rdata.port for rdata in _data(srv)})),
        without_port=tuple(sorted(listed - reached)) if srv and is_whole else (),
        ttls=tuple(float(rrset.ttl) for answer in answers.values() for rrset in answer),
    )


def _answer(reply: Reply | Failure, kind: Kind) -> tuple[dns.rrset.RRset, ...]:
    """The records that were asked for, of the Internet's class; none where none came."""
    if isinstance(reply, Failure):
        return ()
    owner = reply.message.question[0].name
    wanted = (dns.rdataclass.IN, dns.rdatatype.from_text(kind))
    return tuple(
        rrset
        for rrset in reply.message.answer
        if (rrset.rdclass, rrset.rdtype) == wanted and rrset.name == owner
    )


def _data(answer: tuple[dns.rrset.RRset, ...]) -> Iterator[Any]:
    return (rdata for rrset in answer for rdata in rrset)


def _beside(reply: Reply | Failure) -> dict[dns.name.Name, set[str]]:
    """The addresses beside an answer, by name."""
    found: dict[dns.name.Name, set[str]] = {}
    if isinstance(reply, Failure):
        return found
    for rrset in reply.message.additional:
        if rrset.rdtype in (dns.rdatatype.A, dns.rdatatype.AAAA):
            addresses = {ip_address(rdata.address) for rdata in rrset}
            found.setdefault(rrset.name, set()).update(addresses)
    return found


def _own_names(resolver: Resolver, inquiry: Inquiry) -> tuple[str, ...]:
    """The names of this pod's address, if the service lists that: then it has one."""
    replies = {
        kind: resolver.ask(inquiry.service.fqdn, kind, resolver.deadline()) for kind in _LOCATED
    }
    answers = (_answer(reply, kind) for kind, reply in replies.items())
    listed = {ip_address(rdata.address) for answer in answers for rdata in _data(answer)}
    names: list[str] = []
    for address in listed.intersection(inquiry.own.addresses if inquiry.own else ()):
        pointer = dns.reversename.from_address(address).to_text(omit_final_dot=True)
        answer = _answer(resolver.ask(pointer, "PTR", resolver.deadline()), "PTR")
        for rdata in _data(answer):
            with contextlib.suppress(ValueError):  # what is no host name is not this pod's
                names.append(dns_name(rdata.target.to_text(omit_final_dot=True)))
    return tuple(sorted(names))


def _over_tcp(inquiry: Inquiry, server: Nameserver) -> OverTcp:
    """The agent's question over TCP, which the agent itself asks so only after a cut answer."""
    query = dns.message.make_query(inquiry.service.fqdn + ".", "SRV", use_edns=0)
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
