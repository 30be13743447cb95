"""What an answer's bytes say, without a DNS library: whether it is the same answer as before.

A poll brings the same answer nearly every time, with its records in another order. So an answer is
brought down to a print that no order, weight, time to live, letter case or compression changes, and
dnspython reads only what is new. Whatever is not exactly what such an answer looks like has no
print, and dnspython decides what it is. RFC 1035 section 4.1 has the layout.

This module knows bytes. What records mean, and who sent them, it must not know.
"""

import functools
import hashlib
import struct
from dataclasses import dataclass
from struct import Struct
from typing import Literal

from agent.discovery.layout import (
    COUNTS,
    HEADER,
    LONGEST_LABEL,
    LONGEST_NAME,
    OPCODE,
    POINTER,
    QR,
    RCODE,
    RD,
    RESERVED,
    TC,
    TOO_LONG,
)

Kind = Literal["SRV", "A", "AAAA", "PTR", "SOA"]

_ASKS = Struct(">HHHHH")  # the header behind the ID
_QUESTION = Struct(">HH")  # behind the name: type, class
_RECORD = Struct(">HHIH")  # behind the owner: type, class, time to live, length of the data
_SOA_NUMBERS = Struct(">IIIII")
_NXDOMAIN = 3
_A, _SOA, _PTR, _AAAA, _SRV, _OPT = 1, 6, 12, 28, 33, 41
_KINDS: dict[Kind, int] = {"A": _A, "SOA": _SOA, "PTR": _PTR, "AAAA": _AAAA, "SRV": _SRV}
_SIZES = {_A: 4, _AAAA: 16}
_IN = 1
_UNDERSCORE = ord("_")
_MOST_HOPS = 8  # in one name; dnspython follows 16


@dataclass(frozen=True, slots=True)
class Print:
    """What stands for an answer, and the lowest time to live of what was asked for (seconds).

    Two answers to one question that have the same digest have the same records, but for weights and
    times to live.
    """

    digest: bytes
    ttl: float


@dataclass(frozen=True, slots=True)
class Serial:
    """The version of a zone, as its SOA record has it; `zone` is a name as `encoded` gives it."""

    zone: bytes
    number: int


class _OddError(Exception):
    """It is none of the answers that can be read here."""


def encoded(name: str) -> bytes:
    """A name, given without its final dot, as in a message, in lower case.

    Raises ValueError if it can't be one.
    """
    wire = b""
    for label in name.lower().encode("ascii").split(b"."):
        if not 0 < len(label) <= LONGEST_LABEL:
            raise ValueError(name)
        wire += b"%c%b" % (len(label), label)
    if len(wire) >= LONGEST_NAME:
        raise ValueError(name)
    return wire + b"\0"


@functools.lru_cache(maxsize=16)  # a poll asks what the last one did
def section(name: str, kind: Kind) -> bytes:
    """The question for a name, as the section of a message. Raises ValueError as `encoded` does."""
    return encoded(name) + _QUESTION.pack(_KINDS[kind], _IN)


def query(number: bytes, question: bytes, payload: int) -> bytes:
    """A message that asks `question`, a section, with the ID `number`, 2 bytes.

    `payload`: how many bytes an answer over UDP may have (EDNS, RFC 6891); 0 leaves that out.
    """
    return number + _without_id(question, payload)


@functools.lru_cache(maxsize=16)
def _without_id(question: bytes, payload: int) -> bytes:
    asks = _ASKS.pack(RD, 1, 0, 0, 1 if payload else 0) + question
    return asks + b"\0" + _RECORD.pack(_OPT, payload, 0, 0) if payload else asks


def plain(wire: bytes, question: bytes) -> Print | Serial | None:
    """What stands for an answer to `question`, a section in lower case; None if it is no plain one.

    Plain is a whole answer of SRV, A or AAAA records, and the "no" to a question for an SOA record:
    the zone's own is then in the authority section, whether or not the name exists (RFC 2308
    section 2). That the answer has the question's ID is for the caller to see.
    """
    if not wire.startswith(question, HEADER):
        return None
    try:
        return _soa(wire, question) if _kind(question) == _SOA else _print(wire, question)
    except (_OddError, IndexError, struct.error):
        return None


def is_cut(wire: bytes, question: bytes) -> bool:
    """Whether it is an answer to `question` that is cut short, whatever else is in it."""
    if not wire.startswith(question, HEADER):
        return False
    _, flags, questions, *_ = COUNTS.unpack_from(wire)
    is_short: bool = flags & (QR | OPCODE | TC) == QR | TC
    return is_short and questions == 1


def _kind(question: bytes) -> int:
    return int.from_bytes(question[-4:-2], "big")


def _print(wire: bytes, question: bytes) -> Print:
    _, flags, questions, answers, authorities, additionals = COUNTS.unpack_from(wire)
    wrong = OPCODE | TC | RESERVED | RCODE
    if flags & (QR | wrong) != QR or questions != 1 or authorities or not answers:
        raise _OddError
    known = {HEADER: question[:-4]}
    listed, ttl, at = _listed(wire, question, answers, known)
    located, at = _located(wire, at, additionals, known, _base(question))
    # Addresses beside an answer of addresses are none that were asked for.
    if at != len(wire) or (located and _kind(question) != _SRV):
        raise _OddError
    records = [len(listed).to_bytes(2, "big"), *sorted(listed), *sorted(located)]
    return Print(hashlib.blake2b(b"".join(records), digest_size=16).digest(), float(ttl))


def _listed(
    wire: bytes, question: bytes, count: int, known: dict[int, bytes]
) -> tuple[set[bytes], int, int]:
    """What the records of the answer say, their lowest time to live, and where they end."""
    wanted, base = (question[:-4], _kind(question), _IN), _base(question)
    records: set[bytes] = set()
    at, lowest = HEADER + len(question), TOO_LONG
    head = wire  # how the last record begins, to its time to live; none yet, and this fits nowhere
    for _ in range(count):
        if wire.startswith(head, at):
            at += len(head) + 2
            length = wire[at - 2] << 8 | wire[at - 1]
        else:
            begin = at
            owner, at = _name(wire, at, known, base)
            kind, of_class, ttl, length = _RECORD.unpack_from(wire, at)
            if (owner, kind, of_class) != wanted or ttl >= TOO_LONG:
                raise _OddError
            lowest = min(lowest, ttl)
            at += _RECORD.size
            head = wire[begin : at - 2]
        if wanted[1] == _SRV:
            target, end = _name(wire, at + 6, known, base)
            if end != at + length:
                raise _OddError
            # Priority and port; the weight between them follows the number of records.
            records.add(target + wire[at : at + 2] + wire[at + 4 : at + 6])
        elif length == _SIZES.get(wanted[1]):
            records.add(wire[at : at + length])
        else:
            raise _OddError
        at += length
    return records, lowest, at


def _located(
    wire: bytes, at: int, count: int, known: dict[int, bytes], base: bytes
) -> tuple[set[bytes], int]:
    """What the addresses beside an answer say, and where that ends; EDNS may be among them."""
    records: set[bytes] = set()
    options = 0
    for _ in range(count):
        owner, at = _name(wire, at, known, base)
        kind, of_class, ttl, length = _RECORD.unpack_from(wire, at)
        at += _RECORD.size
        if length == _SIZES.get(kind) and of_class == _IN:
            records.add(owner + wire[at - 2 : at + length])  # its length tells its family
        else:
            options += _plain_options(owner, kind, ttl, length)
        at += length
    if options > 1:
        raise _OddError
    return records, at


def _plain_options(owner: bytes, kind: int, ttl: int, length: int) -> int:
    """1 for an OPT record that says nothing: no option, version 0, nothing more of an rcode.

    RFC 6891 section 6.1. Raises _OddError for any other record.
    """
    if kind != _OPT or owner != b"\0" or ttl >> 16 or length:
        raise _OddError
    return 1


def _soa(wire: bytes, question: bytes) -> Serial:
    _, flags, questions, answers, authorities, additionals = COUNTS.unpack_from(wire)
    is_no = flags & RCODE in (0, _NXDOMAIN) and not answers and authorities == 1
    if flags & (QR | OPCODE | TC | RESERVED) != QR or questions != 1 or not is_no:
        raise _OddError
    known = {HEADER: question[:-4]}
    owner, at = _spelt(wire, HEADER + len(question), known)
    kind, of_class, _, length = _RECORD.unpack_from(wire, at)
    begin = at + _RECORD.size
    _, middle = _spelt(wire, begin, known)
    _, numbers = _spelt(wire, middle, known)
    at = begin + length
    if (kind, of_class) != (_SOA, _IN) or numbers + _SOA_NUMBERS.size != at:
        raise _OddError
    located, at = _located(wire, at, additionals, known, owner)
    if located or at != len(wire):
        raise _OddError
    return Serial(owner, _SOA_NUMBERS.unpack_from(wire, numbers)[0])


def _base(question: bytes) -> bytes:
    """The name of the service that is asked about, or a port of it: what its pods' names end in."""
    at = 0
    while question[at + 1] == _UNDERSCORE:  # RFC 2782
        at += 1 + question[at]
    return question[at:-4]


def _name(wire: bytes, start: int, known: dict[int, bytes], base: bytes) -> tuple[bytes, int]:
    """The name that begins at `start`, as in a question and in lower case, and where it ends.

    `known` has names that came before, by where they begin, and gets this one; `base` is what most
    of them end in. Raises _OddError and IndexError.
    """
    length = wire[start]
    if length >= POINTER:
        name = known.get((length & ~POINTER) << 8 | wire[start + 1])
        if name is not None:
            return name, start + 2
    elif 0 < length <= LONGEST_LABEL and wire.startswith(base, start + 1 + length):
        end = start + 1 + length + len(base)
        if end - start > LONGEST_NAME:
            raise _OddError
        known[start] = name = wire[start:end].lower()
        return name, end
    return _spelt(wire, start, known)


def _spelt(wire: bytes, start: int, known: dict[int, bytes]) -> tuple[bytes, int]:
    """The same, label by label.

    A pointer leads to labels, and they, with all that they lead to, are over before the name.
    """
    labels: list[bytes] = []
    at, end, part, limit, room, hops = start, 0, start, len(wire), LONGEST_NAME, 0
    while length := wire[at]:
        if length >= POINTER:
            target = (length & ~POINTER) << 8 | wire[at + 1]
            hops += 1
            is_over = at + 2 > limit or hops > _MOST_HOPS
            if is_over or not HEADER <= target < part or wire[target] >= POINTER:
                raise _OddError
            end = end or at + 2
            at, part, limit = target, target, part
            continue
        labels.append(wire[at : at + 1 + length])
        at += 1 + length
        room -= 1 + length
        if length > LONGEST_LABEL or room < 1 or at >= limit:
            raise _OddError
    known[start] = name = b"".join(labels).lower() + b"\0"
    return name, end or at + 1
