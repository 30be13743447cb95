"""The data of the records in an answer, read from its bytes: addresses, or the names of one.

A start among a thousand pods reads a thousand of each, for which a DNS library takes half a second.
Whatever is not exactly what such an answer looks like is not read here, and dnspython decides what
it is. RFC 1035 section 4.1 has the layout.

This module knows bytes. What records mean, and who sent them, it must not know.
"""

import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct

from agent.discovery.wire import HEADER

_HEADER = Struct(">HHHHHH")  # ID, flags, and how many records each section has
_RECORD = Struct(">IH")  # behind the owner, its type and class: time to live, length of the data
_OPTIONS = b"\0\0\x29"  # an OPT record's owner and type: RFC 6891 section 6.1.2
_OPTIONS_SIZE = 11
_QR, _OPCODE, _TC, _RESERVED, _RCODE = 0x8000, 0x7800, 0x0200, 0x0040, 0x000F
_A, _PTR, _AAAA = (b"\0%c\0\1" % kind for kind in (1, 12, 28))  # with the Internet's class
_FAMILIES = {_A: socket.AF_INET, _AAAA: socket.AF_INET6}
_OF_QUESTION = b"\xc0%c" % HEADER  # a pointer to the question's name
_TOO_LONG = 2**31  # a time to live is shorter: RFC 2181 section 8
_LONGEST_NAME = 255
_LONGEST_LABEL = 63
_POINTER = 0xC0


@dataclass(frozen=True, slots=True)
class Names:
    """The names in an answer to a PTR question, as text without a final dot, in any case."""

    names: tuple[str, ...]


class _OddError(Exception):
    """It is none of the answers that can be read here."""


def addresses_in(wire: bytes) -> tuple[str, ...] | None:
    """The addresses in an answer of A or AAAA records; None if it is no plain one."""
    try:
        question = _question(wire)
        family = _FAMILIES[question[-4:]]
        found = [wire[start:end] for start, end in _data(wire, question)]
        return tuple(socket.inet_ntop(family, data) for data in found)  # ValueError: other sizes
    except (_OddError, KeyError, ValueError, IndexError, struct.error):
        return None


def names_in(wire: bytes, question: bytes) -> Names | None:
    """The names in an answer to a PTR `question`, a section in lower case; None if not plain.

    That the answer has the question's ID is for the caller to see.
    """
    if question[-4:] != _PTR or not wire.startswith(question, HEADER):
        return None
    try:
        return Names(tuple(_name(wire, *data) for data in _data(wire, question)))
    except (_OddError, ValueError, IndexError, struct.error):
        return None


def _question(wire: bytes) -> bytes:
    """The first question as it stands there: no pointer can be in it."""
    return wire[HEADER : wire.index(0, HEADER) + 1 + len(_A)]


def _data(wire: bytes, question: bytes) -> Iterator[tuple[int, int]]:
    """Where the data of each record begins and ends; all of them answer the question."""
    _, flags, questions, answers, authorities, additionals = _HEADER.unpack_from(wire)
    wrong = _OPCODE | _TC | _RESERVED | _RCODE
    if flags & (_QR | wrong) != _QR or questions != 1 or authorities or not answers:
        raise _OddError
    asked, kind = question[:-4].lower(), question[-4:]
    at = HEADER + len(question)
    for _ in range(answers):
        if wire.startswith(_OF_QUESTION, at):
            at += len(_OF_QUESTION)
        elif wire[at : at + len(asked)].lower() == asked:
            at += len(asked)
        else:
            raise _OddError
        ttl, length = _RECORD.unpack_from(wire, at + len(kind))
        if not wire.startswith(kind, at) or ttl >= _TOO_LONG:
            raise _OddError
        at += len(kind) + _RECORD.size
        yield at, at + length
        at += length
    if not _is_end(wire[at:], additionals):
        raise _OddError


def _is_end(rest: bytes, additionals: int) -> bool:
    """Whether nothing follows but an OPT record that says nothing: RFC 6891 section 6.1.3."""
    if not additionals:
        return not rest
    is_alone = additionals == 1 and len(rest) == _OPTIONS_SIZE and rest.startswith(_OPTIONS)
    return is_alone and not any(rest[5:7]) and not any(rest[9:])


def _name(wire: bytes, start: int, last: int) -> str:
    """The name that begins at `start` and ends at `last`. A pointer leads backwards."""
    labels: list[bytes] = []
    at, end, before, room = start, 0, start, _LONGEST_NAME
    while length := wire[at]:
        if length >= _POINTER:
            at, end = (length & ~_POINTER) << 8 | wire[at + 1], end or at + 2
            if not HEADER <= at < before:
                raise _OddError
            before = at
            continue
        label = wire[at + 1 : at + 1 + length]
        labels.append(label)
        at += 1 + length
        room -= 1 + length
        if length > _LONGEST_LABEL or room < 1 or b"." in label:
            raise _OddError
    if (end or at + 1) != last:
        raise _OddError
    return b".".join(labels).decode("ascii")
