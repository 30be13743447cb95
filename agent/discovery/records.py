"""Every record that a service has, asked for one kind at a time: for whoever looks for mistakes."""

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

import dns.name
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from agent.core.diagnosis import Records
from agent.core.names import dashed_address, dns_name, ip_address
from agent.discovery.attempt import Failure, Reply
from agent.discovery.inquiry import Inquiry
from agent.discovery.reading import pointer_of
from agent.discovery.srv import srv_name
from agent.discovery.transport import Resolver
from agent.discovery.wire import Kind

# Two answers may differ because a pod came in between; the second time that is no chance.
LOOKS = 2
_LOCATED: tuple[Kind, ...] = ("A", "AAAA")
_KINDS: tuple[Kind, ...] = ("SRV", *_LOCATED)


def records_of(resolver: Resolver, inquiry: Inquiry) -> Records:
    """What the records say besides who is there."""
    records = Records()
    for _ in range(LOOKS):
        records = _look(resolver, inquiry)
        if not records.without_port:
            break
    return records


def _look(resolver: Resolver, inquiry: Inquiry) -> Records:
    names = dict.fromkeys(_KINDS, inquiry.service.fqdn) | {"SRV": srv_name(inquiry)}
    replies = {kind: resolver.ask(names[kind], kind, resolver.deadline()) for kind in _KINDS}
    answers = {kind: _answer(reply, kind) for kind, reply in replies.items()}
    srv = answers["SRV"]
    listed = {ip_address(rdata.address) for kind in _LOCATED for rdata in _data(answers[kind])}
    by_port = _beside(replies["SRV"])
    is_whole = {rdata.target for rdata in _data(srv)} <= by_port.keys()
    reached = {address for addresses in by_port.values() for address in addresses}
    return Records(
        ports=tuple(sorted({rdata.port for rdata in _data(srv)})),
        addresses=tuple(sorted(listed)),
        names=_names(rdata.target for rdata in _data(srv)),
        without_port=tuple(sorted(listed - reached)) if srv and is_whole else (),
        ttls=tuple(float(rrset.ttl) for answer in answers.values() for rrset in answer),
    )


def _names(targets: Iterable[dns.name.Name]) -> tuple[str, ...]:
    """The pods' names in SRV records; one that has none is called by its address there."""
    labels = {target.labels[0].decode("ascii", "replace").lower() for target in targets}
    return tuple(sorted(label for label in labels if dashed_address(label) is None))


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


def own_names(resolver: Resolver, inquiry: Inquiry) -> tuple[str, ...]:
    """The names of this pod's address, if the service lists that: then it has one."""
    replies = {
        kind: resolver.ask(inquiry.service.fqdn, kind, resolver.deadline()) for kind in _LOCATED
    }
    answers = (_answer(reply, kind) for kind, reply in replies.items())
    listed = {ip_address(rdata.address) for answer in answers for rdata in _data(answer)}
    names: list[str] = []
    for address in listed.intersection(inquiry.own.addresses if inquiry.own else ()):
        answer = _answer(resolver.ask(pointer_of(address), "PTR", resolver.deadline()), "PTR")
        for rdata in _data(answer):
            with contextlib.suppress(ValueError):  # what is no host name is not this pod's
                names.append(dns_name(rdata.target.to_text(omit_final_dot=True)))
    return tuple(sorted(names))
