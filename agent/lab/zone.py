"""What CoreDNS 1.14 with its kubernetes plugin would answer, worked out from a cluster's state.

Pure: a cluster and a question in, an answer out. It must not know sockets, clocks, sizes (`wire`
cuts an answer to fit) or faults. The norm is the Kubernetes DNS-Based Service Discovery
specification 1.1.0; where CoreDNS goes beyond it or beside it, CoreDNS is followed, and
`tests/lab/test_against_coredns.py` holds this module to a real one, answer by answer.

The CoreDNS that is meant: its zones are the cluster domain, `in-addr.arpa` and `ip6.arpa`,
`pods disabled`, no upstream, bound to loopback (so it knows no name for itself: NS is NODATA).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype

from agent.lab.cluster import Cluster
from agent.lab.lookup import Alias, Entry, address_family, find, find_reverse
from agent.lab.records import (
    AAAA,
    CNAME,
    IN,
    PTR,
    SOA,
    SRV,
    TXT,
    A,
    Record,
    distinct,
    rdata,
    rrsets,
)

_VERSION = "1.1.0"
_VERSION_TTL = 28800
_LONGEST_SOA_TTL = 300
_LONGEST_CHAIN = 10
_REVERSE_ZONES = (dns.name.from_text("in-addr.arpa."), dns.name.from_text("ip6.arpa."))
_TRANSFERS = (dns.rdatatype.AXFR, dns.rdatatype.IXFR)
_ECHOED_OPTIONS = (
    dns.edns.OptionType.NSID,
    dns.edns.OptionType.COOKIE,
    dns.edns.OptionType.PADDING,
    9,  # EXPIRE, RFC 7314
    11,  # edns-tcp-keepalive, RFC 7828
)


@dataclass(frozen=True, slots=True)
class _Found:
    """The records of a name that exists; none of them is NODATA."""

    answer: tuple[Record, ...] = ()
    additional: tuple[Record, ...] = ()


@dataclass(frozen=True, slots=True)
class _Question:
    """A question inside one of the zones; `zone` is cut from the name, in the name's case."""

    name: dns.name.Name
    rdtype: dns.rdatatype.RdataType
    zone: dns.name.Name
    path: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        labels = self.name.labels[: len(self.name) - len(self.zone)]
        path = tuple(label.lower().decode("latin-1") for label in labels)
        object.__setattr__(self, "path", path)

    @property
    def reverse(self) -> bool:
        return self.zone in _REVERSE_ZONES


def answer(cluster: Cluster, query: dns.message.Message, serial: int = 1) -> dns.message.Message:
    """The whole answer to a query of one question, whatever its size.

    `serial` is the SOA's: CoreDNS puts the Unix second of the last change in the cluster there.
    """
    reply = reply_to(query)
    if query.edns > 0:
        reply.use_edns(0, payload=0)
        reply.set_rcode(dns.rcode.BADVERS)
        return reply
    asked = query.question[0]
    zone = _zone_of(cluster, asked.name)
    if asked.rdclass != IN or zone is None or asked.rdtype in _TRANSFERS:
        reply.set_rcode(dns.rcode.REFUSED)
        return reply
    question = _Question(asked.name, asked.rdtype, zone)
    found = _resolve(cluster, question, serial)
    reply.flags |= dns.flags.AA
    if found is None:
        reply.set_rcode(dns.rcode.NXDOMAIN)
    if found is None or not found.answer:
        reply.authority.extend(rrsets([_soa(cluster, zone, serial)]))
    else:
        reply.answer.extend(rrsets(found.answer))
        reply.additional.extend(rrsets(found.additional))
    return reply


def reply_to(query: dns.message.Message) -> dns.message.Message:
    """An empty NOERROR reply: the question, RD and CD come back, and OPT if the query had one.

    CoreDNS sends the query's own OPT back: its payload size, its DO bit and known options.
    """
    reply = dns.message.QueryMessage(id=query.id)
    reply.flags = dns.flags.QR
    reply.set_opcode(query.opcode())
    if query.opcode() == dns.opcode.QUERY:
        reply.flags |= query.flags & (dns.flags.RD | dns.flags.CD)
    reply.question = list(query.question)
    if query.edns >= 0:
        options = [option for option in query.options if option.otype in _ECHOED_OPTIONS]
        reply.use_edns(0, query.ednsflags & 0xFF00, query.payload, options=options)
    return reply


def _zone_of(cluster: Cluster, name: dns.name.Name) -> dns.name.Name | None:
    for zone in (_parsed(cluster.domain), *_REVERSE_ZONES):
        if name.is_subdomain(zone):
            return name.split(len(zone))[1]
    return None


def _resolve(cluster: Cluster, question: _Question, serial: int) -> _Found | None:
    """The records for a question; None is NXDOMAIN."""
    match question.rdtype:
        case dns.rdatatype.A | dns.rdatatype.AAAA:
            return _addresses(cluster, question, ())
        case dns.rdatatype.SRV:
            return _srv(cluster, question)
        case dns.rdatatype.PTR:
            return _ptr(cluster, question)
        case dns.rdatatype.CNAME:
            return _cname(cluster, question)
        case dns.rdatatype.TXT:
            return _txt(cluster, question)
        case dns.rdatatype.SOA:  # NODATA for every other name of the zone, whether it exists or not
            at_apex = not question.path
            return _Found((_soa(cluster, question.zone, serial),) if at_apex else ())
        case _:
            return None if _entries(cluster, question) is None else _Found()


def _entries(cluster: Cluster, question: _Question) -> tuple[Entry | Alias, ...] | None:
    if question.path == ("ns", "dns"):
        return ()  # the name server's own name: it exists, and bound to loopback has no address
    return find(cluster, question.path, reverse=question.reverse)


def _addresses(cluster: Cluster, question: _Question, chain: tuple[str, ...]) -> _Found | None:
    entries = _entries(cluster, question)
    if entries is None:
        return None
    records: list[Record] = []
    for entry in entries:
        match entry:
            case Alias(target):
                records.extend(_follow(cluster, question, target, chain))
            case Entry(address=address) if address_family(address) == question.rdtype:
                records.append(_address(cluster, question.name, address))
    return _Found(distinct(records))


def _follow(
    cluster: Cluster, question: _Question, target: str, chain: tuple[str, ...]
) -> Iterator[Record]:
    """An ExternalName's CNAME, and what it leads to; nothing, if that is a name without records.

    A target outside the zone is for an upstream to resolve, and there is none: the CNAME alone.
    """
    name = _parsed(target)
    if name.is_subdomain(question.name) or target in chain or len(chain) > _LONGEST_CHAIN:
        return
    alias = rdata(CNAME, name)
    further: tuple[Record, ...] = ()
    if name.is_subdomain(question.zone):
        following = _Question(name, question.rdtype, question.zone)
        found = _addresses(cluster, following, (*chain, target))
        if found is None or not found.answer:
            return
        further = found.answer
    yield Record(question.name, cluster.ttl, alias)
    yield from further


def _srv(cluster: Cluster, question: _Question) -> _Found | None:
    every = _entries(cluster, question)
    if every is None:
        return None
    entries = [entry for entry in every if isinstance(entry, Entry)]
    weight = max(1, math.floor(100.0 / (100 * len(entries)) * 100)) if entries else 0
    answers: list[Record] = []
    additional: list[Record] = []
    for entry in entries:
        if entry.port is None:
            continue
        target = _below(entry.owner, question.zone)
        srv = rdata(SRV, 0, weight, entry.port, target)
        answers.append(Record(question.name, cluster.ttl, srv))
        additional.append(_address(cluster, target, entry.address))
    return _Found(distinct(answers), distinct(additional))


def _ptr(cluster: Cluster, question: _Question) -> _Found | None:
    owners = find_reverse(cluster, question.path, question.zone.labels[0].lower())
    if owners is None:
        found = find(cluster, question.path, reverse=question.reverse)
        return None if found is None else _Found()
    if not owners:
        return None
    records = []
    for owner in owners:
        target = _below(owner, _parsed(cluster.domain))
        value = rdata(PTR, target)
        records.append(Record(question.name, cluster.ttl, value))
    return _Found(distinct(records))


def _cname(cluster: Cluster, question: _Question) -> _Found | None:
    match _entries(cluster, question):
        case None:
            return None
        case (Alias(target), *_):
            value = rdata(CNAME, _parsed(target))
            return _Found((Record(question.name, cluster.ttl, value),))
        case _:
            return _Found()


def _txt(cluster: Cluster, question: _Question) -> _Found | None:
    """`dns-version` and nothing else; CoreDNS denies here even names that are NODATA to A."""
    if question.path == ("dns-version",):
        value = rdata(TXT, [_VERSION])
        return _Found((Record(question.name, _VERSION_TTL, value),))
    return _Found() if find(cluster, question.path, reverse=question.reverse) else None


def _soa(cluster: Cluster, zone: dns.name.Name, serial: int) -> Record:
    ttl = min(cluster.ttl, _LONGEST_SOA_TTL)
    value = rdata(
        SOA,
        dns.name.Name((b"ns", b"dns", *zone.labels)),
        dns.name.Name((b"hostmaster", *zone.labels)),
        serial,
        7200,
        1800,
        86400,
        cluster.ttl,
    )
    return Record(zone, ttl, value)


def _address(cluster: Cluster, owner: dns.name.Name, address: str) -> Record:
    if address_family(address) == A:
        return Record(owner, cluster.ttl, rdata(A, address))
    return Record(owner, cluster.ttl, rdata(AAAA, address))


def _below(labels: tuple[str, ...], zone: dns.name.Name) -> dns.name.Name:
    return dns.name.Name((*(label.encode("latin-1") for label in labels), *zone.labels))


@lru_cache(maxsize=1024)
def _parsed(name: str) -> dns.name.Name:
    return dns.name.from_text(name)
