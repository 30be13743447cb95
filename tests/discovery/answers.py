"""Answers put together byte by byte, and what dnspython reads in one."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import dns.message
import dns.name
import dns.rdata
import dns.rdatatype
import dns.rdtypes.IN.SRV
import dns.rrset

from agent.discovery.wire import section

ZONE = "db.prod.svc.cluster.local"
IN, CHAOS = 1, 3
TO_QUESTION = b"\xc0\x0c"  # a pointer to the name that was asked for
_OPT = 41


@dataclass(frozen=True, slots=True)
class Packet:
    """A message of one question; `behind` is what follows its last record.

    The flags are those of an answer from CoreDNS: QR, AA and RD.
    """

    question: bytes
    answer: tuple[bytes, ...] = ()
    authority: tuple[bytes, ...] = ()
    additional: tuple[bytes, ...] = ()
    flags: int = 0x8500
    questions: int = 1
    behind: bytes = b""

    @property
    def wire(self) -> bytes:
        sections = (self.answer, self.authority, self.additional)
        counts = (self.questions, *map(len, sections))
        records = b"".join(record for each in sections for record in each)
        return struct.pack("!6H", 4711, self.flags, *counts) + self.question + records + self.behind


def spelt(name: str) -> bytes:
    """A name, given without its final dot, in full."""
    return dns.name.from_text(f"{name}.").to_digestable()


def record(owner: bytes, kind: str, data: bytes, *, ttl: int = 5, rdclass: int = IN) -> bytes:
    """A record."""
    number = dns.rdatatype.from_text(kind)
    return owner + struct.pack("!HHIH", number, rdclass, ttl, len(data)) + data


def resized(whole: bytes, size: int, by: int) -> bytes:
    """A record, whose data has so many bytes, that says it has more of them, or fewer."""
    at = len(whole) - size
    return whole[: at - 2] + (size + by).to_bytes(2, "big") + whole[at:]


def opt(version: int = 0, rcode: int = 0, data: bytes = b"", owner: bytes = b"\0") -> bytes:
    """An EDNS record; `rcode` is the upper part of one."""
    said = struct.pack("!HHBBHH", _OPT, 1232, rcode, version, 0, len(data))
    return owner + said + data


def srv(target: bytes, *, priority: int = 0, weight: int = 50, port: int = 9042) -> bytes:
    """The data of an SRV record."""
    return struct.pack("!HHH", priority, weight, port) + target


@dataclass(frozen=True, slots=True)
class Told:
    """What an answer says, without weights: each record with its section, and the lowest TTL."""

    records: frozenset[tuple[object, ...]]
    ttl: float


def told(wire: bytes) -> Told:
    """What dnspython reads."""
    message = dns.message.from_wire(wire)
    records = {
        (number, rrset.name, rrset.rdclass, rrset.rdtype, _without_weight(rdata))
        for number, rrset in _numbered(message)
        for rdata in rrset
    }
    ttl = min((rrset.ttl for rrset in message.answer), default=0)
    return Told(frozenset(records), float(ttl))


def told_anew(wire: bytes) -> bytes:
    """What dnspython reads, as bytes of one form only: in full, sorted, with one weight and TTL."""
    message = dns.message.from_wire(wire)
    (asked,) = message.question
    sections: tuple[set[bytes], ...] = (set(), set(), set())
    for number, rrset in _numbered(message):
        kind = dns.rdatatype.to_text(rrset.rdtype)
        for rdata in rrset:
            data = rdata.to_digestable()
            if isinstance(rdata, dns.rdtypes.IN.SRV.SRV):
                data = srv(rdata.target.to_digestable(), priority=rdata.priority, port=rdata.port)
            owner = rrset.name.to_digestable()
            sections[number].add(record(owner, kind, data, rdclass=rrset.rdclass))
    answer, authority, additional = (tuple(sorted(each)) for each in sections)
    question = section(asked.name.to_text(omit_final_dot=True), "A")[:-4]
    question += struct.pack("!HH", asked.rdtype, asked.rdclass)
    return Packet(question, answer, authority, additional).wire


def _numbered(message: dns.message.Message) -> Iterator[tuple[int, dns.rrset.RRset]]:
    for number, each in enumerate((message.answer, message.authority, message.additional)):
        for rrset in each:
            yield number, rrset


def _without_weight(rdata: dns.rdata.Rdata) -> object:
    if isinstance(rdata, dns.rdtypes.IN.SRV.SRV):
        return rdata.priority, rdata.port, rdata.target
    return rdata
