"""DNS messages as bytes, read and written as CoreDNS (the Go library miekg/dns) does.

dnspython writes the same records in other bytes: it folds the case of names that it compresses, it
always compresses, and its idea of what fits differs. Where an answer stops fitting is a thing that
Rollcall meets in earnest, so the lab writes its own. This module must not know what an answer
should say (`zone`) nor who asked.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.CNAME
import dns.rdtypes.ANY.PTR
import dns.rdtypes.ANY.SOA
import dns.rdtypes.IN.SRV
import dns.rrset

SMALLEST_LIMIT = 512
TCP_LIMIT = 65535
COMPRESS_OVER = 1480
"""A UDP answer over this many bytes is compressed though it fits, against fragments."""

_HEADER = struct.Struct("!6H")
_FIXED = struct.Struct("!HHIH")
_POINTER = 0xC000
_POINTER_REACH = 0x4000
_OPCODE_BITS = 0x7800
_KEPT_BY_AN_ANSWER = dns.flags.RD | dns.flags.CD
_KEPT_BY_A_REFUSAL = _KEPT_BY_AN_ANSWER | dns.flags.TC | dns.flags.RA | dns.flags.AD
_ANSWERED_OPCODES = (dns.opcode.QUERY, dns.opcode.NOTIFY)


def read(packet: bytes) -> dns.message.Message | bytes | None:
    """A query of exactly one question; or the refusal to send instead; or None, to say nothing.

    Nothing is said to what has no whole header and to what is itself an answer. NOTIFY is let
    through and answered like a query; other opcodes are NOTIMP; a header and nothing else is
    SERVFAIL; the rest is FORMERR.
    """
    if len(packet) < _HEADER.size:
        return None
    _, flags, questions, answers, authorities, additionals = _HEADER.unpack_from(packet)
    if flags & dns.flags.QR:
        return None
    if dns.opcode.from_flags(flags) not in _ANSWERED_OPCODES:
        return _refusal(packet, flags, dns.rcode.NOTIMP)
    if questions != 1 or answers > 1 or authorities > 1 or additionals > 2:
        return _refusal(packet, flags, dns.rcode.FORMERR)
    if len(packet) == _HEADER.size:
        return _refusal(packet, flags & _KEPT_BY_AN_ANSWER, dns.rcode.SERVFAIL)
    try:
        return dns.message.from_wire(packet, ignore_trailing=True)
    except dns.exception.DNSException:
        return _refusal(packet, flags, dns.rcode.FORMERR, _question_of(packet))


def limit_of(query: dns.message.Message, transport: str) -> int:
    """The bytes that an answer may have: what EDNS says over UDP, 512 without, 65535 over TCP."""
    if transport == "tcp":
        return TCP_LIMIT
    return max(SMALLEST_LIMIT, query.payload if query.edns >= 0 else 0)


def encode(reply: dns.message.Message, transport: str, limit: int) -> bytes:
    """A reply in at most `limit` bytes; TC is set if any record had to go, whichever it is.

    Names are compressed only where the reply would not fit otherwise, or is long. Over TCP past
    64 KiB the reply is cut and flagged just the same. The caller's message is left as it is.
    """
    opt = _opt(reply)
    whole = _write(reply, opt, limit, compressing=False)
    if not whole.cut and (transport == "tcp" or len(whole.packet) <= COMPRESS_OVER):
        return bytes(whole.packet)
    return bytes(_write(reply, opt, limit, compressing=True).packet)


@dataclass(slots=True)
class _Packet:
    compressing: bool
    packet: bytearray = field(default_factory=lambda: bytearray(_HEADER.size))
    places: dict[tuple[bytes, ...], int] = field(default_factory=dict)
    cut: bool = False

    def name(self, name: dns.name.Name, compressible: bool = True) -> None:
        """A name. One that must not be compressed may still be pointed at by later ones.

        Suffixes are matched with their case, so that no name loses its own.
        """
        labels = name.labels
        for at, label in enumerate(labels[:-1]):
            suffix = labels[at:]
            place = self.places.get(suffix)
            if place is None:
                if len(self.packet) < _POINTER_REACH:
                    self.places[suffix] = len(self.packet)
            elif self.compressing and compressible:
                self.packet += struct.pack("!H", _POINTER | place)
                return
            self.packet.append(len(label))
            self.packet += label
        self.packet.append(0)

    def question(self, asked: dns.rrset.RRset) -> None:
        self.name(asked.name)
        self.packet += struct.pack("!HH", asked.rdtype, asked.rdclass)

    def record(self, owner: dns.name.Name, ttl: int, rdata: dns.rdata.Rdata) -> None:
        self.name(owner)
        self.packet += _FIXED.pack(rdata.rdtype, rdata.rdclass, ttl, 0)
        start = len(self.packet)
        self.rdata(rdata)
        struct.pack_into("!H", self.packet, start - 2, len(self.packet) - start)

    def rdata(self, rdata: dns.rdata.Rdata) -> None:
        match rdata:
            case dns.rdtypes.IN.SRV.SRV():
                self.packet += struct.pack("!3H", rdata.priority, rdata.weight, rdata.port)
                self.name(rdata.target, compressible=False)  # RFC 2782
            case dns.rdtypes.ANY.CNAME.CNAME() | dns.rdtypes.ANY.PTR.PTR():
                self.name(rdata.target)
            case dns.rdtypes.ANY.SOA.SOA():
                self.name(rdata.mname)
                self.name(rdata.rname)
                times = (rdata.serial, rdata.refresh, rdata.retry, rdata.expire, rdata.minimum)
                self.packet += struct.pack("!5I", *times)
            case _:
                self.packet += rdata.to_wire() or b""


def _write(reply: dns.message.Message, opt: bytes, limit: int, compressing: bool) -> _Packet:
    out = _Packet(compressing)
    counts = [0, 0, 0]
    for question in reply.question:
        out.question(question)
    for section, owner, ttl, rdata in _records(reply):
        before = len(out.packet)
        out.record(owner, ttl, rdata)
        if len(out.packet) > limit - len(opt):
            del out.packet[before:]
            out.cut = True
            break
        counts[section] += 1
    flags = reply.flags | (dns.flags.TC if out.cut else 0)
    counts[2] += 1 if opt else 0
    _HEADER.pack_into(out.packet, 0, reply.id, flags, len(reply.question), *counts)
    out.packet += opt
    return out


def _records(
    reply: dns.message.Message,
) -> Iterator[tuple[int, dns.name.Name, int, dns.rdata.Rdata]]:
    for number, section in enumerate((reply.answer, reply.authority, reply.additional)):
        for rrset in section:
            for rdata in rrset:
                yield number, rrset.name, rrset.ttl, rdata


def _opt(reply: dns.message.Message) -> bytes:
    if reply.opt is None:
        return b""
    rdata = b"".join(
        struct.pack("!HH", option.otype, len(option.to_wire() or b"")) + (option.to_wire() or b"")
        for option in reply.options
    )
    fixed = _FIXED.pack(dns.rdatatype.OPT, reply.payload, reply.ednsflags, len(rdata))
    return b"\0" + fixed + rdata


def _refusal(packet: bytes, flags: int, rcode: dns.rcode.Rcode, question: bytes = b"") -> bytes:
    """A header that says no. CoreDNS keeps the query's other flags, and its opcode for NOTIMP."""
    kept = flags & _KEPT_BY_A_REFUSAL
    if rcode == dns.rcode.NOTIMP:
        kept |= flags & _OPCODE_BITS
    (identity,) = struct.unpack_from("!H", packet)
    counts = (1 if question else 0, 0, 0, 0)
    return _HEADER.pack(identity, dns.flags.QR | kept | rcode, *counts) + question


def _question_of(packet: bytes) -> bytes:
    """The question of a packet that is broken, if it is broken behind the question only."""
    try:
        (asked,) = dns.message.from_wire(packet, question_only=True, ignore_trailing=True).question
    except dns.exception.DNSException:
        return b""
    out = _Packet(compressing=False)
    out.question(asked)
    return bytes(out.packet[_HEADER.size :])
