"""The data of the records in an answer, read from its bytes: pods' names and addresses.

A start among a thousand pods reads a thousand of each, and so does each change; a DNS library takes
0.1 s for an answer of 700. Whatever is not exactly what such an answer looks like is not read here,
and dnspython decides what it is. RFC 1035 section 4.1 has the layout.

This module knows bytes. What records mean, and who sent them, it must not know.
"""

import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct
from typing import NamedTuple

from agent.discovery.layout import (
    COUNTS,
    HEADER,
    LONGEST_LABEL,
    LONGEST_NAME,
    OPCODE,
    POINTER,
    QR,
    RCODE,
    RESERVED,
    TC,
    TOO_LONG,
)

_FIELDS = Struct(">IH")  # behind the owner, its type and class: time to live, length of the data
# With the Internet's class; OPT has another field there.
_A, _PTR, _AAAA, _SRV = (b"\0%c\0\1" % kind for kind in (1, 12, 28, 33))
_OPT = b"\0\x29"
_TARGET = 6  # where an SRV record's target begins, behind priority, weight and port: RFC 2782
_FAMILIES = {_A: socket.AF_INET, _AAAA: socket.AF_INET6}
_OF_QUESTION = b"\xc0%c" % HEADER  # a pointer to the question's name


@dataclass(frozen=True, slots=True)
class Names:
    """The names in an answer to a PTR question, as text without a final dot, in any case."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Targets:
    """The names in an answer to an SRV question, and each address beside it with its owner.

    As text; names are without a final dot and in any case.
    """

    names: tuple[str, ...]
    beside: tuple[tuple[str, str], ...]


class Record(NamedTuple):
    """A record: its owner, None for one that answers the question, and its kind.

    It begins and ends there, and its data at `start`.
    """

    owner: str | None
    kind: bytes
    begin: int
    start: int
    end: int

    @property
    def is_address(self) -> bool:
        """Whether it is an address, and not a name."""
        return self.kind in _FAMILIES


class _OddError(Exception):
    """It is none of the answers that can be read here."""


_ODD = (_OddError, KeyError, ValueError, IndexError, struct.error)


def addresses_in(wire: bytes) -> tuple[str, ...] | None:
    """The addresses in an answer of A or AAAA records; None if it is no plain one."""
    try:
        records = list(_records(wire, _question(wire)))
        return tuple(_address(wire, record) for record in records if _is_answer(record))
    except _ODD:
        return None


def names_in(wire: bytes, question: bytes) -> Names | None:
    """The names in an answer to a PTR `question`, a section in lower case; None if not plain.

    That the answer has the question's ID is for the caller to see.
    """
    if question[-4:] != _PTR or not wire.startswith(question, HEADER):
        return None
    try:
        records = _records(wire, question)
        return Names(tuple(_name(wire, r.start, r.end) for r in records if _is_answer(r)))
    except _ODD:
        return None


def targets_in(wire: bytes) -> Targets | None:
    """The names in an answer of SRV records, and the addresses beside it; None if not plain."""
    try:
        question = _question(wire)
        records = list(_records(wire, question)) if question[-4:] == _SRV else []
        names = [_name(wire, r.start + _TARGET, r.end) for r in records if r.owner is None]
        beside = [(r.owner, _address(wire, r)) for r in records if r.owner is not None]
        return Targets(tuple(names), tuple(beside)) if names else None
    except _ODD:
        return None


def records_in(wire: bytes, question: bytes) -> tuple[Record, ...]:
    """The records of a plain answer to `question`, and those beside it; none if it is not plain."""
    try:
        return tuple(_records(wire, question))
    except _ODD:
        return ()


def _question(wire: bytes) -> bytes:
    """The first question as it stands there: no pointer can be in it."""
    return wire[HEADER : wire.index(0, HEADER) + 1 + len(_A)]


def _records(wire: bytes, question: bytes) -> Iterator[Record]:
    """The records of a plain answer, and those beside it but for an OPT record."""
    _, flags, questions, answers, authorities, additionals = COUNTS.unpack_from(wire)
    wrong = OPCODE | TC | RESERVED | RCODE
    if flags & (QR | wrong) != QR or questions != 1 or authorities or not answers:
        raise _OddError
    asked, wanted = question[:-4].lower(), question[-4:]
    at, options = HEADER + len(question), 0
    for number in range(answers + additionals):
        begin, owner = at, None
        if number >= answers:
            owner, at = _spelt(wire, at)
        elif wire.startswith(_OF_QUESTION, at):
            at += len(_OF_QUESTION)
        elif wire[at : at + len(asked)].lower() == asked:
            at += len(asked)
        else:
            raise _OddError
        kind = wire[at : at + len(wanted)]
        ttl, length = _FIELDS.unpack_from(wire, at + len(wanted))
        at += len(wanted) + _FIELDS.size
        if owner == "":  # the root's: OPT, which says nothing (RFC 6891 section 6.1.3)
            options += 1
            if not kind.startswith(_OPT) or ttl >> 16 or length or options > 1:
                raise _OddError
        elif (owner is None and kind != wanted) or ttl >= TOO_LONG:
            raise _OddError
        else:
            yield Record(owner, kind, begin, at, at + length)
        at += length
    if at != len(wire):
        raise _OddError


def _is_answer(record: Record) -> bool:
    """Nothing else belongs there."""
    if record.owner is not None:
        raise _OddError
    return True


def _address(wire: bytes, record: Record) -> str:
    """Raises KeyError and ValueError if it is none."""
    return socket.inet_ntop(_FAMILIES[record.kind], wire[record.start : record.end])


def _name(wire: bytes, start: int, last: int) -> str:
    """The name that begins at `start` and ends at `last`."""
    name, end = _spelt(wire, start)
    if end != last:
        raise _OddError
    return name


def _spelt(wire: bytes, start: int) -> tuple[str, int]:
    """The name that begins at `start`, and where it ends. A pointer leads backwards."""
    labels: list[bytes] = []
    at, end, before, room = start, 0, start, LONGEST_NAME
    while length := wire[at]:
        if length >= POINTER:
            at, end = (length & ~POINTER) << 8 | wire[at + 1], end or at + 2
            if not HEADER <= at < before:
                raise _OddError
            before = at
            continue
        label = wire[at + 1 : at + 1 + length]
        labels.append(label)
        at += 1 + length
        room -= 1 + length
        if length > LONGEST_LABEL or room < 1 or b"." in label:
            raise _OddError
    return b".".join(labels).decode("ascii"), end or at + 1
