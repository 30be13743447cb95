"""How many bytes CoreDNS answers with for a set of so many pods. Pure.

The names are db-0, db-1 … of db.prod.svc.cluster.local, with one port and one IPv4 address each;
every answer has an OPT record, because the agent asks with one. CoreDNS compresses names only where
the answer would not fit otherwise (miekg/dns), which for TCP is 64 KiB (RFC 1035 section 4.2.2);
a pointer reaches 16 KiB far (section 4.1.4), so names that stand behind that are written out.
`test_sizes.py` holds all of it to a real CoreDNS.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import accumulate

SERVICE = "db.prod.svc.cluster.local"
ZONE = "cluster.local"
BY_TCP = 65535
# Of the answer to a question for the zone's serial, for IPv6 addresses that there are none of, and
# for the name of an address.
SERIAL, NO_DATA, NAME = 155, 147, 115
_HEADER, _ASKED, _RECORD, _SRV, _A, _OPT = 12, 4, 10, 6, 4, 11
_POINTER, _POINTED = 2, 0x4000


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer's size on the wire in bytes, and whether all is in it that should be."""

    size: int
    is_whole: bool = True


@cache
def srv(pods: int, limit: int = BY_TCP) -> Answer:
    """All of the pods, by SRV records with their addresses beside them."""
    names = [_wire(f"db-{n}.{SERVICE}") for n in range(pods)]
    if (plain := _base() + sum(_plain(size) for size in names)) <= limit:
        return Answer(plain)
    records = [_POINTER + _RECORD + _SRV + size for size in names]
    ends = accumulate(records, initial=_base() - _OPT)
    next(ends)
    located = [
        _POINTER + _RECORD + _A + (0 if end - size < _POINTED else size - _wire(SERVICE))
        for size, end in zip(names, ends, strict=True)
    ]
    return _fitted([*records, *located], limit)


@cache
def addresses(pods: int, limit: int = BY_TCP) -> Answer:
    """The addresses of all of the pods, by A records of the service's name."""
    if (plain := _base() + pods * (_wire(SERVICE) + _RECORD + _A)) <= limit:
        return Answer(plain)
    return _fitted([_POINTER + _RECORD + _A] * pods, limit)


def largest(answers: Callable[[int], Answer]) -> int:
    """How many pods still fit into one such answer by TCP."""
    pods = 1
    while answers(2 * pods).is_whole:
        pods *= 2
    return max(n for n in range(pods, 2 * pods) if answers(n).is_whole)


def _fitted(records: list[int], limit: int) -> Answer:
    """As many of these as fit."""
    ends = [size for size in accumulate(records, initial=_base()) if size <= limit]
    return Answer(ends[-1], len(ends) > len(records))


def _plain(name: int) -> int:
    """The SRV and the A record of one pod, whose name has that size."""
    return _wire(SERVICE) + _RECORD + _SRV + name + name + _RECORD + _A


def _base() -> int:
    return _HEADER + _wire(SERVICE) + _ASKED + _OPT


def _wire(name: str) -> int:
    """The size of a name: a length before each label, and the root behind."""
    return len(name) + 2
